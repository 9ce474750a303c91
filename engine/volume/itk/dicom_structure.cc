#include "engine/volume/itk/dicom_structure.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr uint32_t kUndefinedLength = 0xffffffff;
constexpr uint32_t kTransferSyntax = 0x00020010;
constexpr uint32_t kPixelData = 0x7fe00010;
constexpr uint32_t kItem = 0xfffee000;
constexpr uint32_t kItemEnd = 0xfffee00d;
constexpr uint32_t kSequenceEnd = 0xfffee0dd;

struct Encoding {
  bool explicit_vr = true;
  bool big_endian = false;
};

[[noreturn]] void Damaged() {
  throw Error(ErrorCode::kDataLoss,
              "a DICOM file is cut or malformed: every element must lie within its file");
}

/// What stands in front of a value.
struct Element {
  uint32_t tag = 0;
  std::array<char, 2> vr{};  ///< zero where the encoding or the element has none
  uint32_t length = 0;

  bool IsVr(std::string_view name) const { return vr[0] == name[0] && vr[1] == name[1]; }
};

/// The value representations of PS3.5, 6.2, by the width of their length: two bytes, or two unused and then
/// four.
constexpr std::string_view kShortVrs[] = {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD", "IS", "LO",
                                          "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"};
constexpr std::string_view kLongVrs[] = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                         "SV", "UC", "UN", "UR", "UT", "UV"};

bool IsOneOf(std::span<const std::string_view> names, const Element& element) {
  return std::ranges::any_of(names, [&](std::string_view name) { return element.IsVr(name); });
}

/// Reads forward in [position, end) of the file; every step is checked.
class Walker {
 public:
  Walker(std::span<const std::byte> bytes, size_t position)
      : bytes_(bytes), position_(position), end_(bytes.size()) {}

  size_t position() const { return position_; }
  size_t end() const { return end_; }
  size_t left() const { return end_ - position_; }
  bool AtEnd() const { return position_ == end_; }
  std::span<const std::byte> Value(uint32_t length) const { return bytes_.subspan(position_, length); }

  /// The same file from here on, up to `length` bytes further.
  Walker Part(uint32_t length) const {
    if (length > left()) Damaged();
    Walker part = *this;
    part.end_ = position_ + length;
    return part;
  }

  void Skip(size_t count) {
    if (count > left()) Damaged();
    position_ += count;
  }

  uint32_t Number(size_t width, bool big_endian) {
    if (width > left()) Damaged();
    uint32_t value = 0;
    for (size_t index = 0; index < width; ++index) {
      const size_t place = big_endian ? width - 1 - index : index;
      value |= std::to_integer<uint32_t>(bytes_[position_ + index]) << (8 * place);
    }
    position_ += width;
    return value;
  }

  uint32_t Tag(bool big_endian) {
    const uint32_t group = Number(2, big_endian);
    return group << 16 | Number(2, big_endian);
  }

