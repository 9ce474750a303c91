#include "engine/volume/nifti_writer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "engine/volume/nifti_reader.h"
#include "engine/volume/orientation.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

using ::testing::HasSubstr;

const std::vector<LabelName> kTwoOrgans{{2, "kidney"}, {1, "spleen"}};

/// Of a task whose labels are all below 256, unless said otherwise.
std::vector<std::byte> Written(const LabelMap& map, const NiftiHeader& input, std::span<const LabelName> labels,
                               Compression compression = Compression::kNone, int64_t highest_label = 255) {
  std::vector<std::byte> bytes;
  WriteLabelMap(map, input, labels, highest_label, compression,
                [&bytes](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  return bytes;
}

/// 4 x 3 x 2 labels: 0, 1, 2, 0, 1, 2, ...
LabelMap SmallMap() {
  LabelMap map{{4, 3, 2}, std::vector<uint16_t>(24)};
  for (size_t i = 0; i < map.labels.size(); ++i) map.labels[i] = static_cast<uint16_t>(i % 3);
  return map;
}

std::vector<uint16_t> LabelsOf(const NiftiVolume& nifti) {
  const std::vector<double> values = ToDouble(ViewOf(nifti.volume), 1);
  return {values.begin(), values.end()};
}

/// Offsets of bytes in which two headers differ.
std::vector<size_t> Differences(std::span<const std::byte> one, std::span<const std::byte> two) {
  std::vector<size_t> offsets;
  for (size_t i = 0; i < std::min(one.size(), two.size()); ++i) {
    if (one[i] != two[i]) offsets.push_back(i);
  }
  return offsets;
}

TEST(LabelTableText, ListsLabelsInAscendingOrderWithTheColoursOfThePalette) {
  EXPECT_EQ(LabelTableText(kTwoOrgans),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?> <CaretExtension>  <Date><![CDATA[2013-07-14T05:45:09]]></Date>   "
            "<VolumeInformation Index=\"0\">   <LabelTable>\n"
            "<Label Key=\"1\" Red=\"0.0\" Green=\"1.0\" Blue=\"0.0\" Alpha=\"1\"><![CDATA[spleen]]></Label>\n"
            "<Label Key=\"2\" Red=\"0.0\" Green=\"0.0\" Blue=\"1.0\" Alpha=\"1\"><![CDATA[kidney]]></Label>\n"
            "\n  </LabelTable>  <StudyMetaDataLinkSet>  </StudyMetaDataLinkSet>  <VolumeType><![CDATA[Label]]></VolumeType>   "
            "</VolumeInformation></CaretExtension>\n              ");
}

TEST(LabelTableText, PrintsColoursAsTheShortestDecimalThatReadsBack) {
  const std::vector<LabelName> labels{{11, "a"}, {18, "b"}};  // palette 11 and 18 mod 12 = 6
  EXPECT_THAT(LabelTableText(labels),
              HasSubstr("Red=\"0.7254901960784313\" Green=\"0.6666666666666666\" Blue=\"0.6078431372549019\""));
  EXPECT_THAT(LabelTableText(labels), HasSubstr("Key=\"18\" Red=\"1.0\" Green=\"0.5019607843137255\" Blue=\"0.0\""));
}

TEST(LabelTableText, KeepsANameFromEndingItsSection) {
  const std::vector<LabelName> labels{{1, "a]]>b]]>"}};
  EXPECT_THAT(LabelTableText(labels), HasSubstr("<![CDATA[a]]]]><![CDATA[>b]]]]><![CDATA[>]]></Label>"));
}

TEST(WriteLabelMap, WritesLabelsThatAreReadBack) {
  const NiftiVolume input = ReadNifti(NiftiBuilder().Bytes());
  for (const Compression compression : {Compression::kNone, Compression::kGzip}) {
    const NiftiVolume output = ReadNifti(Written(SmallMap(), input.header, kTwoOrgans, compression));
    EXPECT_EQ(LabelsOf(output), SmallMap().labels);
    EXPECT_EQ(output.volume.type, VoxelType::kUint8);
    EXPECT_EQ(output.volume.geometry.affine_ras, input.volume.geometry.affine_ras);
  }
}

TEST(WriteLabelMap, CompressesToGzip) {
  const auto bytes = Written(SmallMap(), ReadNifti(NiftiBuilder().Bytes()).header, kTwoOrgans, Compression::kGzip);
  EXPECT_EQ(std::to_integer<int>(bytes[0]), 0x1F);
  EXPECT_EQ(std::to_integer<int>(bytes[1]), 0x8B);
}

TEST(WriteLabelMap, ChangesNoOtherFieldOfTheHeader) {
  const auto input = NiftiBuilder()
                         .Scaling(2, -1024)
                         .Qform({0, 0, 0}, {0, 0, 0})
                         .Units(2 + 8)
                         .Put(148, 'd')             // descrip
                         .Put(124, 1500.0F)         // cal_max
                         .Put(68, int16_t{1007})    // intent_code
                         .Bytes();
  const auto output = Written(SmallMap(), ReadNifti(input).header, kTwoOrgans);
  for (const size_t offset : Differences(std::span(input).first(348), output)) {
    const bool datatype_or_bitpix = offset >= 70 && offset < 74;
    const bool offset_or_scaling = offset >= 108 && offset < 120;
    EXPECT_TRUE(datatype_or_bitpix || offset_or_scaling) << offset;
  }
  const NiftiHeader header = ReadNifti(output).header;
  EXPECT_EQ(header.slope, 1);
  EXPECT_EQ(header.intercept, 0);
}

TEST(WriteLabelMap, KeepsByteOrderAndVersionOfTheInput) {
  const std::vector<LabelName> wide{{300, "vertebra"}};
  LabelMap map = SmallMap();
  map.labels[5] = 300;
  for (const int version : {1, 2})
    for (const bool big_endian : {false, true}) {
      const NiftiVolume input = ReadNifti(NiftiBuilder(version, big_endian).Bytes());
      const NiftiVolume output = ReadNifti(Written(map, input.header, wide, Compression::kNone, 300));
      EXPECT_EQ(output.header.version, version);
      EXPECT_EQ(output.header.big_endian, big_endian);
      EXPECT_EQ(LabelsOf(output), map.labels);
    }
}

TEST(WriteLabelMap, IsAsWideAsTheTaskAsksWhateverTheMapAndTheLabelTableHold) {
  const NiftiHeader input = ReadNifti(NiftiBuilder().Bytes()).header;
  EXPECT_EQ(ReadNifti(Written(SmallMap(), input, kTwoOrgans, Compression::kNone, 255)).volume.type, VoxelType::kUint8);
  EXPECT_EQ(ReadNifti(Written(SmallMap(), input, kTwoOrgans, Compression::kNone, 256)).volume.type, VoxelType::kUint16);
}

TEST(WriteLabelMap, AppendsTheLabelTableToTheInputsExtensions) {
  for (const bool big_endian : {false, true}) {
    const NiftiVolume input = ReadNifti(NiftiBuilder(1, big_endian).Extension(6, "a comment").Bytes());
    const auto output = ReadNifti(Written(SmallMap(), input.header, kTwoOrgans)).header.extensions;
    const auto& kept = input.header.extensions;
    ASSERT_GT(output.size(), kept.size());
    EXPECT_TRUE(std::equal(kept.begin(), kept.end(), output.begin()));
    const std::string text = LabelTableText(kTwoOrgans);
    const NiftiFields fields{std::span(output).subspan(kept.size()), big_endian};
    EXPECT_EQ(fields.Read<int32_t>(0), static_cast<int32_t>((8 + text.size() + 15) / 16 * 16));
    EXPECT_EQ(fields.Read<int32_t>(4), 0);
    EXPECT_EQ(std::memcmp(output.data() + kept.size() + 8, text.data(), text.size()), 0);
  }
}

TEST(WriteLabelMap, MakesOneFrameAThreeDimensionalMap) {
  const auto bytes = Written(SmallMap(), ReadNifti(NiftiBuilder().Dim(0, 4).Bytes()).header, kTwoOrgans);
  EXPECT_EQ(NiftiFields(bytes, false).Dim(kNifti1, 0), 3);
}

TEST(WriteLabelMap, RefusesAMapOfAnotherShape) {
  const NiftiHeader input = ReadNifti(NiftiBuilder().Bytes()).header;
  const LabelMap turned{{3, 4, 2}, std::vector<uint16_t>(24)};
  ExpectError(ErrorCode::kInvalidArgument, "label map: must have the shape", [&] { Written(turned, input, kTwoOrgans); });
  const LabelMap cut{{4, 3, 2}, std::vector<uint16_t>(23)};
  ExpectError(ErrorCode::kInvalidArgument, "label map: must have the shape", [&] { Written(cut, input, kTwoOrgans); });
}

TEST(WriteLabelMap, RefusesLabelsThatTheTaskDoesNotHave) {
  const NiftiHeader input = ReadNifti(NiftiBuilder().Bytes()).header;
  LabelMap map = SmallMap();
  map.labels[3] = 256;
  ExpectError(ErrorCode::kInvalidArgument, "label map: label 256: must be in [0, 255]", [&] { Written(map, input, kTwoOrgans); });
  for (const int64_t value : {-1, 256}) {
    ExpectError(ErrorCode::kInvalidArgument, "label table: label " + std::to_string(value) + ": must be in [0, 255]",
                [&] { Written(SmallMap(), input, std::vector<LabelName>{{value, "x"}}); });
  }
  for (const int64_t highest : {-1, 65536}) {
    ExpectError(ErrorCode::kInvalidArgument, "highest label = " + std::to_string(highest) + ": must be in [0, 65535]",
                [&] { Written(SmallMap(), input, kTwoOrgans, Compression::kNone, highest); });
  }
}

// TotalSegmentator's own output: 348 bytes of header, and the extension with 117 labels.
TEST(WriteLabelMap, WritesTheHeaderAndTheLabelTableOfTotalSegmentator) {
  SKIP_WITHOUT_TEST_DATA();
  for (const char* name : {"ras_3mm", "lps_float32", "permuted_sra", "oblique_2mm", "qform_only", "slab_14"}) {
    SCOPED_TRACE(name);
    const std::string file = std::string(name) + ".nii.gz";
    const NiftiVolume golden = ReadNifti(BytesOfFile(TestData() / "golden" / "total_fast" / file));
    const auto& extension = golden.header.extensions;
    const std::string text(reinterpret_cast<const char*>(extension.data()), extension.size());
    std::vector<LabelName> labels;
    const std::string key = "Key=\"";
    const std::string cdata = "<![CDATA[";
    for (size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
      at += key.size();
      const int64_t value = std::stoll(text.substr(at));
      const size_t begin = text.find(cdata, at) + cdata.size();
      labels.push_back({value, text.substr(begin, text.find("]]>", begin) - begin)});
    }
    ASSERT_EQ(labels.size(), 117U);
    const NiftiVolume input = ReadNifti(BytesOfFile(TestData() / "ct" / file));
    LabelMap map{input.volume.geometry.shape, {}};
    for (const std::byte label : golden.volume.voxels) map.labels.push_back(std::to_integer<uint16_t>(label));
    const NiftiVolume written = ReadNifti(Written(map, input.header, labels));
    EXPECT_EQ(written.header.fields, golden.header.fields);
    EXPECT_EQ(written.header.extensions, extension);
    EXPECT_EQ(written.volume.voxels, golden.volume.voxels);
  }
}

}  // namespace
}  // namespace tuckerseg
