/// Real CTs, streamed to a running server that serves an imported network, against TotalSegmentator's own label maps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>

#include "engine/execute/torch/torch_executor.h"
#include "engine/model/nnunet_import.h"
#include "engine/volume/itk/dicom_series.h"
#include "engine/volume/nifti_fields.h"
#include "engine/volume/nifti_writer.h"
#include "tests/integration/golden_files.h"
#include "tests/integration/segment_file.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

constexpr int kThreads = 2;

Bundle ParityBundle() { return ImportNnunet(TestData() / "totalsegmentator" / "Dataset297_TotalSegmentator_total_3mm_1559subj", {}); }

ServedOptions Serving(Bundle bundle) {
  ServedOptions options;
  options.config.threads = kThreads;
  options.config.memory_limit_bytes = int64_t{16} << 30;
  options.bundles = {std::move(bundle)};
  options.executor = TorchExecutorFactory("cpu", kThreads);
  return options;
}

/// Serves the parity network (TotalSegmentator's 3 mm layout, 118 channels); one server for all tests.
class ServedParityNetwork : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!std::filesystem::exists(TestData() / "totalsegmentator")) return;
    server_ = std::make_unique<ServedModel>(Serving(ParityBundle()));
    client_ = std::make_unique<Client>(server_->address());
  }
  static void TearDownTestSuite() {
    client_.reset();
    server_.reset();
  }
  void SetUp() override { SKIP_WITHOUT_TEST_DATA(); }

  /// 99.9 % of the voxels; Dice 0.99 for structures of 1000 voxels and more; smaller ones to 10 voxels or 5 %.
  void ExpectParity(const std::vector<uint16_t>& ours, const std::vector<uint16_t>& golden) {
    const Agreement agreement = Compare(ours, golden);
    RecordProperty("equal_share", std::to_string(agreement.equal_share));
    EXPECT_GE(agreement.equal_share, 0.999);
    std::set<int> labels;
    for (const auto& [label, voxels] : agreement.golden_voxels) labels.insert(label);
    for (const auto& [label, voxels] : agreement.our_voxels) labels.insert(label);
    double least_dice = 1;
    for (const int label : labels) {
      const auto count = [label](const std::map<int, int64_t>& counts) {
        const auto found = counts.find(label);
        return found == counts.end() ? int64_t{0} : found->second;
      };
      const int64_t expected = count(agreement.golden_voxels);
      const int64_t shared = count(agreement.shared_voxels);
      const int64_t differing = expected + count(agreement.our_voxels) - 2 * shared;
      if (expected >= 1000) {
        least_dice = std::min(least_dice, agreement.Dice(label));
        EXPECT_GE(agreement.Dice(label), 0.99) << "label " << label << " of " << expected << " voxels";
      } else {
        EXPECT_LE(differing, std::max<int64_t>(10, std::llround(0.05 * static_cast<double>(expected)))) << "label " << label << " of " << expected << " voxels";
      }
    }
    std::cout << "equal " << agreement.equal_share << ", least Dice of a structure of 1000 voxels " << least_dice << "\n";
  }

  static std::unique_ptr<ServedModel> server_;
  static std::unique_ptr<Client> client_;
};
std::unique_ptr<ServedModel> ServedParityNetwork::server_;
std::unique_ptr<Client> ServedParityNetwork::client_;

class RealCt : public ServedParityNetwork, public testing::WithParamInterface<const char*> {};

TEST_P(RealCt, GetsTheLabelMapThatTotalSegmentatorGives) {
  const std::string name = std::string(GetParam()) + ".nii.gz";
  const std::vector<std::byte> file = BytesOfFile(TestData() / "ct" / name);
  const NiftiVolume input = ReadNifti(file);
  const NiftiVolume golden = ReadNiftiFile(TestData() / "golden" / "total_fast" / name);

  const Answer answer = SegmentFile(*client_, file);

  ASSERT_EQ(answer.label_map.volume.geometry.shape, golden.volume.geometry.shape);
  ExpectParity(LabelsOf(answer.label_map.volume), LabelsOf(golden.volume));
  // Where the voxels lie is told in the input's own bytes: dim[1..7] and pixdim, then xyzt_units, then qform to srow_z.
  const auto same = [&](size_t begin, size_t end) {
    return std::equal(input.header.fields.begin() + static_cast<std::ptrdiff_t>(begin), input.header.fields.begin() + static_cast<std::ptrdiff_t>(end),
                      answer.label_map.header.fields.begin() + static_cast<std::ptrdiff_t>(begin));
  };
  ASSERT_EQ(answer.label_map.header.version, 1);
  EXPECT_TRUE(same(kNifti1.dim + 2, kNifti1.dim + 16));
  EXPECT_TRUE(same(kNifti1.pixdim, kNifti1.pixdim + 32));
  EXPECT_TRUE(same(kNifti1.xyzt_units, kNifti1.xyzt_units + 1));
  EXPECT_TRUE(same(kNifti1.qform_code, kNifti1.srow_x + 48));
}

