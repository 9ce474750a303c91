#include "engine/volume/nifti_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "engine/error.h"
#include "engine/volume/nifti_fields.h"

namespace tuckerseg {
namespace {

constexpr int16_t kDatatypeUint8 = 2;
constexpr int16_t kDatatypeUint16 = 512;

/// Hands bytes on as they are, or through gzip.
class Output {
 public:
  Output(Compression compression, const ByteSink& sink) : sink_(sink) {
    if (compression == Compression::kGzip) gzip_.emplace(sink);
  }
  void Write(std::span<const std::byte> bytes) {
    if (gzip_) {
      gzip_->Feed(bytes);
    } else if (!bytes.empty()) {
      sink_(bytes);
    }
  }
  void Finish() {
    if (gzip_) gzip_->Finish();
  }

 private:
  const ByteSink& sink_;
  std::optional<GzipEncoder> gzip_;
};

/// Python's repr of component / 255: the shortest decimal that reads back as the same double.
std::string ColourText(int component) {
  const double value = component / 255.0;
  if (value == 0.0) return "0.0";
  if (value == 1.0) return "1.0";
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

/// Text for a CDATA section, which may not hold its own end.
std::string CdataText(std::string text) {
  for (size_t at = text.find("]]>"); at != std::string::npos; at = text.find("]]>", at + 15)) {
    text.replace(at, 3, "]]]]><![CDATA[>");
  }
  return text;
}

/// Whether labels take 16 bits on disk; refuses labels above the task's highest.
bool AreWide(const LabelMap& map, std::span<const LabelName> labels, int64_t highest_label) {
  if (highest_label < 0 || highest_label > 65535) {
    throw Error(ErrorCode::kInvalidArgument, "highest label = " + std::to_string(highest_label) + ": must be in [0, 65535]");
  }
  const auto refuse_outside = [highest_label](const char* what, int64_t label) {
    if (label >= 0 && label <= highest_label) return;
    throw Error(ErrorCode::kInvalidArgument, std::string(what) + ": label " + std::to_string(label) + ": must be in [0, " +
                                                 std::to_string(highest_label) + "], the labels of the task");
  };
  for (const LabelName& label : labels) refuse_outside("label table", label.value);
  if (!map.labels.empty()) refuse_outside("label map", *std::max_element(map.labels.begin(), map.labels.end()));
  return highest_label > 255;
}

/// esize, code 0 and the text, padded with zeros to a multiple of 16; esize and code in the file's byte order.
std::vector<std::byte> LabelExtension(const std::string& text, bool big_endian) {
  const size_t size = (8 + text.size() + 15) / 16 * 16;
  std::vector<std::byte> bytes(size);
  NiftiFields::Write<int32_t>(bytes, big_endian, 0, static_cast<int32_t>(size));
  NiftiFields::Write<int32_t>(bytes, big_endian, 4, 0);
  std::memcpy(bytes.data() + 8, text.data(), text.size());
  return bytes;
}

/// The input's header with the fields of a label map.
std::vector<std::byte> LabelHeader(const NiftiHeader& input, bool wide_labels, int64_t vox_offset) {
  std::vector<std::byte> bytes = input.fields;
  const bool big = input.big_endian;
  const NiftiLayout& layout = input.version == 2 ? kNifti2 : kNifti1;
  NiftiFields::Write<int16_t>(bytes, big, layout.datatype, wide_labels ? kDatatypeUint16 : kDatatypeUint8);
  NiftiFields::Write<int16_t>(bytes, big, layout.bitpix, wide_labels ? 16 : 8);
  if (layout.wide) {
    NiftiFields::Write<int64_t>(bytes, big, layout.dim, 3);
    NiftiFields::Write<int64_t>(bytes, big, layout.vox_offset, vox_offset);
    NiftiFields::Write<double>(bytes, big, layout.scl_slope, 1.0);
    NiftiFields::Write<double>(bytes, big, layout.scl_inter, 0.0);
  } else {
    NiftiFields::Write<int16_t>(bytes, big, layout.dim, 3);
    NiftiFields::Write<float>(bytes, big, layout.vox_offset, static_cast<float>(vox_offset));
    NiftiFields::Write<float>(bytes, big, layout.scl_slope, 1.0F);
    NiftiFields::Write<float>(bytes, big, layout.scl_inter, 0.0F);
  }
  return bytes;
}

/// Labels as bytes of the file, in pieces, so that no second label map is held; `stored`: what is written for a label.
template <typename Stored>
void WriteLabels(std::span<const uint16_t> labels, const Stored& stored, bool wide_labels, bool big_endian, Output& output) {
  constexpr size_t kPiece = size_t{1} << 16;
  std::vector<std::byte> piece;
  for (size_t first = 0; first < labels.size(); first += kPiece) {
    const size_t count = std::min(kPiece, labels.size() - first);
    piece.resize(count * (wide_labels ? 2 : 1));
    for (size_t i = 0; i < count; ++i) {
      const uint16_t label = stored(labels[first + i]);
      if (wide_labels) {
        NiftiFields::Write<uint16_t>(piece, big_endian, 2 * i, label);
      } else {
        piece[i] = static_cast<std::byte>(label);
      }
    }
    output.Write(piece);
  }
}

/// Everything before the voxels.
void WriteFront(const NiftiHeader& input, bool wide_labels, std::span<const std::byte> extensions, Output& output) {
  const auto vox_offset = static_cast<int64_t>(input.fields.size() + 4 + extensions.size());
  output.Write(LabelHeader(input, wide_labels, vox_offset));
  output.Write(std::array{extensions.empty() ? std::byte{0} : std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}});
  output.Write(extensions);
}

}  // namespace

std::string LabelTableText(std::span<const LabelName> labels) {
  static constexpr std::array<std::array<int, 3>, 12> kPalette{{{255, 0, 0},
                                                                {0, 255, 0},
                                                                {0, 0, 255},
                                                                {255, 255, 0},
                                                                {255, 0, 255},
                                                                {0, 255, 255},
                                                                {255, 128, 0},
                                                                {255, 0, 128},
                                                                {128, 255, 128},
                                                                {0, 128, 255},
                                                                {128, 128, 128},
                                                                {185, 170, 155}}};
  std::vector<LabelName> sorted(labels.begin(), labels.end());
  std::sort(sorted.begin(), sorted.end(), [](const LabelName& a, const LabelName& b) { return a.value < b.value; });
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?> <CaretExtension>  <Date><![CDATA[2013-07-14T05:45:09]]></Date>   "
      "<VolumeInformation Index=\"0\">   <LabelTable>\n";
  for (const LabelName& label : sorted) {
    const auto& colour = kPalette[static_cast<size_t>(label.value) % kPalette.size()];
    text += "<Label Key=\"" + std::to_string(label.value) + "\" Red=\"" + ColourText(colour[0]) + "\" Green=\"" +
            ColourText(colour[1]) + "\" Blue=\"" + ColourText(colour[2]) + "\" Alpha=\"1\"><![CDATA[" +
            CdataText(label.name) + "]]></Label>\n";
  }
  text +=
      "\n  </LabelTable>  <StudyMetaDataLinkSet>  </StudyMetaDataLinkSet>  <VolumeType><![CDATA[Label]]></VolumeType>   "
      "</VolumeInformation></CaretExtension>\n              ";
  return text;
}

void WriteLabelMap(const LabelMap& map, const NiftiHeader& input, std::span<const LabelName> labels, int64_t highest_label,
                   Compression compression, const ByteSink& sink) {
  if (map.shape != input.geometry.shape || static_cast<int64_t>(map.labels.size()) != input.geometry.VoxelCount()) {
    throw Error(ErrorCode::kInvalidArgument, "label map: must have the shape of its volume");
  }
  const bool wide = AreWide(map, labels, highest_label);
  std::vector<std::byte> extensions = input.extensions;
  const std::vector<std::byte> table = LabelExtension(LabelTableText(labels), input.big_endian);
  extensions.insert(extensions.end(), table.begin(), table.end());

  Output output(compression, sink);
  WriteFront(input, wide, extensions, output);
  WriteLabels(map.labels, [](uint16_t label) { return label; }, wide, input.big_endian, output);
  output.Finish();
}

void WriteMask(std::span<const uint16_t> labels, uint16_t label, const NiftiHeader& input, Compression compression, const ByteSink& sink) {
  if (static_cast<int64_t>(labels.size()) != input.geometry.VoxelCount()) {
    throw Error(ErrorCode::kInvalidArgument, "label map: must have the shape of its header");
  }
  Output output(compression, sink);
  WriteFront(input, false, input.extensions, output);
  WriteLabels(labels, [label](uint16_t value) { return static_cast<uint16_t>(value == label ? 1 : 0); }, false, input.big_endian, output);
  output.Finish();
}

}  // namespace tuckerseg
