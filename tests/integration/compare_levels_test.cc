/// `tuckerseg compare` against `tuckerseg-server`, both as programs, with the model of this repository and a phantom whose truth is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/demo_files.h"
#include "tests/integration/program.h"
#include "tests/integration/server_process.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class CompareLevels : public testing::Test {
 protected:
  CompareLevels() {
    CopyDemoModel(folder_);
    DrawPhantom(folder_, "--seed 31 --labels truth.nii.gz");  // which the model has not seen
    const std::filesystem::path config = directory_.Write("server.json", WithoutDrainDelay());
    server_.emplace(std::vector<std::string>{"--models", folder_ / "models", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--config", config});
    const auto serving = server_->WaitForEvent("serving");
    if (serving) address_ = "127.0.0.1:" + std::to_string(serving->at("port").get<int>());
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_CLIENT, arguments + " --quiet --server " + address_, folder_); }

  const TemporaryDirectory directory_;
  const std::filesystem::path& folder_ = directory_.path();
  std::optional<ServerProcess> server_;
  std::string address_;
};

TEST_F(CompareLevels, TellsWhatEachGivesUpAndLeavesItsLabelMap) {
  ASSERT_NE(address_, "") << server_->Errors();
  const Outcome outcome = Run("compare ct.nii.gz --levels original,0.5,0.33 --reference truth.nii.gz -o maps --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto levels = nlohmann::json::parse(outcome.out).at("levels");
  ASSERT_EQ(levels.size(), 3U);
  const std::vector<std::string> names{"original", "elastic-0.5", "elastic-0.33"};
  for (size_t i = 0; i < names.size(); ++i) {
    const nlohmann::json& level = levels[i];
    EXPECT_EQ(level.at("level"), names[i]);
    EXPECT_EQ(level.at("device"), "cpu");
    EXPECT_GT(level.at("seconds"), 0);
    EXPECT_GT(level.at("mean_dice"), i == 0 ? 0.999 : 0.7);
    EXPECT_GT(level.at("equal_share"), 0.9) << "most of a trunk is what all levels say it is";
    EXPECT_GT(level.at("reference").at("mean_dice"), 0.6);
    EXPECT_GE(level.at("reference").at("structures").size(), 15U) << "a trunk holds that many";
  }
  EXPECT_GT(levels[0].at("reference").at("mean_dice"), 0.75) << "as demo_model_test has it without a server";

  ASSERT_EQ(Run("segment ct.nii.gz -o alone.nii.gz --level 0.33").status, 0);
  EXPECT_TRUE(FileText(folder_ / "maps" / "elastic-0.33.nii.gz") == FileText(folder_ / "alone.nii.gz")) << "what segment makes at this level";
  for (const std::string& name : names) EXPECT_TRUE(std::filesystem::exists(folder_ / "maps" / (name + ".nii.gz"))) << name;
}

TEST_F(CompareLevels, IsOneLineOfTheServersLog) {
  ASSERT_NE(address_, "") << server_->Errors();
  const Outcome outcome = Run("compare ct.nii.gz --levels original,0.33");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("elastic-0.33"));
  const auto line = server_->WaitForEvent("segment");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->at("method"), "Compare");
  EXPECT_EQ(line->at("code"), "OK");
  EXPECT_EQ(line->at("variant"), "original, elastic-0.33");
  EXPECT_EQ(line->at("levels").size(), 2U);
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->WaitForEnd(), 0);
}

}  // namespace
}  // namespace tuckerseg
