/// What the policy would have chosen for recorded requests under other settings. Each request is decided by itself, from what its record holds: the queue, the times and the memory
/// of its moment. What an earlier decision would have changed for a later one is not simulated, nor are levels that were not offered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "server/policy/choice_record.h"

namespace tuckerseg {

/// What is other than it was. What is not named stays as each record has it.
struct ReplayChanges {
  std::optional<PolicySettings> settings;
  std::map<std::string, int64_t> device_memory_bytes;  ///< what a device has for this server, weights and, on the host, volumes included
  std::set<std::string> devices_left_out;
};

/// The offers of a record as they would have been. What others held of a device's memory they still hold, and what stayed there still stays.
/// Errors: kInvalidArgument where a device's memory is another and the record does not say what it was (LevelOffer::limit_bytes).
std::vector<LevelOffer> OffersUnder(const ChoiceRecord& record, const ReplayChanges& changes);

/// Why requests are refused whose offers were all on devices that are left out: no reason of the policy's own.
inline constexpr auto kNoDevice = "no device";

/// Many decisions, counted.
struct ChoiceTally {
  using Place = std::tuple<std::string, std::string, std::string>;  ///< task, level, device
  int64_t served = 0;
  int64_t refused = 0;
  double quality_sum = 0;  ///< of those served
  std::map<Place, int64_t> levels;
  std::map<std::string, int64_t> reasons;   ///< of the chosen levels
  std::map<std::string, int64_t> refusals;  ///< by reason

  void Count(const std::string& task, const std::vector<LevelOffer>& offers, const LevelVerdict& verdict);
  /// Nothing where none was served.
  std::optional<double> mean_quality() const;
};

class ChoiceReplay {
 public:
  explicit ChoiceReplay(ReplayChanges changes) : changes_(std::move(changes)) {}

  /// Errors: as OffersUnder; the record is not counted then.
  void Add(const ChoiceRecord& record);

  int64_t records() const { return records_; }
  const ChoiceTally& before() const { return before_; }  ///< as recorded
  const ChoiceTally& after() const { return after_; }
  int64_t changed() const { return changed_; }              ///< another level or device, or served instead of refused, or refused
  int64_t newly_served() const { return newly_served_; }
  int64_t newly_refused() const { return newly_refused_; }
  /// Records that this program would decide otherwise with nothing changed: they were made by another version's rule.
  int64_t decided_otherwise() const { return decided_otherwise_; }
  /// Of all offers.
  const std::set<std::string>& devices() const { return devices_; }

 private:
  const ReplayChanges changes_;
  int64_t records_ = 0;
  int64_t changed_ = 0;
  int64_t newly_served_ = 0;
  int64_t newly_refused_ = 0;
  int64_t decided_otherwise_ = 0;
  ChoiceTally before_;
  ChoiceTally after_;
  std::set<std::string> devices_;
};

}  // namespace tuckerseg
