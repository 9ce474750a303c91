/// Puts measured times into card.json, beside all else that it says (docs/card.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compression/bench/latency_report.h"
#include "compression/forms/model_form.h"
#include "engine/model/card.h"

namespace tuckerseg {

/// What a card says of a form that was never evaluated: what it is and what it costs, with no case.
Card FreshCard(const ModelForm& form);

/// One entry of a card's `latency`.
CardLatency LatencyOf(const TimingSetting& setting, const VariantReport& report);

/// One entry of a card's `volume_latency`; nothing where no volume was segmented.
std::optional<CardVolumeLatency> VolumeLatencyOf(const TimingSetting& setting, const VariantReport& report);

/// Puts `latency` into the card, in the place of the entry with the same device, executor, precision, threads and patch. Nothing else of the
/// card changes.
void PutLatency(Card& card, CardLatency latency);

/// As PutLatency; the same are entries with the same device, executor, precision, threads, shape and spacing.
void PutVolumeLatency(Card& card, CardVolumeLatency latency);

/// The cards in `directory` that times of these weights may be put into. Errors: as ReadCards; kFailedPrecondition for a card of other
/// weights: what it says was measured on another model. An empty checksum does not say of which it is.
std::vector<Card> ReadCardsOf(const std::filesystem::path& directory, const std::string& weights_sha256);

/// Puts `latency`, and `volume_latency` where there is one, into the card of `fresh.variant` in the card.json of `directory`; where there is
/// none, into `fresh`, which then becomes it. Errors: as ReadCardsOf with the weights of `fresh`, and WriteCards.
void WriteLatency(const std::filesystem::path& directory, const Card& fresh, CardLatency latency, std::optional<CardVolumeLatency> volume_latency);

}  // namespace tuckerseg
