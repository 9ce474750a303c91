#include "engine/volume/itk/dicom_series.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "engine/error.h"
#include "tests/engine/volume/itk/dicom_writer.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

template <typename Value>
std::vector<Value> VoxelsOf(const Volume& volume) {
  std::vector<Value> values(volume.voxels.size() / sizeof(Value));
  std::memcpy(values.data(), volume.voxels.data(), volume.voxels.size());
  return values;
}

/// A series of its own for each test, in a folder that is removed afterwards.
class ReadDicomSeriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tuckerseg_dicom_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Writes axial images 2 mm apart, image k with all pixels 1024 + k; `change` may alter each.
  void WriteSeries(int count, const std::function<void(int k, DicomFile&)>& change = {}) {
    for (int k = 0; k < count; ++k) {
      DicomFile file;
      file.position = "-10\\-20\\" + std::to_string(30 + 2 * k);
      file.pixels.assign(12, static_cast<uint16_t>(1024 + k));
      if (change) change(k, file);
      // Names descend, so that order by name is not the order along the normal.
      WriteDicom(folder_ / ("image" + std::to_string(100 - k) + ".dcm"), file);
    }
  }

  void ExpectError(ErrorCode code, const std::string& words, const DicomOptions& options = {}) {
    ExpectErrorAt(folder_, code, words, options);
  }

  void ExpectErrorAt(const fs::path& path, ErrorCode code, const std::string& words,
                     const DicomOptions& options = {}) {
    try {
      ReadDicomSeries(path, options);
      ADD_FAILURE() << "accepted; expected: " << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(words));
      EXPECT_THAT(error.what(),
                  AllOf(Not(HasSubstr("Secret")), Not(HasSubstr(folder_.string())), Not(HasSubstr("1.2.3"))));
    }
  }

  fs::path folder_;
};

TEST_F(ReadDicomSeriesTest, PlacesSlicesAlongTheNormalAndRescalesThem) {
  WriteSeries(3);
  const Volume volume = ReadDicomSeries(folder_);
  EXPECT_THAT(volume.geometry.shape, ElementsAre(4, 3, 3));
  EXPECT_EQ(volume.type, VoxelType::kInt16);
  EXPECT_EQ(volume.slope, 1);
  EXPECT_EQ(volume.intercept, 0);
  EXPECT_THAT(volume.geometry.affine_ras.translation, ElementsAre(10, 20, 30));
  EXPECT_THAT(volume.geometry.affine_ras.linear[0], ElementsAre(-0.75, 0, 0));
  EXPECT_THAT(volume.geometry.affine_ras.linear[1], ElementsAre(0, -0.5, 0));
  EXPECT_THAT(volume.geometry.affine_ras.linear[2], ElementsAre(0, 0, 2));
  EXPECT_THAT(volume.geometry.header_spacing_mm, ElementsAre(0.75, 0.5, 2));
  const std::vector<int16_t> voxels = VoxelsOf<int16_t>(volume);
  ASSERT_EQ(voxels.size(), 36U);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_THAT(std::vector<int16_t>(voxels.begin() + 12 * static_cast<long>(k),
                                     voxels.begin() + 12 * static_cast<long>(k + 1)),
                Each(static_cast<int16_t>(k)));
  }
}

