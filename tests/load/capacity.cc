#include "tests/load/capacity.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/error.h"

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

Capacity MeasureCapacity(Client& client, const std::string& task, std::span<const VolumeFile> volumes, const AnswerBook& book, int rounds) {
  std::vector<std::vector<double>> seconds(volumes.size());
  // Round by round, so that a machine that is busy for a while is so for all volumes alike.
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < volumes.size(); ++i) {
      const UnloadedAnswer answer = AskUnloaded(client, task, volumes[i], kOriginal);
      const UnloadedAnswer* right = book.Find(volumes[i].name, kOriginal);
      if (right == nullptr || right->sha256 != answer.sha256) {
        throw Error(ErrorCode::kInternal, "server: has given two label maps for volume " + volumes[i].name + " at original without load: must be one");
      }
      seconds[i].push_back(answer.seconds);
    }
  }
  Capacity capacity;
  for (std::vector<double>& of_volume : seconds) capacity.unloaded_s.push_back(Median(std::move(of_volume)));
  capacity.per_s = RequestsPerSecond(volumes, capacity.unloaded_s);
  return capacity;
}

}  // namespace tuckerseg::load
