#include "server/schedule/fair_order.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tuckerseg {
namespace {

bool GoesBefore(const FairOrder::Place& a, const FairOrder::Place& b) {
  return std::tuple(-a.priority, a.begin_s, a.due, a.index) < std::tuple(-b.priority, b.begin_s, b.due, b.index);
}

}  // namespace

std::vector<FairOrder::Place> FairOrder::PlacesOf(std::span<const Work> waiting) const {
  std::vector<Place> places;
  for (size_t i = 0; i < waiting.size(); ++i) places.push_back({.priority = waiting[i].priority, .begin_s = 0, .due = waiting[i].due, .index = i});
  std::sort(places.begin(), places.end(), GoesBefore);
  std::map<std::pair<std::string_view, int>, double> ahead_s;  // of each client's own work of a priority
  for (Place& place : places) {
    const Work& work = waiting[place.index];
    double& own_s = ahead_s[{work.client, work.priority}];
    place.begin_s = HadBefore(work.client, work.priority) + own_s;
    own_s += work.foretold_s;
  }
  std::sort(places.begin(), places.end(), GoesBefore);
  return places;
}

double FairOrder::HadBefore(std::string_view client, int priority) const {
  const auto shares = shares_.find(priority);
  if (shares == shares_.end()) return 0;
  const auto had = shares->second.had_s.find(client);
  return had == shares->second.had_s.end() ? shares->second.level_s : had->second;
}

void FairOrder::Begin(const std::string& client, int priority, double foretold_s) {
  const double had_s = HadBefore(client, priority);
  Shares& shares = shares_[priority];
  shares.had_s[client] = had_s + foretold_s;
  shares.level_s = had_s;
  std::erase_if(shares.had_s, [&](const auto& one) { return one.second <= shares.level_s; });
}

}  // namespace tuckerseg