INSTANTIATE_TEST_SUITE_P(Ct, RealCt,
                         testing::Values("aniso_1.2x1.2x5", "lps_float32", "oblique_2mm", "permuted_sra", "qform_only", "ras_3mm", "slab_14"),
                         [](const auto& ct) {
                           std::string name = ct.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

/// Both grids hold the same voxels, in another order perhaps: the label of the golden at each of our voxels' places.
std::vector<uint16_t> InOurOrder(const Volume& golden, const Geometry& ours) {
  const Orientation from = ClosestCanonical(golden.geometry.affine_ras);
  const Orientation to = ClosestCanonical(ours.affine_ras);
  const VolumeView view = ViewOf(golden, from);
  const std::vector<float> canonical = ToFloat(view, 1);
  std::vector<uint16_t> labels(static_cast<size_t>(ours.VoxelCount()));
  size_t at = 0;
  Index3 index{};
  for (index[2] = 0; index[2] < ours.shape[2]; ++index[2])
    for (index[1] = 0; index[1] < ours.shape[1]; ++index[1])
      for (index[0] = 0; index[0] < ours.shape[0]; ++index[0]) {
        Index3 c;
        for (size_t a = 0; a < 3; ++a) {
          const int64_t along = index[static_cast<size_t>(to.axis[a])];
          c[a] = to.flipped[a] ? view.shape[a] - 1 - along : along;
        }
        labels[at++] = static_cast<uint16_t>(canonical[static_cast<size_t>((c[2] * view.shape[1] + c[1]) * view.shape[0] + c[0])]);
      }
  return labels;
}

TEST_F(ServedParityNetwork, GetsTheSameLabelsForADicomSeries) {
  const Volume series = ReadDicomSeries(TestData() / "dicom" / "example_ct");
  std::vector<std::byte> file;
  WriteVolume(series, Compression::kNone, [&](std::span<const std::byte> bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); });
  const NiftiVolume golden = ReadNiftiFile(TestData() / "golden" / "total_fast" / "example_ct_dicom.nii.gz");

  const Answer answer = SegmentFile(*client_, file);

  // The golden's grid is dicom2nifti's (LAS); ours keeps the series' own order. In the patient they must be the same.
  const Geometry ours = CanonicalGeometry(answer.label_map.volume.geometry, ClosestCanonical(answer.label_map.volume.geometry.affine_ras));
  const Geometry theirs = CanonicalGeometry(golden.volume.geometry, ClosestCanonical(golden.volume.geometry.affine_ras));
  ASSERT_EQ(ours.shape, theirs.shape);
  for (size_t r = 0; r < 3; ++r) {
    EXPECT_NEAR(ours.affine_ras.translation[r], theirs.affine_ras.translation[r], 1e-3);
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(ours.affine_ras.linear[r][c], theirs.affine_ras.linear[r][c], 1e-4);
  }
  ExpectParity(LabelsOf(answer.label_map.volume), InOurOrder(golden.volume, answer.label_map.volume.geometry));
}

/// `volume` with its file axes permuted and flipped: new axis a runs along old axis `axes[a]`, backwards where bit a of `flips`.
Volume Reordered(const Volume& volume, const std::array<int, 3>& axes, unsigned flips) {
  Volume result;
  result.type = volume.type;
  result.slope = volume.slope;
  result.intercept = volume.intercept;
  const VolumeView view = ViewOf(volume);
  const size_t width = BytesPerVoxel(volume.type);
  result.voxels.resize(volume.voxels.size());
  result.geometry.affine_ras.translation = volume.geometry.affine_ras.translation;
  for (size_t a = 0; a < 3; ++a) {
    const auto old = static_cast<size_t>(axes[a]);
    const bool flipped = (flips >> a & 1U) != 0;
    result.geometry.shape[a] = volume.geometry.shape[old];
    result.geometry.header_spacing_mm[a] = volume.geometry.header_spacing_mm[old];
    for (size_t r = 0; r < 3; ++r) {
      const double column = volume.geometry.affine_ras.linear[r][old];
      result.geometry.affine_ras.linear[r][a] = flipped ? -column : column;
      if (flipped) result.geometry.affine_ras.translation[r] += static_cast<double>(volume.geometry.shape[old] - 1) * column;
    }
  }
  std::byte* target = result.voxels.data();
  Index3 index{};
  for (index[2] = 0; index[2] < result.geometry.shape[2]; ++index[2])
    for (index[1] = 0; index[1] < result.geometry.shape[1]; ++index[1])
      for (index[0] = 0; index[0] < result.geometry.shape[0]; ++index[0]) {
        int64_t offset = 0;
        for (size_t a = 0; a < 3; ++a) {
          const int64_t along = (flips >> a & 1U) != 0 ? result.geometry.shape[a] - 1 - index[a] : index[a];
          offset += along * view.strides[static_cast<size_t>(axes[a])];
        }
        std::memcpy(target, volume.voxels.data() + static_cast<size_t>(offset) * width, width);
        target += width;
      }
  return result;
}

std::vector<std::byte> FileOf(const Volume& volume) {
  std::vector<std::byte> file;
  WriteVolume(volume, Compression::kNone, [&](std::span<const std::byte> bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); });
  return file;
}

