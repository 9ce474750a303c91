#include "compression/bench/card_latency.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/error.h"
#include "engine/model/card_file.h"
#include "engine/model/cost.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

auto SettingOf(const CardLatency& latency) { return std::tie(latency.device, latency.executor, latency.precision, latency.threads, latency.patch); }
auto SettingOf(const CardVolumeLatency& latency) {
  return std::tie(latency.device, latency.executor, latency.precision, latency.threads, latency.shape, latency.spacing_mm);
}

/// In the place of the entry with the same setting, or at the end.
template <typename Latency>
void PutIn(std::vector<Latency>& known, Latency latency) {
  const auto same = std::find_if(known.begin(), known.end(), [&](const Latency& one) { return SettingOf(one) == SettingOf(latency); });
  if (same != known.end()) {
    *same = std::move(latency);
  } else {
    known.push_back(std::move(latency));
  }
}

}  // namespace

Card FreshCard(const ModelForm& form) {
  const Model& model = form.bundle.model;
  Card card{.model = model.name, .task = model.task, .variant = form.name, .level = form.level, .weights_sha256 = form.weights_sha256};
  if (form.name != kOriginal) card.method = form.method;
  card.parameters = ParameterCount(model);
  card.multiply_adds_per_patch = TotalMultiplyAdds(model);
  int64_t bytes = 0;
  for (const WeightStore& weights : form.bundle.weights) bytes += weights.TotalBytes();
  card.weight_bytes = bytes;
  return card;
}

CardLatency LatencyOf(const TimingSetting& setting, const VariantReport& report) {
  return {.device = setting.device,
          .executor = setting.executor,
          .precision = setting.precision,
          .threads = setting.threads,
          .patch = report.patch,
          .min_s = report.latency.min_s,
          .median_s = report.latency.median_s,
          .peak_bytes = report.latency.peak_bytes};
}

std::optional<CardVolumeLatency> VolumeLatencyOf(const TimingSetting& setting, const VariantReport& report) {
  if (!report.volume) return std::nullopt;
  return CardVolumeLatency{.device = setting.device,
                           .executor = setting.executor,
                           .precision = setting.precision,
                           .threads = setting.threads,
                           .shape = report.volume->shape,
                           .spacing_mm = report.volume->spacing_mm,
                           .patches = report.volume->patches,
                           .seconds = report.volume->seconds,
                           .peak_bytes = report.volume->peak_bytes};
}

void PutLatency(Card& card, CardLatency latency) { PutIn(card.latency, std::move(latency)); }

void PutVolumeLatency(Card& card, CardVolumeLatency latency) { PutIn(card.volume_latency, std::move(latency)); }

std::vector<Card> ReadCardsOf(const std::filesystem::path& directory, const std::string& weights_sha256) {
  std::vector<Card> cards = ReadCards(directory);
  for (const Card& card : cards) {
    if (card.weights_sha256.empty() || card.weights_sha256 == weights_sha256) continue;
    throw Error(ErrorCode::kFailedPrecondition,
                "variant " + card.variant + ": card.weights_sha256: is of other weights: the model must be evaluated anew, or the card removed");
  }
  return cards;
}

void WriteLatency(const std::filesystem::path& directory, const Card& fresh, CardLatency latency, std::optional<CardVolumeLatency> volume_latency) {
  std::vector<Card> cards = ReadCardsOf(directory, fresh.weights_sha256);
  auto card = std::find_if(cards.begin(), cards.end(), [&](const Card& one) { return one.variant == fresh.variant; });
  if (card == cards.end()) card = cards.insert(cards.end(), fresh);
  // A card of before variants lacks it, and evaluate keeps the times of cards alone whose costs are the form's.
  if (!card->multiply_adds_per_patch) card->multiply_adds_per_patch = fresh.multiply_adds_per_patch;
  PutLatency(*card, std::move(latency));
  if (volume_latency) PutVolumeLatency(*card, *std::move(volume_latency));
  WriteCards(directory, cards);
}

}  // namespace tuckerseg
