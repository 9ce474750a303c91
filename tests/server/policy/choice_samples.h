/// Records of choices, as a server of one or two devices would make them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/policy/choice_record.h"

namespace tuckerseg {

inline constexpr int64_t kGibibyteOfChoices = int64_t{1} << 30;

inline LevelOffer OfferOf(const std::string& level, const std::string& device, double quality, double service_s, int64_t gibibytes) {
  return {.level = level,
          .device = device,
          .quality = quality,
          .service_s = service_s,
          .needed_bytes = gibibytes * kGibibyteOfChoices,
          .available_bytes = 15 * kGibibyteOfChoices,
          .device_bytes = 15 * kGibibyteOfChoices,
          .limit_bytes = 16 * kGibibyteOfChoices};
}

/// What the policy says of the rest of the record.
inline ChoiceRecord Decided(ChoiceRecord record) {
  record.verdict = ChooseOffer(record.promises, record.offers, record.settings);
  return record;
}

/// Original (40 s, 4 GiB), half (0.97, 20 s, 3 GiB) and third (0.92, 12 s, 2 GiB) on a CPU of 16 GiB, of which the volume holds one; no margin.
inline ChoiceRecord OnTheCpu(const LevelPromises& promises) {
  ChoiceRecord record;
  record.at_s = 12.5;
  record.task = "total";
  record.promises = promises;
  record.settings.deadline_margin = 0;
  record.held_bytes = kGibibyteOfChoices;
  record.offers = {OfferOf("original", "cpu", 1, 40, 4), OfferOf("half", "cpu", 0.97, 20, 3), OfferOf("third", "cpu", 0.92, 12, 2)};
  return Decided(record);
}

/// The same beside a GPU that takes a tenth of the time.
inline ChoiceRecord OnTwoDevices(const LevelPromises& promises) {
  ChoiceRecord record = OnTheCpu(promises);
  for (LevelOffer offer : std::vector<LevelOffer>(record.offers)) {
    offer.device = "cuda:0";
    offer.service_s /= 10;
    record.offers.push_back(offer);
  }
  return Decided(record);
}

}  // namespace tuckerseg
