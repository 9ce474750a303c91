/// card.json: what a variant costs and how well it draws, as measured (docs/card.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuckerseg {

/// What was measured on. Figures of phantoms say nothing about patients.
struct CardData {
  std::string description;
  bool phantoms = false;
  int64_t cases = 0;
  int64_t seen_cases = 0;  ///< of these, what the variant was calibrated or tuned with, as far as it is known: such a card bears no quality
  bool operator==(const CardData&) const = default;
};

/// Low and high end of a 95 % interval over cases.
using CardInterval = std::array<double, 2>;

/// One structure over the cases in which the map compared to holds it; what does not exist is absent.
struct CardStructure {
  std::string name;
  int64_t cases = 0;
  std::optional<double> dice;
  std::optional<CardInterval> dice_ci95;
  std::optional<double> surface_dice;
  std::optional<double> hd95_mm;
  std::optional<double> volume_error;  ///< mean of |drawn - expected| / expected
  int64_t missed = 0;        ///< of `cases`, those in which the variant draws none
  int64_t found_absent = 0;  ///< cases without the structure in which it draws some
  bool operator==(const CardStructure&) const = default;
};

/// Dice against one kind of label map.
struct CardDice {
  int64_t cases = 0;
  std::optional<double> mean;
  std::optional<CardInterval> ci95;
  bool n_too_small = false;           ///< too few cases for intervals and quality
  std::optional<double> quality;      ///< against the original only: the low end of `ci95`
  std::optional<double> equal_share;  ///< against the original only: voxels with the same label
  std::vector<CardStructure> structures;
  bool operator==(const CardDice&) const = default;
};

/// One measured time of one patch.
struct CardLatency {
  std::string device;
  std::string executor;
  std::string precision;
  int64_t threads = 0;
  std::array<int64_t, 3> patch{};  ///< voxels along the network's axes
  double min_s = 0;
  double median_s = 0;
  std::optional<int64_t> peak_bytes;
  bool operator==(const CardLatency&) const = default;
};

/// One measured time of the segmentation of a whole volume, of which nothing but its grid is said: a card must not tell whose it was.
struct CardVolumeLatency {
  std::string device;
  std::string executor;
  std::string precision;
  int64_t threads = 0;
  std::array<int64_t, 3> shape{};      ///< voxels along the file's i, j, k
  std::array<double, 3> spacing_mm{};  ///< along the same axes
  std::optional<int64_t> patches;      ///< that the networks ran on, over all parts and folds
  double seconds = 0;
  std::optional<int64_t> peak_bytes;
  bool operator==(const CardVolumeLatency&) const = default;
};

struct Card {
  std::string model;
  std::string task;
  std::string variant = "original";
  std::string method;  ///< empty where the card does not say
  std::optional<double> level;
  std::string weights_sha256;
  std::optional<int64_t> parameters;
  std::optional<int64_t> multiply_adds_per_patch;
  std::optional<int64_t> weight_bytes;
  CardData data;
  std::optional<double> surface_tolerance_mm;  ///< of all surface Dice
  std::optional<CardDice> dice_to_reference;
  std::optional<CardDice> dice_to_original;
  std::vector<CardLatency> latency;
  std::vector<CardVolumeLatency> volume_latency;

  /// The promise that a policy may rely on; nothing where the card bears none.
  std::optional<double> Quality() const { return dice_to_original ? dice_to_original->quality : std::nullopt; }
  bool operator==(const Card&) const = default;
};

/// Reads card.json's text, of format version 1; unknown fields are ignored.
/// Errors: kInvalidArgument, which names the field, its value and what would be right.
Card ParseCard(std::string_view text);

/// The text of card.json. ParseCard gives the same card back.
std::string EncodeCard(const Card& card);

/// Reads the card.json of a variant of any kind: its one card, or those in `levels`. Errors: as ParseCard.
std::vector<Card> ParseCards(std::string_view text);

/// The text of card.json where several levels share a directory: {"format_version": 1, "levels": [card, ...]}.
/// ParseCards gives the same cards back.
std::string EncodeCards(std::span<const Card> cards);

}  // namespace tuckerseg
