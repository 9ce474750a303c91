#include "server/policy/card_times.h"

#include <string_view>
#include <tuple>
#include <utility>

#include "engine/segment/patch_count.h"

namespace tuckerseg {
namespace {

/// `cpu` or `cuda`, of a card's `cpu AMD EPYC 7763` as of a server's `cuda:0`.
std::string_view KindOf(std::string_view device) { return device.substr(0, device.find_first_of(" :")); }

auto HowMeasured(const CardLatency& latency) { return std::tie(latency.device, latency.executor, latency.precision, latency.threads, latency.patch); }

/// Null: none.
const CardLatency* TimeFor(const Model& model, const Card& card, const CardTimeSetting& setting) {
  const CardLatency* best = nullptr;
  const auto rank = [&setting](const CardLatency& latency) { return std::pair(latency.threads == setting.threads, latency.median_s); };
  for (const CardLatency& one : card.latency) {
    const bool fits = KindOf(one.device) == KindOf(setting.device) && one.precision == NameOf(setting.precision) && one.patch == model.parts.front().patch_size && one.median_s > 0;
    if (fits && (best == nullptr || rank(*best) < rank(one))) best = &one;
  }
  return best;
}

}  // namespace

std::optional<double> PatchSecondsByCard(const Model& model, const Card& card, const Card* original, const CardTimeSetting& setting) {
  const CardLatency* own = TimeFor(model, card, setting);
  if (own == nullptr) return {};
  if (original != nullptr && setting.original_s) {
    for (const CardLatency& one : original->latency)
      if (HowMeasured(one) == HowMeasured(*own) && one.median_s > 0) return *setting.original_s * own->median_s / one.median_s;
  }
  // A bench sums one run of each part.
  return own->median_s / static_cast<double>(model.parts.size()) * static_cast<double>(RunsOfAPatch(model.parts.front()));
}

}  // namespace tuckerseg
