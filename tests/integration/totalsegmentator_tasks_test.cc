/// Tasks of several networks, structures on request and statistics, through a running server, against TotalSegmentator's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "engine/execute/torch/torch_executor.h"
#include "engine/model/json_text.h"
#include "engine/model/nnunet_import.h"
#include "tests/integration/golden_files.h"
#include "tests/integration/segment_file.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

constexpr int kThreads = 2;

/// A server of one task, imported from the results root.
std::unique_ptr<ServedModel> Serve(const std::string& task, Accumulation accumulation = Accumulation::kFloat32) {
  ServedOptions options;
  options.config.accumulation = accumulation;
  options.config.threads = kThreads;
  options.config.memory_limit_bytes = int64_t{16} << 30;
  options.bundles = {ImportNnunet(TestData() / "totalsegmentator", {.task = task})};
  options.executor = TorchExecutorFactory("cpu", kThreads);
  return std::make_unique<ServedModel>(std::move(options));
}

v1::SegmentHeader Asking(const std::vector<std::string>& structures, v1::Crop crop) {
  v1::SegmentHeader header;
  for (const std::string& structure : structures) header.add_structures(structure);
  header.mutable_processing()->set_crop(crop);
  return header;
}

double EqualShare(const Answer& answer, const std::filesystem::path& golden) {
  return Compare(LabelsOf(answer.label_map.volume), LabelsOf(ReadNiftiFile(golden).volume)).equal_share;
}

/// The networks are random, so that logits lie close together: where patches have corners of their own, the original's sums in half
/// precision decide otherwise than exact ones.
TEST(TotalsegmentatorTasks, TotalMergesItsFiveNetworksAsTheOriginalDoes) {
  SKIP_WITHOUT_TEST_DATA();
  const auto server = Serve("total", Accumulation::kReference);
  Client client(server->address());
  const Answer answer = SegmentFile(client, BytesOfFile(TestData() / "ct" / "crop.nii.gz"));
  const double equal = EqualShare(answer, TestData() / "golden" / "total" / "crop.nii.gz");
  std::cout << "equal " << equal << "\n";
  EXPECT_GE(equal, 0.999);
  EXPECT_GT(answer.summary.volumes_size(), 5) << "structures of several parts";
}

TEST(TotalsegmentatorTasks, RunsOnlyThePartOfTotalThatKnowsTheStructuresAskedFor) {
  SKIP_WITHOUT_TEST_DATA();
  const auto server = Serve("total");
  Client client(server->address());
  const Answer sternum = SegmentFile(client, BytesOfFile(TestData() / "ct" / "crop.nii.gz"), Asking({"sternum"}, v1::CROP_NONE));
  const std::vector<uint16_t> ours = LabelsOf(sternum.label_map.volume);
  for (const uint16_t label : ours) ASSERT_TRUE(label == 0 || label == 116) << label;
  // No part comes after the one that knows the sternum, and covers it.
  const Agreement agreement = Compare(ours, LabelsOf(ReadNiftiFile(TestData() / "golden" / "total" / "crop.nii.gz").volume));
  std::cout << "sternum: Dice " << agreement.Dice(116) << "\n";
  if (agreement.golden_voxels.contains(116)) {
    EXPECT_GE(agreement.Dice(116), 0.99);
  }
}

class ServedTotalFast : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!std::filesystem::exists(TestData() / "totalsegmentator")) return;
    server_ = Serve("total_fast");
    client_ = std::make_unique<Client>(server_->address());
  }
  static void TearDownTestSuite() {
    client_.reset();
    server_.reset();
  }
  void SetUp() override { SKIP_WITHOUT_TEST_DATA(); }

  static std::unique_ptr<ServedModel> server_;
  static std::unique_ptr<Client> client_;
};
std::unique_ptr<ServedModel> ServedTotalFast::server_;
std::unique_ptr<Client> ServedTotalFast::client_;

TEST_F(ServedTotalFast, CropsToStructuresAskedForAsRoiSubsetDoes) {
  const Answer answer = SegmentFile(*client_, BytesOfFile(TestData() / "ct" / "oblique_2mm.nii.gz"),
                                    Asking({"kidney_right", "aorta", "liver"}, v1::CROP_ROBUST));
  EXPECT_EQ(answer.summary.crop_task(), "total_fast");
  const NiftiVolume golden = ReadNiftiFile(TestData() / "golden" / "total_fast" / "oblique_2mm_subset_robust.nii.gz");
  const Agreement agreement = Compare(LabelsOf(answer.label_map.volume), LabelsOf(golden.volume));
  std::cout << "equal " << agreement.equal_share << "\n";
  EXPECT_GE(agreement.equal_share, 0.999);
  for (const int label : {2, 5, 52}) EXPECT_GE(agreement.Dice(label), 0.99) << label;
}

TEST_F(ServedTotalFast, MeasuresAsTheOriginalsStatisticsDo) {
  v1::SegmentHeader header;
  header.mutable_output()->set_statistics(true);
  header.mutable_output()->set_exclude_incomplete(true);
  const Answer answer = SegmentFile(*client_, BytesOfFile(TestData() / "ct" / "oblique_2mm.nii.gz"), header);
  std::ifstream file(TestData() / "golden" / "total_fast" / "oblique_2mm_statistics.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Json golden = ParseJson(text, "golden");
  ASSERT_EQ(answer.summary.statistics_size(), static_cast<int>(golden.size()));
  int measured = 0;
  for (const v1::StructureStatistics& structure : answer.summary.statistics()) {
    const Json& expected = golden.at(structure.name());
    const double volume = expected.at("volume").get<double>();
    EXPECT_NEAR(structure.volume_mm3(), volume, 0.005 * volume) << structure.name();
    EXPECT_NEAR(structure.mean_hu(), expected.at("intensity").get<double>(), 0.5) << structure.name();
    if (volume > 0) ++measured;
  }
  EXPECT_EQ(measured, 4) << "the others touch the border, or are not there";
}

}  // namespace
}  // namespace tuckerseg
