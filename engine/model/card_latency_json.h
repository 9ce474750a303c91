/// The times in card.json: entries of `latency` and of `volume_latency` (docs/card.md).
#pragma once

#include "engine/model/card.h"
#include "engine/model/json_fields.h"

namespace tuckerseg {

Json CardLatencyJson(const CardLatency& latency);
/// Gives back what CardLatencyJson was given. Errors: kInvalidArgument that names the field, its value and what would be right.
CardLatency ParseCardLatency(const JsonField& field);

Json CardVolumeLatencyJson(const CardVolumeLatency& latency);
/// Gives back what CardVolumeLatencyJson was given. Errors: as ParseCardLatency.
CardVolumeLatency ParseCardVolumeLatency(const JsonField& field);

}  // namespace tuckerseg