TEST_F(ReadDicomSeriesTest, KeepsPixelsOfARowSideBySide) {
  WriteSeries(
      2, [](int, DicomFile& file) { std::iota(file.pixels.begin(), file.pixels.end(), uint16_t{1024}); });
  const std::vector<int16_t> voxels = VoxelsOf<int16_t>(ReadDicomSeries(folder_));
  EXPECT_THAT(std::vector<int16_t>(voxels.begin(), voxels.begin() + 12),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
}

TEST_F(ReadDicomSeriesTest, KeepsObliqueGeometryToAMicrometre) {
  // The plane is turned by asin(0.6) about the left-right axis; normal = (0, -0.6, 0.8).
  WriteSeries(4, [](int k, DicomFile& file) {
    file.orientation = "1\\0\\0\\0\\0.8\\0.6";
    file.position = "-10\\" + std::to_string(-20 - 0.6 * 2 * k) + "\\" + std::to_string(30 + 0.8 * 2 * k);
  });
  const Affine affine = ReadDicomSeries(folder_).geometry.affine_ras;
  EXPECT_NEAR(affine.linear[1][1], -0.4, 1e-6);
  EXPECT_NEAR(affine.linear[2][1], 0.3, 1e-6);
  EXPECT_NEAR(affine.linear[1][2], 1.2, 1e-6);
  EXPECT_NEAR(affine.linear[2][2], 1.6, 1e-6);
}

TEST_F(ReadDicomSeriesTest, WidensToInt32AndToFloat32WhereValuesAskForIt) {
  WriteSeries(2, [](int k, DicomFile& file) { file.pixels[0] = k == 0 ? 65535 : 0; });
  Volume volume = ReadDicomSeries(folder_);
  EXPECT_EQ(volume.type, VoxelType::kInt32);
  EXPECT_EQ(VoxelsOf<int32_t>(volume)[0], 64511);
  EXPECT_EQ(VoxelsOf<int32_t>(volume)[12], -1024);

  WriteSeries(2, [](int, DicomFile& file) { file.slope = "0.5"; });
  volume = ReadDicomSeries(folder_);
  EXPECT_EQ(volume.type, VoxelType::kFloat32);
  EXPECT_EQ(VoxelsOf<float>(volume)[12], 1025 * 0.5F - 1024);
}

TEST_F(ReadDicomSeriesTest, RescalesEachImageByItsOwnSlopeAndIntercept) {
  WriteSeries(2, [](int k, DicomFile& file) { file.intercept = k == 0 ? "-1024" : "-1000"; });
  const std::vector<int16_t> voxels = VoxelsOf<int16_t>(ReadDicomSeries(folder_));
  EXPECT_EQ(voxels[0], 0);
  EXPECT_EQ(voxels[12], 25);
}

TEST_F(ReadDicomSeriesTest, PassesOverFilesThatAreNoImages) {
  WriteSeries(3);
  std::ofstream(folder_ / "notes.txt") << "not DICOM";
  DicomFile report;
  report.has_image = false;
  report.modality = "SR";
  report.series_uid = "1.2.3.77";
  WriteDicom(folder_ / "report.dcm", report);
  EXPECT_THAT(ReadDicomSeries(folder_).geometry.shape, ElementsAre(4, 3, 3));
}

TEST_F(ReadDicomSeriesTest, AFolderIsSearchedWithItsSubfolders) {
  WriteSeries(3);
  fs::create_directory(folder_ / "deeper");
  fs::rename(folder_ / "image99.dcm", folder_ / "deeper" / "image99.dcm");
  EXPECT_THAT(ReadDicomSeries(folder_).geometry.shape, ElementsAre(4, 3, 3));
}

TEST_F(ReadDicomSeriesTest, AFileStandsForItsSeriesInAFolderOfSeveral) {
  WriteSeries(4, [](int k, DicomFile& file) { file.series_uid = k < 2 ? "1.2.3.1" : "1.2.3.2"; });
  const Volume volume = ReadDicomSeries(folder_ / "image97.dcm");  // k = 3
  EXPECT_THAT(volume.geometry.shape, ElementsAre(4, 3, 2));
  EXPECT_EQ(volume.geometry.affine_ras.translation[2], 34);
}

TEST_F(ReadDicomSeriesTest, ReadsAnEnhancedMultiFrameImageInTheOrderOfItsPositions) {
  const fs::path path = folder_ / "enhanced.dcm";
  WriteEnhancedDicom(
      path, {},
      {{"-10\\-20\\34", "-1024", 1026}, {"-10\\-20\\30", "-1024", 1024}, {"-10\\-20\\32", "-1024", 1025}},
      "3");
  const Volume volume = ReadDicomSeries(path);
  EXPECT_THAT(volume.geometry.shape, ElementsAre(4, 3, 3));
  EXPECT_THAT(volume.geometry.affine_ras.translation, ElementsAre(10, 20, 30));
  const std::vector<int16_t> voxels = VoxelsOf<int16_t>(volume);
  ASSERT_EQ(voxels.size(), 36U);
  EXPECT_EQ(voxels[0], 0);
  EXPECT_EQ(voxels[12], 1);
  EXPECT_EQ(voxels[35], 2);
}

TEST_F(ReadDicomSeriesTest, RefusesEnhancedFramesThatDoNotGoTogether) {
  const fs::path path = folder_ / "enhanced.dcm";
  WriteEnhancedDicom(path, {}, {{"-10\\-20\\30", "-1024", 0}, {"-10\\-20\\32", "-1000", 0}}, "2");
  ExpectErrorAt(path, ErrorCode::kInvalidArgument,
                "PixelValueTransformationSequence (0028,9145) differs between frames");
  WriteEnhancedDicom(path, {}, {{"-10\\-20\\30", "-1024", 0}, {"-10\\-20\\32", "-1024", 0}}, "1");
  ExpectErrorAt(path, ErrorCode::kInvalidArgument, "NumberOfFrames (0028,0008) = 1: must be 2");
  WriteEnhancedDicom(path, {}, {{"-10\\-20\\30", "-1024", 0}, {"", "-1024", 0}}, "2");
  ExpectErrorAt(path, ErrorCode::kInvalidArgument, "ImagePositionPatient (0020,0032) is missing");
  DicomFile plain;
  plain.pixels.resize(24);
  plain.number_of_frames = "2";
  WriteDicom(path, plain);
  ExpectErrorAt(path, ErrorCode::kInvalidArgument, "PerFrameFunctionalGroupsSequence (5200,9230) is missing");
}

TEST_F(ReadDicomSeriesTest, RefusesWhatIsNotThere) {
  ExpectErrorAt(folder_ / "absent", ErrorCode::kNotFound, "no such DICOM file or folder");
  ExpectError(ErrorCode::kInvalidArgument, "DICOM images in the folder = 0");
  std::ofstream(folder_ / "notes.txt") << "not DICOM";
  ExpectError(ErrorCode::kInvalidArgument, "DICOM images in the folder = 0");
  ExpectErrorAt(folder_ / "notes.txt", ErrorCode::kInvalidArgument, "the file is no DICOM image");
}

TEST_F(ReadDicomSeriesTest, RefusesTwoSeriesAndSaysHowMany) {
  WriteSeries(4, [](int k, DicomFile& file) { file.series_uid = k < 2 ? "1.2.3.1" : "1.2.3.2"; });
  ExpectError(ErrorCode::kInvalidArgument,
              "SeriesInstanceUID (0020,000E): 2 image series in the folder: must be 1");
}

TEST_F(ReadDicomSeriesTest, RefusesOtherModalitiesUnlessAllowed) {
  WriteSeries(2, [](int, DicomFile& file) {
    file.modality = "MR";
    file.sop_class = "1.2.840.10008.5.1.4.1.1.4";
    file.slope = file.intercept = file.rescale_type = "";
  });
  ExpectError(ErrorCode::kInvalidArgument, "Modality (0008,0060) = MR: must be CT");
  DicomOptions options;
  options.any_modality = true;
  EXPECT_EQ(VoxelsOf<int16_t>(ReadDicomSeries(folder_, options))[0], 1024);
}

TEST_F(ReadDicomSeriesTest, NeverQuotesAModalityThatIsNoCodeString) {
  WriteSeries(2, [](int, DicomFile& file) { file.modality = "Secret^Name"; });
  ExpectError(ErrorCode::kInvalidArgument, "Modality (0008,0060) = (not a code string): must be CT");
}

TEST_F(ReadDicomSeriesTest, RefusesLocalizers) {
  WriteSeries(3, [](int k, DicomFile& file) {
    if (k == 1) file.image_type = "ORIGINAL\\PRIMARY\\LOCALIZER";
  });
  ExpectError(ErrorCode::kInvalidArgument, "ImageType (0008,0008) holds LOCALIZER");
}

TEST_F(ReadDicomSeriesTest, RefusesColourAndInvertedGreys) {
  WriteSeries(2, [](int, DicomFile& file) { file.photometric = "RGB"; });
  ExpectError(ErrorCode::kInvalidArgument, "SamplesPerPixel (0028,0002) = 3: must be 1");
  WriteSeries(2, [](int, DicomFile& file) { file.photometric = "MONOCHROME1"; });
  ExpectError(ErrorCode::kInvalidArgument,
              "PhotometricInterpretation (0028,0004) = MONOCHROME1: must be MONOCHROME2");
}

TEST_F(ReadDicomSeriesTest, RefusesCtValuesThatAreNoHounsfieldUnits) {
  WriteSeries(2, [](int, DicomFile& file) { file.rescale_type = "Z_EFF"; });
  ExpectError(ErrorCode::kInvalidArgument, "RescaleType (0028,1054) = Z_EFF: must be HU");
  WriteSeries(2, [](int, DicomFile& file) { file.intercept = ""; });
  ExpectError(ErrorCode::kInvalidArgument, "RescaleIntercept (0028,1052) is missing: must be 1 number");
  WriteSeries(2, [](int, DicomFile& file) { file.slope = "0"; });
  ExpectError(ErrorCode::kInvalidArgument, "RescaleSlope (0028,1053) = 0: must be another number");
}

TEST_F(ReadDicomSeriesTest, RefusesMixedFramesOfReference) {
  WriteSeries(3, [](int k, DicomFile& file) {
    if (k == 2) file.frame_of_reference_uid = "1.2.3.6";
  });
  ExpectError(ErrorCode::kInvalidArgument, "FrameOfReferenceUID (0020,0052) differs between images");
}

TEST_F(ReadDicomSeriesTest, RefusesMixedOrientationsAndSizes) {
  WriteSeries(3, [](int k, DicomFile& file) {
    if (k == 1) file.orientation = "0\\1\\0\\1\\0\\0";
  });
  ExpectError(ErrorCode::kInvalidArgument,
              "ImageOrientationPatient (0020,0037): direction cosines differ by 1");
  WriteSeries(3, [](int k, DicomFile& file) {
    if (k == 1) std::swap(file.rows, file.columns);
  });
  ExpectError(ErrorCode::kInvalidArgument, "must be the same in the whole series");
}

TEST_F(ReadDicomSeriesTest, RefusesATiltedGantry) {
  WriteSeries(4, [](int k, DicomFile& file) {
    file.position = "0\\" + std::to_string(k) + "\\" + std::to_string(2 * k);
  });
  ExpectError(ErrorCode::kInvalidArgument, "slices advance at 26.565");
}

TEST_F(ReadDicomSeriesTest, RefusesAGapAndADuplicate) {
  WriteSeries(6);
  fs::remove(folder_ / "image97.dcm");  // k = 3
  ExpectError(ErrorCode::kInvalidArgument, "the gap between slices 3 and 4 of 5 is 4 mm: must be 2 mm");
  WriteSeries(6, [](int k, DicomFile& file) {
    if (k == 3) file.position = "-10\\-20\\34";
  });
  ExpectError(ErrorCode::kInvalidArgument, "1 of 6 images lie where another one lies");
}

TEST_F(ReadDicomSeriesTest, RefusesMissingAndMalformedAttributesByName) {
  WriteSeries(2, [](int, DicomFile& file) { file.position = ""; });
  ExpectError(ErrorCode::kInvalidArgument, "ImagePositionPatient (0020,0032) is missing: must be 3 numbers");
  WriteSeries(2, [](int, DicomFile& file) { file.position = "1\\2"; });
  ExpectError(ErrorCode::kInvalidArgument, "ImagePositionPatient (0020,0032): 2 values: must be 3 numbers");
  for (const char* bad : {"1\\2\\Secret", "1\\2\\nan", "1\\2\\1e999", "1\\2\\0x10", "1\\\\3"}) {
    WriteSeries(2, [&](int, DicomFile& file) { file.position = bad; });
    ExpectError(ErrorCode::kInvalidArgument,
                "ImagePositionPatient (0020,0032): a value is no decimal number");
  }
  WriteSeries(2, [](int, DicomFile& file) { file.rows = 0; });
  ExpectError(ErrorCode::kInvalidArgument, "Rows (0028,0010) = 0: must be at least 1");
}

// GDCM would end the process: PixelSpacing, whose VR is turned from DS into LO.
TEST_F(ReadDicomSeriesTest, RefusesAttributesOfAnotherValueRepresentation) {
  WriteSeries(2);
  const fs::path path = folder_ / "image100.dcm";
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  std::string changed = bytes.str();
  const std::string pixel_spacing("\x28\0\x30\0DS", 6);
  ASSERT_NE(changed.find(pixel_spacing), std::string::npos);
  changed.replace(changed.find(pixel_spacing) + 4, 2, "LO");
  std::ofstream(path, std::ios::binary) << changed;
  ExpectError(ErrorCode::kInvalidArgument,
              "PixelSpacing (0028,0030) has the value representation LO: must be DS");
}

TEST_F(ReadDicomSeriesTest, RefusesSpacingsAndSizesOutsideTheLimits) {
  WriteSeries(3);
  DicomOptions options;
  options.limits.max_axis = 3;
  ExpectError(ErrorCode::kResourceExhausted, "Columns (0028,0011) = 4: must be at most 3", options);
  options.limits.max_axis = 2;
  ExpectError(ErrorCode::kResourceExhausted, "images in the series = more than 2", options);
  options.limits = {};
  options.limits.max_voxels = 35;
  ExpectError(ErrorCode::kResourceExhausted, "voxels = 36: must be at most 35", options);
  options.limits = {};
  options.limits.max_bytes = 143;
  ExpectError(ErrorCode::kResourceExhausted, "voxels in memory = 144 bytes: must be at most 143 bytes",
              options);
  WriteSeries(3, [](int, DicomFile& file) { file.pixel_spacing = "0.5\\0.001"; });
  ExpectError(ErrorCode::kInvalidArgument,
              "PixelSpacing (0028,0030)[1] = 0.001 mm: must be in [0.01, 50] mm");
}

TEST_F(ReadDicomSeriesTest, ReportsADamagedFileEvenIfTheOthersWouldDo) {
  WriteSeries(3);
  std::ofstream(folder_ / "broken.dcm") << std::string(128, '\0') << "DICM and then nothing that makes sense";
  ExpectError(ErrorCode::kInvalidArgument, "TransferSyntaxUID (0002,0010)");
}

TEST_F(ReadDicomSeriesTest, ReportsAnEmptyFileThatMayHaveBeenTheLastSlice) {
  WriteSeries(3);
  std::ofstream(folder_ / "last.dcm").close();
  ExpectError(ErrorCode::kDataLoss, "empty or cannot be read");
}

TEST_F(ReadDicomSeriesTest, ReportsAFileCutAtAnyByte) {
  WriteSeries(3);
  const fs::path last = folder_ / "image98.dcm";
  const uintmax_t whole = fs::file_size(last);
  for (uintmax_t size = whole - 1; size > 132; --size) {
    fs::resize_file(last, size);
    EXPECT_THROW(ReadDicomSeries(last), Error) << size << " of " << whole << " bytes";
  }
}

TEST_F(ReadDicomSeriesTest, ReportsFewerPixelsThanAnnounced) {
  WriteSeries(3, [](int k, DicomFile& file) { file.pixels.resize(k == 1 ? 11 : 12); });
  ExpectError(ErrorCode::kDataLoss, "PixelData (7FE0,0010) = 22 bytes: must be 24 for each of 1 frames");
  const fs::path path = folder_ / "enhanced.dcm";
  DicomFile larger;
  WriteEnhancedDicom(path, larger, {{"-10\\-20\\30", "-1024", 0}}, "9000000000000000000");
  ExpectErrorAt(path, ErrorCode::kDataLoss, "= 24 bytes: must be 24 for each of 9000000000000000000 frames");
}

TEST_F(ReadDicomSeriesTest, RefusesAFileTooLargeToHoldBeforeReadingIt) {
  WriteSeries(2);
  fs::resize_file(folder_ / "image100.dcm", uintmax_t{9} << 30);  // a hole: it takes no room on the disk
  ExpectError(ErrorCode::kResourceExhausted, "a DICOM file has 9663676416 bytes: must be at most 8589934592");
}

// The label map that TotalSegmentator wrote for this series lies on dicom2nifti's grid: LAS, 512 x 512 x 20,
// the rows turned round. Its corners and ours must be the same points.
TEST(ReadDicomSeries, PlacesARealSeriesWhereDicom2niftiDoes) {
  const char* root = std::getenv("TUCKERSEG_TEST_DATA");
  const fs::path folder =
      fs::path(root != nullptr ? root : TUCKERSEG_DEFAULT_TEST_DATA) / "dicom" / "example_ct";
  if (!fs::exists(folder)) GTEST_SKIP() << "test data are absent: set TUCKERSEG_TEST_DATA";
  const Volume volume = ReadDicomSeries(folder);
  EXPECT_THAT(volume.geometry.shape, ElementsAre(512, 512, 20));
  EXPECT_EQ(volume.type, VoxelType::kInt16);
  const Affine& affine = volume.geometry.affine_ras;
  EXPECT_NEAR(affine.linear[0][0], -0.9765625, 1e-6);
  EXPECT_NEAR(affine.linear[1][1], -0.9765625, 1e-6);
  EXPECT_NEAR(affine.linear[2][2], 2.0, 1e-6);
  EXPECT_NEAR(affine.translation[0], 249.51171875, 1e-6);
  EXPECT_NEAR(affine.translation[1], -61.51171875 + 511 * 0.9765625, 1e-6);
  EXPECT_NEAR(affine.translation[2], -804.5, 1e-6);
  EXPECT_THAT(volume.geometry.header_spacing_mm, ElementsAre(0.9765625, 0.9765625, 2));

  const std::vector<int16_t> voxels = VoxelsOf<int16_t>(volume);
  const auto [least, most] = std::ranges::minmax_element(voxels);
  EXPECT_GE(
      *least,
      -1024);  // JPEG 2000 frames, decoded and rescaled to Hounsfield units: air, and no more than metal
  EXPECT_LE(*most, 3071);
}

}  // namespace
}  // namespace tuckerseg
