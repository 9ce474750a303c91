#include "compression/train/training_log.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "compression/train/checkpoint.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

std::string HeaderOf(const std::vector<std::string>& levels) {
  std::string header = "step,epoch,loss,dice";
  for (const std::string& level : levels) header += ",dice_" + level;
  return header + ",lr,seconds";
}

std::string Number(const char* format, double value) {
  char text[40];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

void CheckWritten(const std::ofstream& file) {
  if (!file) throw Error(ErrorCode::kInternal, "log.csv: cannot be written; is there room on the disk?");
}

}  // namespace

TrainingLog::TrainingLog(const std::filesystem::path& path, int64_t step, const std::vector<std::string>& levels) : levels_(levels.size()) {
  const std::string header = HeaderOf(levels);
  std::string kept = header + "\n";
  std::ifstream before(path);
  std::string line;
  std::getline(before, line);
  if (line == header) {
    // A line that was cut when the program was killed has no end, and getline meets the end of the file behind it.
    while (std::getline(before, line) && !before.eof()) {
      if (std::strtoll(line.c_str(), nullptr, 10) > step) break;
      kept += line + "\n";
      seconds_before_ = std::strtod(line.c_str() + line.rfind(',') + 1, nullptr);
    }
  }
  before.close();
  WriteDurably(path, std::as_bytes(std::span<const char>(kept)));
  file_.open(path, std::ios::app);
  CheckWritten(file_);
}

void TrainingLog::Add(const LogLine& line) {
  file_ << line.step << ',' << line.epoch << ',';
  if (line.loss) file_ << Number("%.17g", *line.loss);
  file_ << ',';
  if (line.dice) file_ << Number("%.6f", *line.dice);
  for (size_t level = 0; level < levels_; ++level) {
    file_ << ',';
    if (level < line.by_level.size()) file_ << Number("%.6f", line.by_level[level]);
  }
  file_ << ',' << Number("%.9g", line.learning_rate) << ',' << Number("%.2f", line.seconds) << std::endl;
  CheckWritten(file_);
}

}  // namespace tuckerseg
