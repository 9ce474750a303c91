#include "tests/load/arrival_plan.h"

#include <cstdint>
#include <tuple>
#include <utility>

namespace tuckerseg::load {
namespace {

/// What is drawn, each from a stream of its own.
enum Subject : uint32_t { kArrivals = 1, kVolumes, kLevels, kDeadlines, kPriorities, kClients };

template <typename Wish>
std::vector<double> SharesOf(const std::vector<Wish>& wishes) {
  std::vector<double> shares;
  for (const Wish& wish : wishes) shares.push_back(wish.share);
  return shares;
}

class DeadlineDraws {
 public:
  explicit DeadlineDraws(const Workload& workload)
      : wishes_(workload.deadlines), shares_(SharesOf(workload.deadlines)), draws_(workload.seed, kDeadlines) {}

  std::optional<double> Next(double unloaded_s) {
    const DeadlineWish& wish = wishes_[draws_.Pick(shares_)];
    const double drawn = draws_.Within(wish.range);  // whatever the unit: each request takes as many draws
    switch (wish.unit) {
      case DeadlineWish::Unit::kNone: return {};
      case DeadlineWish::Unit::kSeconds: return drawn;
      case DeadlineWish::Unit::kTimesUnloaded: return drawn * unloaded_s;
    }
    return {};
  }

 private:
  const std::vector<DeadlineWish>& wishes_;
  const std::vector<double> shares_;
  Draws draws_;
};

class ClientDraws {
 public:
  explicit ClientDraws(const Workload& workload) : workload_(workload), draws_(workload.seed, kClients) {}

  std::pair<ClientKind, double> Next() {
    const double drawn = draws_.Unit();
    const double side = draws_.Unit();
    const double pause_s = draws_.Within(workload_.slow_pause_s);
    const double vanish_s = draws_.Within(workload_.vanishing_after_s);
    if (drawn < workload_.slow_share) return {side < 0.5 ? ClientKind::kSendsSlowly : ClientKind::kReadsSlowly, pause_s};
    if (drawn < workload_.slow_share + workload_.vanishing_share) return {ClientKind::kVanishes, vanish_s};
    return {ClientKind::kPlain, 0};
  }

 private:
  const Workload& workload_;
  Draws draws_;
};

}  // namespace

std::vector<PlannedRequest> PlanArrivals(const Workload& workload, double rate_per_s, std::span<const double> unloaded_s) {
  Draws arrivals(workload.seed, kArrivals);
  Draws volumes(workload.seed, kVolumes);
  Draws levels(workload.seed, kLevels);
  Draws priorities(workload.seed, kPriorities);
  DeadlineDraws deadlines(workload);
  ClientDraws clients(workload);
  const std::vector<double> volume_shares = SharesOf(workload.volumes);
  const std::vector<double> level_shares = SharesOf(workload.levels);
  const std::vector<double> priority_shares = SharesOf(workload.priorities);
  std::vector<PlannedRequest> plan;
  for (double at_s = arrivals.Gap() / rate_per_s; at_s < workload.duration_s; at_s += arrivals.Gap() / rate_per_s) {
    PlannedRequest request{.at_s = at_s, .volume = volumes.Pick(volume_shares), .level = levels.Pick(level_shares)};
    request.deadline_s = deadlines.Next(unloaded_s[request.volume]);
    request.priority = workload.priorities[priorities.Pick(priority_shares)].priority;
    std::tie(request.client, request.client_s) = clients.Next();
    plan.push_back(request);
  }
  return plan;
}

}  // namespace tuckerseg::load
