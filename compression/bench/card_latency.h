/// Puts measured times into card.json, beside all else that stands there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "compression/bench/latency_report.h"
#include "engine/model/bundle.h"
#include "engine/model/json_text.h"
#include "engine/model/variant.h"

namespace tuckerseg {

/// One entry of a card's `latency`.
Json LatencyEntry(const TimingSetting& setting, const VariantReport& report);

/// Puts `entry` into the card's `latency`, in the place of the one with the same device, executor, precision, threads and patch. Nothing else
/// of the card changes. Errors: kInvalidArgument if `card` is no object or its `latency` no list.
void PutLatency(Json& card, Json entry);

/// What a card says of a level that was never evaluated: what it is and what it costs.
/// `bundle`: in the form of the level (BundleOf); `variant`: null for the original.
Json CostCard(const Bundle& bundle, const std::string& level_name, const Variant* variant, const VariantLevel* level);

/// A directory's card.json, which holds one card, or those of several levels as `levels`.
class CardFile {
 public:
  /// No file is an empty one. Errors: kInvalidArgument for one that is no card; kFailedPrecondition for one of other weights than
  /// `weights_sha256`: what it says was measured on another model.
  CardFile(std::filesystem::path directory, const std::string& weights_sha256);

  /// Puts an entry into the card of `level_name`; where there is none, into `fresh`, which then becomes it.
  void Put(const std::string& level_name, const Json& fresh, Json entry);

  /// Errors: as WriteWholeFile.
  void Write() const;

 private:
  Json& CardOf(const std::string& level_name, const Json& fresh);

  std::filesystem::path path_;
  Json json_;  // null: no file
};

}  // namespace tuckerseg
