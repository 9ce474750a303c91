#include "compression/evaluate/made_card.h"

#include <array>
#include <cmath>
#include <optional>

namespace tuckerseg {
namespace {

/// Four decimals are what so few cases can say.
double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

std::optional<double> Rounded(std::optional<double> value) {
  if (value) value = Rounded(*value);
  return value;
}

/// Outwards, so that no bound promises more than was found.
std::optional<std::array<double, 2>> Rounded(const std::optional<Interval>& interval) {
  if (!interval) return std::nullopt;
  // What is four decimals already must not move by what the product is off.
  return std::array{std::floor(interval->low * 1e4 + 1e-9) / 1e4, std::ceil(interval->high * 1e4 - 1e-9) / 1e4};
}

std::optional<CardDice> MakeDice(const ScoreSummary& summary) {
  if (summary.cases == 0) return std::nullopt;
  CardDice dice;
  dice.cases = summary.cases;
  dice.mean = Rounded(summary.mean_dice);
  dice.ci95 = Rounded(summary.dice_ci95);
  dice.n_too_small = !dice.ci95;
  dice.equal_share = Rounded(summary.equal_share);
  for (const StructureSummary& one : summary.structures) {
    dice.structures.push_back({.name = one.name,
                               .cases = one.cases,
                               .dice = Rounded(one.dice),
                               .dice_ci95 = Rounded(one.dice_ci95),
                               .surface_dice = Rounded(one.surface_dice),
                               .hd95_mm = Rounded(one.hd95_mm),
                               .volume_error = Rounded(one.volume_error),
                               .missed = one.missed,
                               .found_absent = one.found_absent});
  }
  return dice;
}

}  // namespace

Card MakeCard(const CardSubject& subject, const CaseFolder& folder, const VariantScores& scores, const VariantSummary& summary) {
  Card card;
  card.model = subject.model;
  card.task = subject.task;
  card.weights_sha256 = subject.weights_sha256;
  card.variant = scores.name;
  card.method = scores.method;
  card.level = scores.level;
  card.parameters = scores.parameters;
  card.multiply_adds_per_patch = scores.multiply_adds_per_patch;
  card.weight_bytes = scores.weight_bytes;
  card.surface_tolerance_mm = scores.surface_tolerance_mm;
  card.data = {folder.description, folder.phantoms, static_cast<int64_t>(scores.cases.size()), scores.seen_cases};
  card.dice_to_reference = MakeDice(summary.to_reference);
  card.dice_to_original = MakeDice(summary.to_original);
  // The bound is the promise that the server's policy keeps: fewer cases bear none, nor do cases that the variant has seen.
  if (card.dice_to_original && card.dice_to_original->ci95 && scores.seen_cases == 0) card.dice_to_original->quality = card.dice_to_original->ci95->front();
  return card;
}

void KeepLatency(const Card& former, Card& card) {
  const bool same_cost = former.parameters == card.parameters && former.multiply_adds_per_patch == card.multiply_adds_per_patch;
  if (!same_cost || former.variant != card.variant) return;
  card.latency = former.latency;
  card.volume_latency = former.volume_latency;
}

}  // namespace tuckerseg
