#include "server/policy/choice_replay.h"

#include <algorithm>
#include <cstddef>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// Level and device; nothing where it was refused.
std::optional<std::pair<std::string, std::string>> Outcome(const std::vector<LevelOffer>& offers, const LevelVerdict& verdict) {
  if (!verdict.offer) return {};
  return std::pair(offers[*verdict.offer].level, offers[*verdict.offer].device);
}

/// What was decided and why: the seconds and the words of a message may be another version's.
bool Agree(const LevelVerdict& a, const LevelVerdict& b) {
  if (a.offer != b.offer) return false;
  return a.offer ? a.reason == b.reason : a.refusal->reason == b.refusal->reason;
}

/// What the device would have more than it had.
int64_t MoreBytes(const ChoiceRecord& record, size_t place, int64_t bytes) {
  const LevelOffer& offer = record.offers[place];
  if (offer.limit_bytes) return bytes - *offer.limit_bytes;
  throw Error(ErrorCode::kInvalidArgument, "choice.offers[" + std::to_string(place) + "].limit_bytes: missing; must say what " + offer.device +
                                               " had where it is to have another memory (older servers did not tell, and where the host's memory stood in the way first it is not there)");
}

}  // namespace

std::vector<LevelOffer> OffersUnder(const ChoiceRecord& record, const ReplayChanges& changes) {
  std::vector<LevelOffer> offers;
  for (size_t place = 0; place < record.offers.size(); ++place) {
    LevelOffer offer = record.offers[place];
    if (changes.devices_left_out.contains(offer.device)) continue;
    if (const auto memory = changes.device_memory_bytes.find(offer.device); memory != changes.device_memory_bytes.end()) {
      const int64_t more = MoreBytes(record, place, memory->second);
      offer.limit_bytes = memory->second;
      offer.device_bytes = std::max<int64_t>(offer.device_bytes + more, 0);
      offer.available_bytes = std::max<int64_t>(offer.available_bytes + more, 0);
    }
    offers.push_back(std::move(offer));
  }
  return offers;
}

void ChoiceTally::Count(const std::string& task, const std::vector<LevelOffer>& offers, const LevelVerdict& verdict) {
  if (verdict.offer) {
    const LevelOffer& chosen = offers[*verdict.offer];
    ++served;
    quality_sum += chosen.quality.value_or(0);
    ++levels[{task, chosen.level, chosen.device}];
    ++reasons[NameOf(verdict.reason)];
  } else {
    ++refused;
    ++refusals[NameOf(verdict.refusal->reason)];
  }
}

std::optional<double> ChoiceTally::mean_quality() const {
  if (served == 0) return {};
  return quality_sum / static_cast<double>(served);
}

void ChoiceReplay::Add(const ChoiceRecord& record) {
  for (const LevelOffer& offer : record.offers) devices_.insert(offer.device);
  const std::vector<LevelOffer> offers = OffersUnder(record, changes_);  // before anything is counted
  ++records_;
  const LevelVerdict verdict = ChooseOffer(record.promises, offers, changes_.settings.value_or(record.settings));
  before_.Count(record.task, record.offers, record.verdict);
  if (offers.empty() && !record.offers.empty()) {
    ++after_.refused;
    ++after_.refusals[kNoDevice];
  } else {
    after_.Count(record.task, offers, verdict);
  }
  if (Outcome(record.offers, record.verdict) != Outcome(offers, verdict)) ++changed_;
  if (verdict.offer && !record.verdict.offer) ++newly_served_;
  if (!verdict.offer && record.verdict.offer) ++newly_refused_;
  if (!Agree(ChooseOffer(record.promises, record.offers, record.settings), record.verdict)) ++decided_otherwise_;
}

}  // namespace tuckerseg
