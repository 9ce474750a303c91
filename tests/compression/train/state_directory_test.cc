#include "compression/train/state_directory.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

TEST(StateDirectory, LiesBesideTheOutputHoweverThatIsWritten) {
  const fs::path here = fs::current_path();
  for (const char* output : {"mine", "mine/", "./mine//", "mine/.", "other/../mine"}) {
    EXPECT_EQ(StateDirectory(output, "", ".training", "--training-directory"), here / "mine.training") << output;
  }
  EXPECT_EQ(StateDirectory(".", "", ".training", "--training-directory"), here.string() + ".training");
}

TEST(StateDirectory, LiesWhereItIsToLieOutsideTheOutput) {
  for (const char* chosen : {"state/", "mine2", "other/mine", "."}) EXPECT_EQ(StateDirectory("mine", chosen, ".training", "--training-directory"), WholePath(chosen));
  for (const char* chosen : {"mine", "mine/", "mine/state", "other/../mine/state"}) {
    ExpectError(ErrorCode::kInvalidArgument, "--training-directory: lies in what is written at the end: must lie outside",
                [&] { StateDirectory("./mine/", chosen, ".training", "--training-directory"); });
  }
}

}  // namespace
}  // namespace tuckerseg
