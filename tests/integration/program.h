/// Runs one of the programs as a shell does, and checks how it fails.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

/// `program ARGUMENTS < input` in `folder`, where the files `out` and `err` are left.
inline Outcome RunProgram(const std::string& program, const std::string& arguments, const std::filesystem::path& folder,
                          const std::string& input = "/dev/null") {
  const std::string command = "cd " + folder.string() + " && " + program + " " + arguments + " > out 2> err < " + input;
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), FileText(folder / "out"), FileText(folder / "err")};
}

/// The same with its standard output on a disk that is full. /dev/full must be there.
inline Outcome RunOnAFullDisk(const std::string& program, const std::string& arguments, const std::filesystem::path& folder) {
  return RunProgram("{ " + program, arguments + " > /dev/full; }", folder);
}

/// One line `error: ...` with `message` in it, the exit status, nothing on standard output.
inline void ExpectFailure(const Outcome& outcome, int status, const std::string& message) {
  EXPECT_EQ(outcome.status, status) << outcome.err;
  EXPECT_THAT(outcome.err, testing::StartsWith("error: "));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_THAT(outcome.err, testing::HasSubstr(message));
  EXPECT_EQ(outcome.out, "");
}

}  // namespace tuckerseg
