#include "compression/train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compression/train/training_log.h"
#include "engine/model/safetensors.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class Checkpoint : public testing::Test {
 protected:
  static TrainingCheckpoint At(int64_t step) {
    return {step, Json{{"--seed", 4}, {"steps", 100}}, Json{{"best", 0.1}}, RandomWeights(TinyUnet(2, 3), "weights.", static_cast<unsigned>(step))};
  }
  const TemporaryDirectory folder_;
};

TEST_F(Checkpoint, ComesBackAsItWas) {
  EXPECT_FALSE(LoadCheckpoint(folder_.path() / "none").has_value());
  SaveCheckpoint(At(7), folder_.path() / "new");
  const auto back = LoadCheckpoint(folder_.path() / "new");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->step, 7);
  EXPECT_EQ(back->settings, At(7).settings);
  EXPECT_EQ(back->progress, At(7).progress);
  EXPECT_EQ(EncodeSafetensors(back->tensors), EncodeSafetensors(At(7).tensors));
}

TEST_F(Checkpoint, TakesThePlaceOfTheOneBefore) {
  SaveCheckpoint(At(7), folder_.path());
  SaveCheckpoint(At(8), folder_.path());
  EXPECT_EQ(LoadCheckpoint(folder_.path())->step, 8);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "checkpoint-7.safetensors"));
}

TEST_F(Checkpoint, StaysWhereTheNextOneWasCutByAKill) {
  SaveCheckpoint(At(7), folder_.path());
  folder_.Write("checkpoint-8.safetensors", "half a fi");  // tensors are there, checkpoint.json is not yet
  folder_.Write("checkpoint.json.tmp", "{");
  EXPECT_EQ(LoadCheckpoint(folder_.path())->step, 7);
}

TEST_F(Checkpoint, ThatIsDamagedIsRefused) {
  SaveCheckpoint(At(7), folder_.path());
  const std::string state = FileText(folder_.path() / "checkpoint.json");
  std::string tensors = FileText(folder_.path() / "checkpoint-7.safetensors");
  tensors[tensors.size() / 2] = static_cast<char>(tensors[tensors.size() / 2] ^ 1);
  folder_.Write("checkpoint-7.safetensors", tensors);
  ExpectError(ErrorCode::kDataLoss, "checkpoint-7.safetensors has another checksum", [&] { LoadCheckpoint(folder_.path()); });
  std::filesystem::remove(folder_.path() / "checkpoint-7.safetensors");
  ExpectError(ErrorCode::kDataLoss, "checkpoint-7.safetensors is missing", [&] { LoadCheckpoint(folder_.path()); });
  folder_.Write("checkpoint.json", state.substr(0, state.size() / 2));
  ExpectError(ErrorCode::kDataLoss, "checkpoint: checkpoint.json", [&] { LoadCheckpoint(folder_.path()); });
}

TEST_F(Checkpoint, OfAnotherMakeIsRefused) {
  folder_.Write("checkpoint.json", R"({"epoch": 3})");
  ExpectError(ErrorCode::kDataLoss, "checkpoint.format_version: missing", [&] { LoadCheckpoint(folder_.path()); });
  folder_.Write("checkpoint.json", R"({"format_version": 2})");
  ExpectError(ErrorCode::kDataLoss, "must be 1", [&] { LoadCheckpoint(folder_.path()); });
  folder_.Write("checkpoint.json", R"({"format_version": 1, "step": 1, "tensors": "../../x", "tensors_sha256": "", "settings": {}})");
  ExpectError(ErrorCode::kDataLoss, "tensors = ../../x", [&] { LoadCheckpoint(folder_.path()); });
}

TEST_F(Checkpoint, OfOtherSettingsIsRefusedByName) {
  CheckSameSettings({{"--seed", 4}, {"steps", 100}}, {{"--seed", 4}});
  ExpectError(ErrorCode::kFailedPrecondition, "--seed = 5: must be 4, as this training began", [] { CheckSameSettings({{"--seed", 4}}, {{"--seed", 5}}); });
  const auto digest = [](char c) { return Json{{"--data", std::string(64, c)}}; };
  ExpectError(ErrorCode::kFailedPrecondition, "--data: is not what this training began with: must be the same, or delete its training directory",
              [&] { CheckSameSettings(digest('a'), digest('b')); });
  ExpectError(ErrorCode::kFailedPrecondition, "--batch = 2: must be nothing", [] { CheckSameSettings({{"--seed", 4}}, {{"--batch", 2}}); });
}

TEST_F(Checkpoint, CannotBeWrittenWhereAFileIsInTheWay) {
  folder_.Write("file", "");
  ExpectError(ErrorCode::kInternal, "training directory", [&] { SaveCheckpoint(At(1), folder_.path() / "file"); });
}

class Log : public Checkpoint {};

TEST_F(Log, KeepsTheLinesOfTheCheckpointAndDropsLaterAndCutOnes) {
  const auto path = folder_.path() / "log.csv";
  {
    TrainingLog log(path, 0);
    for (int64_t step = 1; step <= 4; ++step) log.Add({step, 1, 0.5, step == 2 ? std::optional(0.25) : std::nullopt, {}, 0.01, 1.5 * static_cast<double>(step)});
  }
  EXPECT_EQ(FileText(path), "step,epoch,loss,dice,lr,seconds\n1,1,0.5,,0.01,1.50\n2,1,0.5,0.250000,0.01,3.00\n3,1,0.5,,0.01,4.50\n4,1,0.5,,0.01,6.00\n");
  std::ofstream(path, std::ios::app) << "5,1,0.";
  TrainingLog log(path, 2);
  EXPECT_EQ(log.seconds_before(), 3);
  log.Add({3, 2, 0.125, {}, {}, 0.001, 5});
  EXPECT_EQ(FileText(path), "step,epoch,loss,dice,lr,seconds\n1,1,0.5,,0.01,1.50\n2,1,0.5,0.250000,0.01,3.00\n3,2,0.125,,0.001,5.00\n");
}

TEST_F(Log, DropsALineThatAKillCut) {
  const auto path = folder_.Write("log.csv", "step,epoch,loss,dice,lr,seconds\n1,1,0.5,,0.01,1.50\n2,1,0.");
  const TrainingLog log(path, 5);
  EXPECT_EQ(FileText(path), "step,epoch,loss,dice,lr,seconds\n1,1,0.5,,0.01,1.50\n");
}

}  // namespace
}  // namespace tuckerseg
