/// Bytes -> data.pkl of an otherwise sound archive -> checkpoint. The archive's checksum would stop nearly every
/// changed pickle before it is read, so checkpoint_fuzz does not reach far behind it.
#include "tests/engine/model/zip_builder.h"
#include "tests/fuzz/checkpoint_promises.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  ZipBuilder archive;
  archive.DataDescriptors().Add("archive/data.pkl", Text(data, size));
  archive.Add("archive/data/0", std::string(4 * 24, '\x3f'));  // 24 elements of float32
  archive.Add("archive/data/1", std::string(16, '\x40'));
  const std::string bytes = archive.Bytes();
  CheckCheckpoint(std::as_bytes(std::span(bytes)));
  return 0;
}