/// The answer for each of the 48 orientations is the answer for the volume as it is, turned. With patches of 64^3, which cover
/// the volume: a third of the time, and orientation has nothing to do with their size.
void ExpectSameLabelsInEveryOrientation(const Volume& volume) {
  Bundle bundle = ParityBundle();
  bundle.model.parts.front().patch_size = {64, 64, 64};
  ServedModel server(Serving(std::move(bundle)));
  Client client(server.address());
  const Answer straight = SegmentFile(client, FileOf(volume));
  std::array<int, 3> axes{0, 1, 2};
  int orientations = 0;
  do {
    for (unsigned flips = 0; flips < 8; ++flips, ++orientations) {
      const Answer turned = SegmentFile(client, FileOf(Reordered(volume, axes, flips)));
      const Volume expected = Reordered(straight.label_map.volume, axes, flips);
      ASSERT_EQ(turned.label_map.volume.geometry.shape, expected.geometry.shape);
      EXPECT_EQ(LabelsOf(turned.label_map.volume), LabelsOf(expected))
          << "axes " << axes[0] << axes[1] << axes[2] << ", flips " << flips;
    }
  } while (std::next_permutation(axes.begin(), axes.end()));
  EXPECT_EQ(orientations, 48);
  EXPECT_GT(straight.summary.volumes_size(), 5) << "a label map without structures would agree with anything";
}

TEST(EveryOrientation, GivesTheSameLabelMap) {
  SKIP_WITHOUT_TEST_DATA();
  ExpectSameLabelsInEveryOrientation(ReadNiftiFile(TestData() / "ct" / "crop.nii.gz").volume);
}

TEST(EveryOrientation, GivesTheSameLabelMapForAnObliqueVolume) {
  SKIP_WITHOUT_TEST_DATA();
  Volume oblique = ReadNiftiFile(TestData() / "ct" / "crop.nii.gz").volume;
  // 20 degrees about the third axis and 10 about the first, at 3 mm.
  const double a = 0.349, b = 0.1745;
  oblique.geometry.affine_ras.linear = {{{3 * std::cos(a), -3 * std::sin(a) * std::cos(b), 3 * std::sin(a) * std::sin(b)},
                                         {3 * std::sin(a), 3 * std::cos(a) * std::cos(b), -3 * std::cos(a) * std::sin(b)},
                                         {0, 3 * std::sin(b), 3 * std::cos(b)}}};
  ExpectSameLabelsInEveryOrientation(oblique);
}

TEST_F(ServedParityNetwork, IsBitIdenticalFromRunToRun) {
  const std::vector<std::byte> file = BytesOfFile(TestData() / "ct" / "slab_14.nii.gz");
  const Answer first = SegmentFile(*client_, file);
  for (int run = 0; run < 3; ++run) EXPECT_EQ(SegmentFile(*client_, file).file, first.file);
}

}  // namespace
}  // namespace tuckerseg
