/// What a replay found, for people and for programs.
#pragma once

#include <cstdint>
#include <string>

#include "server/policy/choice_replay.h"

namespace tuckerseg {

/// Tables of what was and what would have been: requests and mean quality, levels, reasons, refusals. Ends with what was not simulated.
std::string ReplayText(const ChoiceReplay& replay, int64_t unreadable_lines);

/// One object, as docs/api.md says, and a line end.
std::string ReplayJson(const ChoiceReplay& replay, int64_t unreadable_lines);

}  // namespace tuckerseg
