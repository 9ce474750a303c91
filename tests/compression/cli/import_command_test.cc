/// `tuckerseg-compress import` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/model/bundle.h"
#include "tests/engine/model/result_folder_builder.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ImportCommand : public testing::Test {
 protected:
  ImportCommand() {
    WriteResultFolder(folder_.path() / "results" / "Dataset001_Mine" / "nnUNetTrainer__nnUNetPlans__3d_fullres", NewPlans(), SmallDataset(), {"0", "1"});
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, arguments, folder_.path()); }

  const TemporaryDirectory folder_;
};

TEST_F(ImportCommand, WritesABundleAndSaysWhatIsInIt) {
  const Outcome outcome = Run("import --nnunet results/Dataset001_Mine -o models/mine");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("models/mine: task Dataset001_Mine, 2 structures, nnU-Net's own pipeline\n"));
  EXPECT_THAT(outcome.out, HasSubstr("fold 0,1"));
  EXPECT_EQ(LoadBundle(folder_.path() / "models" / "mine").model.task, "Dataset001_Mine");
}

TEST_F(ImportCommand, TakesTheFoldsThatAreNamedAndPrintsJson) {
  const auto json = nlohmann::json::parse(Run("import --nnunet results/Dataset001_Mine --folds 1 -o mine --json").out);
  EXPECT_EQ(json.at("labels"), 2);
  EXPECT_EQ(json.at("parts").at(0).at("folds"), nlohmann::json({"1"}));
}

TEST_F(ImportCommand, EndsWithStatus1AndOneLineWhenItCannotImport) {
  ExpectFailure(Run("import --nnunet none -o mine"), 1, "--nnunet: no such folder");
  ExpectFailure(Run("import --nnunet results/Dataset001_Mine --folds 7 -o mine"), 1, "fold 7");
  ExpectFailure(Run("import --nnunet results/Dataset001_Mine --task brain -o mine"), 1, "brain");
  ExpectFailure(Run("import --nnunet results/Dataset001_Mine -o results"), 1, "results is there and no empty directory: must be a new or empty one");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "mine"));
}

TEST_F(ImportCommand, EndsWithStatus2AndOneLineWhenItIsUsedWrongly) {
  ExpectFailure(Run(""), 2, "--help");
  ExpectFailure(Run("dance"), 2, "dance");
  ExpectFailure(Run("import -o mine"), 2, "--nnunet");
  ExpectFailure(Run("import --nnunet results"), 2, "--output");
}

}  // namespace
}  // namespace tuckerseg
