/// Trainings that are stopped on their way, for tests that compare them with those that were not.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "compression/train/training_progress.h"
#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {

/// log.csv without the seconds, the only column that may differ.
inline std::string Curve(const std::filesystem::path& log) {
  std::istringstream lines(FileText(log));
  std::string curve;
  for (std::string line; std::getline(lines, line);) curve += line.substr(0, line.rfind(',')) + "\n";
  return curve;
}

/// Collects behind which steps runs go on: one that begins anew is not among them.
inline TrainingSink ResumesInto(std::vector<int64_t>& resumes) {
  return [&resumes](const TrainingProgress& progress) {
    if (progress.kind == TrainingProgress::Kind::kResumed) resumes.push_back(progress.done);
  };
}

/// Stops a training from within, as a kill would: behind this step nothing is written.
struct Killed {};
inline TrainingSink KillAt(int64_t step, TrainingSink told = {}) {
  return [step, told](const TrainingProgress& progress) {
    if (told) told(progress);
    if (progress.kind == TrainingProgress::Kind::kStep && progress.done == step) throw Killed{};
  };
}

/// Starts `program ARGUMENTS` in `folder`, and kills it once `log` has that many lines.
inline void StartAndKill(const std::string& program, const std::string& arguments, const std::filesystem::path& folder,
                         const std::filesystem::path& log, int64_t lines) {
  const auto count = [&log] {
    const std::string text = FileText(log);
    return std::count(text.begin(), text.end(), '\n');
  };
  const std::string start = "cd " + folder.string() + " && (" + program + " " + arguments + " & echo $! > pid)";
  ASSERT_EQ(std::system(start.c_str()), 0);
  for (int i = 0; i < 6000 && count() < lines; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(kill(std::stoi(FileText(folder / "pid")), SIGKILL), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

}  // namespace tuckerseg
