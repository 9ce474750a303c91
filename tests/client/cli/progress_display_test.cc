#include "client/cli/progress_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::Progress Patches(uint64_t done, uint64_t total) {
  v1::Progress progress;
  progress.set_stage(v1::STAGE_INFER);
  progress.set_patches_done(done);
  progress.set_patches_total(total);
  progress.set_fraction(static_cast<double>(done) / static_cast<double>(total));
  return progress;
}

TEST(ProgressDisplay, WritesPlainLinesWhereNobodyWatches) {
  std::ostringstream out;
  ProgressDisplay display(ProgressDisplay::Style::kLines, out);
  display.Sent(1 << 20, 2 << 20);
  display.Progress(Patches(4, 8));
  EXPECT_THAT(out.str(), HasSubstr("sending: 1.0 MiB of 2.0 MiB\n"));
  EXPECT_THAT(out.str(), HasSubstr("segmenting: patch 4 of 8"));
  EXPECT_THAT(out.str(), Not(HasSubstr("\r")));
}

TEST(ProgressDisplay, SaysThatTheAnswerIsMade) {
  std::ostringstream out;
  ProgressDisplay display(ProgressDisplay::Style::kLines, out);
  v1::Progress progress = Patches(8, 8);
  progress.set_stage(v1::STAGE_ENCODE);
  display.Progress(progress);
  EXPECT_EQ(out.str(), "making the answer\n");
}

TEST(ProgressDisplay, SaysThatACallIsSentAgain) {
  std::ostringstream out;
  ProgressDisplay display(ProgressDisplay::Style::kLines, out);
  display.Again(2);
  EXPECT_THAT(out.str(), HasSubstr("sending again: the server or the connection was lost, or the server is starting; attempt 2\n"));
}

TEST(ProgressDisplay, WritesALineForEachTenthOnly) {
  std::ostringstream out;
  ProgressDisplay display(ProgressDisplay::Style::kLines, out);
  for (uint64_t done = 0; done <= 1000; ++done) display.Progress(Patches(done, 1000));
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);
}

TEST(ProgressDisplay, DrawsABarOnATerminalAndRemovesIt) {
  std::ostringstream out;
  {
    ProgressDisplay display(ProgressDisplay::Style::kBar, out);
    display.Progress(Patches(4, 8));
    EXPECT_THAT(out.str(), HasSubstr("segmenting [################................] 50 %  patch 4 of 8"));
  }
  EXPECT_THAT(out.str(), testing::EndsWith("\r\033[K"));
}

TEST(ProgressDisplay, SaysNothingWhenQuiet) {
  std::ostringstream out;
  {
    ProgressDisplay display(ProgressDisplay::Style::kQuiet, out);
    display.Sent(1, 2);
    display.Accepted({});
    display.Progress(Patches(1, 2));
  }
  EXPECT_EQ(out.str(), "");
}

TEST(ProgressDisplay, SaysWhoIsBefore) {
  std::ostringstream out;
  ProgressDisplay display(ProgressDisplay::Style::kLines, out);
  v1::Accepted accepted;
  accepted.set_variant("original");
  accepted.set_device("cpu");
  accepted.set_queue_position(3);
  display.Accepted(accepted);
  EXPECT_EQ(out.str(), "accepted: original on cpu, 3 before this one\n");
}

}  // namespace
}  // namespace tuckerseg
