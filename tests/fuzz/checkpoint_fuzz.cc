/// Bytes -> checkpoint, archive and pickle as a whole -> safetensors.
#include "tests/fuzz/checkpoint_promises.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tuckerseg::CheckCheckpoint(tuckerseg::Bytes(data, size));
  return 0;
}
