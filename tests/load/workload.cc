#include "tests/load/workload.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "engine/error.h"
#include "engine/model/json_fields.h"
#include "server/known_keys.h"

namespace tuckerseg::load {
namespace {

constexpr double kLongestS = 7 * 24 * 3600;
constexpr int kMostThreads = 4096;
constexpr int kLowestPriority = -10;
constexpr int kHighestPriority = 10;

double NumberIn(const JsonField& field, double low, double high) {
  const double number = field.Number();
  if (number >= low && number <= high) return number;
  std::ostringstream right;
  right << "must be in [" << low << ", " << high << "]";
  field.Refuse(right.str());
}

double PositiveUpTo(const JsonField& field, double high) {
  const double number = field.Number();
  if (number > 0 && number <= high) return number;
  std::ostringstream right;
  right << "must be above 0 and at most " << high;
  field.Refuse(right.str());
}

double ShareOf(const JsonField& field) { return PositiveUpTo(field, 1e6); }

Range RangeIn(const JsonField& field, double low, double high) {
  if (field.Size() != 2) field.Refuse("must be two numbers");
  const Range range{NumberIn(field.At(size_t{0}), low, high), NumberIn(field.At(1), low, high)};
  if (range.low > range.high) field.Refuse("must be two numbers, the lower one first");
  return range;
}

Range SecondsRange(const JsonField& field) { return RangeIn(field, 0, kLongestS); }

/// A list of at least one.
template <typename Read>
auto Some(const JsonField& field, Read&& read) {
  auto list = field.Each(read);
  if (list.empty()) field.Refuse("must have at least one entry");
  return list;
}

Spacing3 SpacingOf(const JsonField& field) {
  if (!field.json().is_array()) {
    const double spacing_mm = PositiveUpTo(field, 20);
    return {spacing_mm, spacing_mm, spacing_mm};
  }
  const Spacing3 spacing_mm = field.Numbers3();
  for (size_t axis = 0; axis < 3; ++axis) PositiveUpTo(field.At(axis), 20);
  return spacing_mm;
}

VolumeWish ReadVolume(const JsonField& field) {
  VolumeWish volume;
  volume.name = field.At("name").Text();
  if (volume.name.empty() || volume.name.find_first_of(",\"\n") != std::string::npos) field.At("name").Refuse("must have a character, and no comma, quote or line break");
  ReadKeys(field, {{"name", [](const JsonField&) {}},
                   {"share", [&](const JsonField& value) { volume.share = ShareOf(value); }},
                   {"seed", [&](const JsonField& value) { volume.phantom.seed = static_cast<uint64_t>(value.Integer(0, int64_t{1} << 53)); }},
                   {"spacing_mm", [&](const JsonField& value) { volume.phantom.spacing_mm = SpacingOf(value); }},
                   {"shape", [&](const JsonField& value) { volume.phantom.shape = value.Integers3(1, 4096); }}});
  return volume;
}

LevelWish ReadLevel(const JsonField& field) {
  LevelWish wish;
  wish.level = field.At("level").Text();
  ReadKeys(field, {{"level", [](const JsonField&) {}},
                   {"share", [&](const JsonField& value) { wish.share = ShareOf(value); }},
                   {"min_quality", [&](const JsonField& value) { wish.min_quality = NumberIn(value, 0, 1); }},
                   {"max_latency_s", [&](const JsonField& value) { wish.max_latency_s = PositiveUpTo(value, kLongestS); }}});
  if (!wish.automatic() && (wish.min_quality > 0 || wish.max_latency_s)) {
    field.At("level").Refuse("must be auto where min_quality or max_latency_s is given");
  }
  return wish;
}

DeadlineWish ReadDeadline(const JsonField& field) {
  DeadlineWish wish;
  const auto take = [&](DeadlineWish::Unit unit, const Range& range) {
    wish.unit = unit;
    wish.range = range;
  };
  ReadKeys(field, {{"share", [&](const JsonField& value) { wish.share = ShareOf(value); }},
                   {"seconds", [&](const JsonField& value) { take(DeadlineWish::Unit::kSeconds, SecondsRange(value)); }},
                   {"times_unloaded", [&](const JsonField& value) { take(DeadlineWish::Unit::kTimesUnloaded, RangeIn(value, 0, 1e6)); }}});
  if (field.Has("seconds") && field.Has("times_unloaded")) field.Refuse("must have one of seconds and times_unloaded, or none for no deadline");
  return wish;
}

PriorityWish ReadPriority(const JsonField& field) {
  PriorityWish wish{.priority = static_cast<int>(field.At("priority").Integer(kLowestPriority, kHighestPriority))};
  ReadKeys(field, {{"priority", [](const JsonField&) {}}, {"share", [&](const JsonField& value) { wish.share = ShareOf(value); }}});
  return wish;
}

RequestRate ReadRate(const JsonField& field) {
  RequestRate rate;
  ReadKeys(field, {{"factor", [&](const JsonField& value) { rate = {PositiveUpTo(value, 1000), true}; }},
                   {"rate_per_s", [&](const JsonField& value) { rate = {PositiveUpTo(value, 1e5), false}; }}});
  if (field.Has("factor") == field.Has("rate_per_s")) field.Refuse("must have one of factor and rate_per_s");
  return rate;
}

Promises ReadPromises(const JsonField& field) {
  Promises promises;
  ReadKeys(field, {{"kept_share", [&](const JsonField& value) { promises.kept_share = NumberIn(value, 0, 1); }},
                   {"gain", [&](const JsonField& value) { promises.gain = NumberIn(value, 0, 1000); }},
                   {"resident_growth", [&](const JsonField& value) { promises.resident_growth = NumberIn(value, 0, 10); }},
                   {"warm_up_s", [&](const JsonField& value) { promises.warm_up_s = NumberIn(value, 0, kLongestS); }}});
  return promises;
}

/// `share` is of all requests here, not in units of a sum.
void ReadClients(const JsonField& field, const char* range_key, double& share, Range& range) {
  share = NumberIn(field.At("share"), 0, 1);
  range = SecondsRange(field.At(range_key));
  ReadKeys(field, {{"share", [](const JsonField&) {}}, {range_key, [](const JsonField&) {}}});
}

void CheckNames(const JsonField& field, const std::vector<VolumeWish>& volumes) {
  std::set<std::string> names;
  for (size_t i = 0; i < volumes.size(); ++i)
    if (!names.insert(volumes[i].name).second) field.At(i).At("name").Refuse("must be another name than that of the volumes before");
}

}  // namespace

bool Workload::automatic() const {
  return std::all_of(levels.begin(), levels.end(), [](const LevelWish& wish) { return wish.automatic(); });
}

Workload Workload::AtLevel(const std::string& level) const {
  Workload other = *this;
  std::erase_if(other.levels, [&](const LevelWish& wish) { return level != kAuto || !wish.automatic(); });
  if (other.levels.empty()) other.levels.push_back({.level = level});
  return other;
}

Workload ParseWorkload(std::string_view text) {
  const Json json = ParseJson(text, "workload");
  const JsonField root(json, "workload");
  Workload workload;
  root.At("format_version").Integer(1, 1);
  workload.duration_s = PositiveUpTo(root.At("duration_s"), kLongestS);
  workload.rate = ReadRate(root.At("load"));
  workload.volumes = Some(root.At("volumes"), ReadVolume);
  CheckNames(root.At("volumes"), workload.volumes);
  ReadKeys(root, {{"format_version", [](const JsonField&) {}},
                  {"duration_s", [](const JsonField&) {}},
                  {"load", [](const JsonField&) {}},
                  {"volumes", [](const JsonField&) {}},
                  {"seed", [&](const JsonField& value) { workload.seed = static_cast<uint64_t>(value.Integer(0, int64_t{1} << 53)); }},
                  {"task", [&](const JsonField& value) { workload.task = value.Text(); }},
                  {"levels", [&](const JsonField& value) { workload.levels = Some(value, ReadLevel); }},
                  {"deadlines", [&](const JsonField& value) { workload.deadlines = Some(value, ReadDeadline); }},
                  {"priorities", [&](const JsonField& value) { workload.priorities = Some(value, ReadPriority); }},
                  {"slow", [&](const JsonField& value) { ReadClients(value, "pause_s", workload.slow_share, workload.slow_pause_s); }},
                  {"vanishing", [&](const JsonField& value) { ReadClients(value, "after_s", workload.vanishing_share, workload.vanishing_after_s); }},
                  {"threads", [&](const JsonField& value) { workload.threads = static_cast<int>(value.Integer(1, kMostThreads)); }},
                  {"promises", [&](const JsonField& value) { workload.promises = ReadPromises(value); }}});
  if (workload.slow_share + workload.vanishing_share > 1) root.At("vanishing").Refuse("must have a share that leaves the sum with slow at most 1");
  return workload;
}

}  // namespace tuckerseg::load
