#include "server/policy/replay_report.h"

#include <map>
#include <utility>
#include <vector>

#include "engine/model/json_text.h"
#include "engine/text_table.h"

namespace tuckerseg {
namespace {

using Align = TextTable::Align;

constexpr auto kNotSimulated =
    "Each request was decided by itself, with the queue, the times and the memory of its record: what an earlier decision\n"
    "would have changed for a later one is not simulated, nor are levels that were not offered.\n";

/// The counts of both sides by key, 0 where one side has none.
template <typename Key>
std::map<Key, std::pair<int64_t, int64_t>> SideBySide(const std::map<Key, int64_t>& before, const std::map<Key, int64_t>& after) {
  std::map<Key, std::pair<int64_t, int64_t>> both;
  for (const auto& [key, count] : before) both[key].first = count;
  for (const auto& [key, count] : after) both[key].second = count;
  return both;
}

/// `titles`: of what the rows are called by; two columns of counts follow.
TextTable CountsTable(const std::vector<std::string>& titles) {
  std::vector<TextTable::Column> columns;
  for (const std::string& title : titles) columns.push_back({title, Align::kLeft});
  columns.push_back({"before", Align::kRight});
  columns.push_back({"after", Align::kRight});
  return TextTable(columns);
}

std::string ByName(const std::string& title, const std::map<std::string, int64_t>& before, const std::map<std::string, int64_t>& after) {
  const auto both = SideBySide(before, after);
  if (both.empty()) return "";
  TextTable table = CountsTable({title});
  for (const auto& [name, counts] : both) table.Add({name, std::to_string(counts.first), std::to_string(counts.second)});
  return "\n" + table.Text();
}

std::string ByLevel(const ChoiceTally& before, const ChoiceTally& after) {
  const auto both = SideBySide(before.levels, after.levels);
  if (both.empty()) return "";
  TextTable table = CountsTable({"task", "level", "device"});
  for (const auto& [place, counts] : both) {
    const auto& [task, level, device] = place;
    table.Add({task, level, device, std::to_string(counts.first), std::to_string(counts.second)});
  }
  return "\n" + table.Text();
}

std::string QualityText(const ChoiceTally& tally) { return tally.mean_quality() ? Fixed(*tally.mean_quality(), 4) : "-"; }

Json JsonOf(const std::map<std::string, int64_t>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

Json JsonOf(const ChoiceTally& tally) {
  Json json{{"served", tally.served}, {"refused", tally.refused}};
  json["mean_quality"] = tally.mean_quality() ? Json(*tally.mean_quality()) : Json(nullptr);
  Json levels = Json::array();
  for (const auto& [place, count] : tally.levels) {
    const auto& [task, level, device] = place;
    levels.push_back(Json{{"task", task}, {"level", level}, {"device", device}, {"requests", count}});
  }
  json["levels"] = std::move(levels);
  json["reasons"] = JsonOf(tally.reasons);
  json["refusals"] = JsonOf(tally.refusals);
  return json;
}

}  // namespace

std::string ReplayText(const ChoiceReplay& replay, int64_t unreadable_lines) {
  const ChoiceTally& before = replay.before();
  const ChoiceTally& after = replay.after();
  TextTable requests = CountsTable({"requests"});
  requests.Add({"served", std::to_string(before.served), std::to_string(after.served)});
  requests.Add({"refused", std::to_string(before.refused), std::to_string(after.refused)});
  requests.Add({"mean quality of those served", QualityText(before), QualityText(after)});
  std::string text = requests.Text() + ByLevel(before, after) + ByName("reason of the level", before.reasons, after.reasons) +
                     ByName("reason of the refusal", before.refusals, after.refusals);
  text += "\n" + std::to_string(replay.changed()) + " of " + std::to_string(replay.records()) + " decided otherwise: " + std::to_string(replay.newly_refused()) + " refused that were served, " +
          std::to_string(replay.newly_served()) + " served that were refused.\n";
  if (replay.decided_otherwise() > 0) {
    text += std::to_string(replay.decided_otherwise()) + " would be with nothing changed: this version's rule is not the one that was recorded.\n";
  }
  if (unreadable_lines > 0) text += "Lines that could not be read and are left out: " + std::to_string(unreadable_lines) + ".\n";
  return text + kNotSimulated;
}

std::string ReplayJson(const ChoiceReplay& replay, int64_t unreadable_lines) {
  const Json json{{"records", replay.records()},
                  {"unreadable_lines", unreadable_lines},
                  {"changed", replay.changed()},
                  {"newly_refused", replay.newly_refused()},
                  {"newly_served", replay.newly_served()},
                  {"decided_otherwise_by_this_version", replay.decided_otherwise()},
                  {"before", JsonOf(replay.before())},
                  {"after", JsonOf(replay.after())}};
  return json.dump(2) + "\n";
}

}  // namespace tuckerseg
