#include "server/policy/asked_level.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <optional>

#include "engine/error.h"

namespace tuckerseg {
namespace {

using Levels = std::vector<const ServedLevel*>;

Levels Those(const Levels& levels, const std::function<bool(const ServedLevel&)>& wanted) {
  Levels found;
  for (const ServedLevel* level : levels)
    if (wanted(*level)) found.push_back(level);
  return found;
}

Levels Ready(const Levels& levels) {
  return Those(levels, [](const ServedLevel& level) { return level.ready(); });
}

std::optional<double> NumberIn(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed != end || !std::isfinite(number)) return {};
  return number;
}

/// The levels that are meant: more than one only for a number.
Levels Meant(const std::string& wish, const Levels& levels) {
  const Levels named = Those(levels, [&](const ServedLevel& level) { return level.name == wish; });
  const std::optional<double> number = NumberIn(wish);
  if (!named.empty() || !number) return named;
  const Levels numbered = Those(levels, [&](const ServedLevel& level) { return level.number == number; });
  const Levels defaults = Those(numbered, [](const ServedLevel& level) { return level.is_default; });
  return defaults.empty() ? numbered : defaults;
}

std::string NameAndNumber(const ServedLevel& level) {
  if (!level.number) return level.name;
  char number[40];
  std::snprintf(number, sizeof(number), " (%g)", *level.number);
  return level.name + number;
}

std::string Listed(const Levels& levels, std::string list) {
  for (const ServedLevel* level : levels) list += (list.empty() ? "" : ", ") + NameAndNumber(*level);
  return list;
}

/// `beside`: what may be said that is no level.
[[noreturn]] void RefuseUnknown(const std::string& wish, const Levels& levels, const std::string& beside) {
  std::string message = "level = " + wish + ": must be one of " + Listed(Ready(levels), beside);
  const Levels failed = Those(levels, [](const ServedLevel& level) { return !level.ready(); });
  if (!failed.empty()) message += "; could not be loaded: " + Listed(failed, "");
  throw Error(ErrorCode::kNotFound, message);
}

[[noreturn]] void RefuseToResume(ErrorCode code, const std::string& name, const std::string& why) {
  throw Error(code, "header.resume_level = " + name + ": " + why + kHowNotToResume);
}

Levels All(const std::vector<ServedLevel>& levels) {
  Levels all;
  for (const ServedLevel& level : levels) all.push_back(&level);
  return all;
}

const ServedLevel& FindLevel(const std::string& wish, const std::vector<ServedLevel>& levels, const std::string& beside) {
  const Levels all = All(levels);
  const Levels meant = Meant(wish, all);
  if (meant.empty()) RefuseUnknown(wish, all, beside);
  // Whether a number is one level's must not depend on which of them could be loaded: it would mean another level after the next start.
  if (!Those(meant, [&](const ServedLevel& level) { return level.name != meant.front()->name; }).empty()) {
    throw Error(ErrorCode::kFailedPrecondition, "level = " + wish + ": must be a name, as several levels have this number: " + Listed(meant, ""));
  }
  const Levels ready = Ready(meant);  // of several with one name one at most
  return ready.empty() ? *meant.front() : *ready.front();
}

const ServedLevel& ThatCanRun(const ServedLevel& meant, const std::string& wish) {
  if (!meant.ready()) throw Error(ErrorCode::kFailedPrecondition, "level = " + wish + ": " + meant.name + " could not be loaded: " + meant.error);
  return meant;
}

}  // namespace

bool LeavesTheChoice(const std::string& wish) { return wish.empty() || wish == "auto"; }

const ServedLevel& FindMeantLevel(const std::string& wish, const std::vector<ServedLevel>& levels) { return FindLevel(wish, levels, ""); }

const ServedLevel& FindNamedLevel(const std::string& wish, const std::vector<ServedLevel>& levels) { return ThatCanRun(FindLevel(wish, levels, ""), wish); }

const ServedLevel& FindAskedLevel(const std::string& wish, const std::vector<ServedLevel>& levels) { return ThatCanRun(FindLevel(wish, levels, "auto"), wish); }

const ServedLevel& FindLevelToResume(const std::string& name, const ServedLevel* asked, const std::vector<ServedLevel>& levels) {
  const Levels all = All(levels);
  const Levels named = Those(all, [&](const ServedLevel& level) { return level.name == name; });
  if (named.empty()) RefuseToResume(ErrorCode::kNotFound, name, "must be one of " + Listed(Ready(all), ""));
  if (asked != nullptr && asked->name != name) RefuseToResume(ErrorCode::kFailedPrecondition, name, "must be " + asked->name + ", which the level asked for means now");
  const Levels ready = Ready(named);  // of several with one name one at most
  if (ready.empty()) RefuseToResume(ErrorCode::kFailedPrecondition, name, "could not be loaded: " + named.front()->error);
  return *ready.front();
}

}  // namespace tuckerseg
