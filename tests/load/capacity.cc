#include "tests/load/capacity.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "engine/error.h"
#include "tests/load/workload.h"

namespace tuckerseg::load {
namespace {

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

double RequestsPerSecond(std::span<const VolumeFile> volumes, std::span<const double> unloaded_s) {
  double shares = 0;
  double seconds = 0;
  for (size_t i = 0; i < volumes.size(); ++i) {
    shares += volumes[i].share;
    seconds += volumes[i].share * unloaded_s[i];
  }
  return shares / seconds;
}

std::string FastestChoosable(std::span<const ListedLevel> levels, std::span<const VolumeFile> volumes, const AnswerBook& book) {
  const auto seconds = [&](const std::string& level) {
    double sum = 0;
    for (const VolumeFile& volume : volumes) {
      const UnloadedAnswer* answer = book.Find(volume.name, level);
      if (answer == nullptr) return std::numeric_limits<double>::infinity();
      sum += volume.share * answer->seconds;
    }
    return sum;
  };
  std::string fastest = kOriginal;
  for (const ListedLevel& level : levels)
    if (level.quality && seconds(level.name) < seconds(fastest)) fastest = level.name;
  return fastest;
}

Capacity MeasureCapacity(Client& client, const std::string& task, std::span<const VolumeFile> volumes, std::span<const ListedLevel> levels, const AnswerBook& book, int rounds) {
  Capacity capacity;
  capacity.level = FastestChoosable(levels, volumes, book);
  std::map<std::string, std::vector<std::vector<double>>> seconds;  // by level and volume
  // Round by round, so that a machine that is busy for a while is so for all volumes and both levels alike.
  for (int round = 0; round < rounds; ++round) {
    for (const std::string& level : std::set<std::string>{kOriginal, capacity.level}) {
      seconds[level].resize(volumes.size());
      for (size_t i = 0; i < volumes.size(); ++i) {
        const UnloadedAnswer answer = AskUnloaded(client, task, volumes[i], level);
        const UnloadedAnswer* right = book.Find(volumes[i].name, level);
        if (right == nullptr || right->sha256 != answer.sha256) {
          throw Error(ErrorCode::kInternal, "server: has given two label maps for volume " + volumes[i].name + " at " + level + " without load: must be one");
        }
        seconds[level][i].push_back(answer.seconds);
      }
    }
  }
  const auto medians = [&](const std::string& level) {
    std::vector<double> of_volumes;
    for (const std::vector<double>& of_volume : seconds.at(level)) of_volumes.push_back(Median(of_volume));
    return of_volumes;
  };
  capacity.unloaded_s = medians(kOriginal);
  capacity.original_per_s = RequestsPerSecond(volumes, capacity.unloaded_s);
  capacity.per_s = RequestsPerSecond(volumes, medians(capacity.level));
  return capacity;
}

}  // namespace tuckerseg::load