  Element Next(const Encoding& encoding) {
    Element element;
    element.tag = Tag(encoding.big_endian);
    const bool delimiter = element.tag >> 16 == 0xfffe;  // items and delimiters never have a VR
    if (!encoding.explicit_vr || delimiter) {
      element.length = Number(4, encoding.big_endian);
      return element;
    }
    for (char& letter : element.vr) letter = static_cast<char>(Number(1, false));
    if (!IsOneOf(kShortVrs, element)) {
      if (!IsOneOf(kLongVrs, element)) Damaged();
      Skip(2);
      element.length = Number(4, encoding.big_endian);
      return element;
    }
    element.length = Number(2, encoding.big_endian);
    return element;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t position_;
  size_t end_;
};

void WalkItems(Walker& walker, const Encoding& encoding, bool delimited, int depth);

bool StartsWithItem(Walker walker, const Encoding& encoding) {
  return walker.left() >= 4 && walker.Tag(encoding.big_endian) == kItem;
}

/// Goes past the value of `element`, into it where it is a sequence.
void WalkValue(Walker& walker, const Element& element, const Encoding& encoding, int depth) {
  const bool sequence = element.IsVr("SQ");
  if (element.length == kUndefinedLength) {
    const bool unknown = element.IsVr("UN");
    if (encoding.explicit_vr && !sequence && !unknown) Damaged();
    // The content of an unknown value of undefined length is implicit little-endian, whatever the file is
    // (PS3.5, 6.2.2).
    WalkItems(walker, unknown ? Encoding{.explicit_vr = false} : encoding, /*delimited=*/true, depth + 1);
    return;
  }
  Walker part = walker.Part(element.length);
  // Without VRs a sequence is known by its first bytes alone; GDCM takes the same view.
  if (sequence || (!encoding.explicit_vr && StartsWithItem(part, encoding))) {
    WalkItems(part, encoding, /*delimited=*/false, depth + 1);
  }
  walker.Skip(element.length);
}

/// The elements of one item: up to its delimiter, or up to the end of `walker`.
void WalkItem(Walker& walker, const Encoding& encoding, bool delimited, int depth) {
  while (delimited || !walker.AtEnd()) {
    const Element element = walker.Next(encoding);
    if (element.tag == kItemEnd && delimited) return;
    if (element.tag >> 16 == 0xfffe) Damaged();
    WalkValue(walker, element, encoding, depth);
  }
}

void WalkItems(Walker& walker, const Encoding& encoding, bool delimited, int depth) {
  if (depth > kDicomNesting) {
    throw Error(ErrorCode::kInvalidArgument, "sequences in a DICOM file are nested more than " +
                                                 std::to_string(kDicomNesting) +
                                                 " deep: must be at most that");
  }
  while (delimited || !walker.AtEnd()) {
    const Element element = walker.Next(encoding);
    if (element.tag == kSequenceEnd && delimited) return;
    if (element.tag != kItem) Damaged();
    if (element.length == kUndefinedLength) {
      WalkItem(walker, encoding, /*delimited=*/true, depth);
    } else {
      Walker part = walker.Part(element.length);
      WalkItem(part, encoding, /*delimited=*/false, depth);
      walker.Skip(element.length);
    }
  }
}

/// Fragments of compressed pixels: items of bytes, the first of which is a table of offsets. Returns their
/// bytes.
int64_t WalkFragments(Walker& walker, const Encoding& encoding) {
  int64_t bytes = 0;
  while (true) {
    const Element element = walker.Next(encoding);
    if (element.tag == kSequenceEnd) return bytes;
    if (element.tag != kItem || element.length == kUndefinedLength) Damaged();
    walker.Skip(element.length);
    bytes += element.length;
  }
}

Encoding EncodingOf(std::string_view syntax) {
  while (!syntax.empty() && (syntax.back() == '\0' || syntax.back() == ' ')) syntax.remove_suffix(1);
  if (syntax == "1.2.840.10008.1.2") return {.explicit_vr = false};
  if (syntax == "1.2.840.10008.1.2.2") return {.big_endian = true};
  const bool deflated = syntax.starts_with("1.2.840.10008.1.2.1.99") || syntax == "1.2.840.10008.1.2.4.95";
  // Every other syntax of the standard is explicit little-endian around its pixels.
  if (!deflated && syntax.starts_with("1.2.840.10008.1.2.")) return {};
  throw Error(
      ErrorCode::kInvalidArgument,
      "TransferSyntaxUID (0002,0010) is deflated or unknown: must be one of the standard's, not deflated");
}

/// The file meta information (group 0002), always explicit little-endian.
Encoding ReadMeta(Walker& walker) {
  std::string_view syntax;
  while (!walker.AtEnd()) {
    Walker ahead = walker;
    if (ahead.left() < 2 || ahead.Number(2, false) != 0x0002) break;
    const Element element = walker.Next({});
    if (element.length > walker.left()) Damaged();
    if (element.tag == kTransferSyntax) {
      const std::span<const std::byte> value = walker.Value(element.length);
      syntax = {reinterpret_cast<const char*>(value.data()), value.size()};
    }
    walker.Skip(element.length);
  }
  return EncodingOf(syntax);
}

}  // namespace

bool HasDicomPreamble(std::span<const std::byte> bytes) {
  return bytes.size() >= kDicomBeginBytes && std::memcmp(bytes.data() + kDicomBeginBytes - 4, "DICM", 4) == 0;
}

DicomStructure CheckDicomStructure(std::span<const std::byte> bytes) {
  if (!HasDicomPreamble(bytes)) Damaged();
  Walker walker(bytes, kDicomBeginBytes);
  const Encoding encoding = ReadMeta(walker);
  DicomStructure structure;
  uint32_t last_tag = 0;
  while (!walker.AtEnd()) {
    const Element element = walker.Next(encoding);
    // Tags ascend in every data set (PS3.5, 7.1); it also keeps a second PixelData out.
    if (element.tag <= last_tag || element.tag >> 16 == 0xfffe) Damaged();
    last_tag = element.tag;
    if (element.tag != kPixelData) {
      WalkValue(walker, element, encoding, 0);
      continue;
    }
    structure.has_pixels = true;
    structure.encapsulated = element.length == kUndefinedLength;
    structure.pixel_bytes =
        structure.encapsulated ? WalkFragments(walker, encoding) : int64_t{element.length};
    if (!structure.encapsulated) walker.Skip(element.length);
  }
  return structure;
}

}  // namespace tuckerseg
