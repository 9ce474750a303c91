/// The level that a client means by a name or a number.
#pragma once

#include <string>
#include <vector>

#include "server/variants/served_level.h"

namespace tuckerseg {

/// Whether the client leaves the choice to the server: it names none, or "auto".
bool LeavesTheChoice(const std::string& wish);

/// `wish`: a level's name, or its number ("0.3"). `levels`: those of the model; they must outlive what is returned. Names go before
/// numbers. A number is that of the level that is its default, or of the only level that has it; numbers compare as such: 0.30 is 0.3.
/// Errors: kNotFound if no level has the name or the number, listing those there are; kFailedPrecondition if several have the number,
/// listing them, or if the level could not be loaded.
const ServedLevel& FindAskedLevel(const std::string& wish, const std::vector<ServedLevel>& levels);

/// The same for who must name one: a list of those there are does not begin with "auto".
const ServedLevel& FindNamedLevel(const std::string& wish, const std::vector<ServedLevel>& levels);

/// The same, whether or not the level could be loaded: of several with its name one that could, if there is one.
const ServedLevel& FindMeantLevel(const std::string& wish, const std::vector<ServedLevel>& levels);

/// The level that a server has chosen for an earlier attempt of a request, so that the next attempt has the same answer: of exactly this name, as what a number means may
/// have changed since. `asked`: the level that the request itself names; null: none.
/// Errors: kNotFound if no level has the name, listing those there are; kFailedPrecondition if it is not the one that is asked for, or could not be loaded. They say how to have
/// another level.
const ServedLevel& FindLevelToResume(const std::string& name, const ServedLevel* asked, const std::vector<ServedLevel>& levels);

/// How a client that cannot have the level of its earlier attempt gets an answer at all: the end of messages that say so.
inline constexpr auto kHowNotToResume = "; for an answer at another level send the request with a new idempotency key and without resume_level";

}  // namespace tuckerseg
