/// Bytes -> structure of a DICOM file. A file that is sound must be refused when its last byte is cut off:
/// that byte belongs to an element, and every element must lie within the file.
#include "engine/volume/itk/dicom_structure.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto structure = UnlessRefused([&] { return CheckDicomStructure(Bytes(data, size)); });
  if (!structure) return 0;
  Promise(structure->pixel_bytes >= 0 && structure->pixel_bytes <= static_cast<int64_t>(size));
  Promise(structure->has_pixels || (!structure->encapsulated && structure->pixel_bytes == 0));
  Promise(!UnlessRefused([&] { return CheckDicomStructure(Bytes(data, size - 1)); }));
  return 0;
}
