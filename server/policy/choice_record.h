/// What was known when a request's level was chosen, and what was chosen: one line of JSON, for people and for choice_replay.h. It holds numbers and the names of what is
/// served; nothing of a patient, and none of the client's words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/policy/level_choice.h"

namespace tuckerseg {

struct ChoiceRecord {
  double at_s = 0;         ///< since the server started: the hour of a day could tell whose CT it was
  std::string task;
  LevelPromises promises;
  PolicySettings settings;
  int64_t held_bytes = 0;  ///< by the request itself (its volume): not part of the offers' available and device bytes
  std::vector<LevelOffer> offers;
  LevelVerdict verdict;
  bool operator==(const ChoiceRecord&) const = default;
};

/// One line, without its end; docs/api.md says what it holds. Sizes outside [0, 2^50] and times beyond 1e12 s are written as those bounds: nothing is chosen by more.
std::string EncodeChoice(const ChoiceRecord& record);

/// What EncodeChoice wrote, and nothing else: no other key, no value out of range, no choice of what was not offered.
/// Errors: kInvalidArgument, naming field, value and what would be right.
ChoiceRecord ParseChoice(std::string_view line);

}  // namespace tuckerseg
