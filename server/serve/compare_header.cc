#include "server/serve/compare_header.h"

#include <algorithm>
#include <string>

#include "engine/error.h"
#include "server/policy/asked_level.h"

namespace tuckerseg {
namespace {

void Refuse(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, "header." + message); }

std::string Place(size_t place) { return "levels[" + std::to_string(place) + "]"; }

}  // namespace

std::vector<const ServedLevel*> LevelsAskedFor(const v1::CompareHeader& header, const std::vector<ServedLevel>& levels) {
  const auto count = static_cast<size_t>(header.levels_size());
  if (count < kFewestLevels || count > kMostLevels) {
    Refuse("levels = " + std::to_string(count) + " of them: must be " + std::to_string(kFewestLevels) + " to " + std::to_string(kMostLevels));
  }
  std::vector<const ServedLevel*> found;
  for (const std::string& wish : header.levels()) {
    const std::string field = Place(found.size()) + " = " + wish;
    if (LeavesTheChoice(wish)) Refuse(field + ": must be a level's name or number, as nothing is chosen here");
    const ServedLevel& level = FindNamedLevel(wish, levels);
    const auto same = std::find_if(found.begin(), found.end(), [&](const ServedLevel* other) { return other->name == level.name; });
    if (same != found.end()) {
      Refuse(field + ": must be another level than " + level.name + ", which " + Place(static_cast<size_t>(same - found.begin())) + " is already");
    }
    found.push_back(&level);
  }
  return found;
}

v1::SegmentHeader SegmentHeaderOf(const v1::CompareHeader& header) {
  v1::SegmentHeader asked;
  asked.set_task(header.task());
  asked.set_priority(header.priority());
  return asked;
}

}  // namespace tuckerseg
