/// Walks the element structure of a DICOM file before GDCM sees it: GDCM ends the process on some malformed
/// files, and fills cut pixels silently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tuckerseg {

struct DicomStructure {
  bool has_pixels = false;
  bool encapsulated = false;  ///< pixels compressed, in fragments
  int64_t pixel_bytes = 0;    ///< length of PixelData (7FE0,0010), or of its fragments together
};

/// Bytes of preamble and magic, which tell whether a file is DICOM.
inline constexpr size_t kDicomBeginBytes = 132;

/// True if the bytes begin with a preamble and "DICM".
bool HasDicomPreamble(std::span<const std::byte> bytes);

/// Checks that every element of the file, nested ones included, lies within the bytes, up to and with
/// PixelData (7FE0,0010); its fragments, where it is compressed, must end with their delimiter. Values are
/// not looked at. Explicit and implicit little-endian and explicit big-endian syntaxes; nesting up to
/// kDicomNesting. Errors: kDataLoss if an element does not fit or is malformed; kInvalidArgument for the
/// deflated syntax, an unknown one, or deeper nesting. Pure; time proportional to the number of elements.
DicomStructure CheckDicomStructure(std::span<const std::byte> bytes);

inline constexpr int kDicomNesting = 16;

}  // namespace tuckerseg
