/// One form of a model as a server has it: what is known of it from its files, and where it stands on each device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/execute/precision.h"
#include "engine/model/card.h"
#include "engine/model/model.h"
#include "server/variants/level_state.h"

namespace tuckerseg {

/// A level on a device, as the catalogue keeps it (catalogue.cc).
struct LevelSlot;

struct LevelOnDevice {
  std::string device;
  LevelState state = LevelState::kAvailable;
  bool pinned = false;  ///< loaded by name: never unloaded but by name
  std::string error;    ///< why it is not loaded: it cannot be, or there was no room for it; empty: nobody tried
};

/// A value: later changes do not show in it.
struct ServedLevel {
  std::string name;              ///< kOriginal, or VariantLevel::name
  std::optional<double> number;  ///< VariantLevel::level
  bool is_default = false;       ///< VariantLevel::is_default
  std::string method;            ///< Variant::method; empty for the original
  /// Of the files that it is read from, as their JSON says: of the whole variant, whose levels share them. Empty: it does not say.
  std::string weights_sha256;
  std::optional<Card> card;      ///< none: not measured
  std::shared_ptr<const Model> model;  ///< in this level's form; null where its files could not be read
  int64_t parameters = 0;        ///< of all parts, one fold each
  int64_t multiply_adds = 0;     ///< of one patch of each part, one fold each
  /// Of all folds, as a device holds them: float32. Every level that is loaded holds all of its weights, those of an elastic variant too: executors keep
  /// tensors in layouts of their own, so that there is nothing to share but the file, which is read and let go of.
  int64_t weight_bytes = 0;
  std::string error;             ///< why it can run on no device; empty: it can, once it is loaded
  std::vector<LevelOnDevice> devices;                   ///< all of them, in their order; empty where its files could not be read
  std::vector<std::shared_ptr<LevelSlot>> slots;        ///< on each, for the catalogue

  bool ready() const { return error.empty(); }
  /// Whether it can run on any device but those at the `stuck` places.
  bool CanRun(const std::set<size_t>& stuck) const;
};

/// Takes `model`, in the level's form, with what follows from it: cost and size.
void SetModel(ServedLevel& level, std::shared_ptr<const Model> model);

/// The best that it is on any device.
LevelState StateOf(const ServedLevel& level);

/// How good the level is, and on which data that was measured, for people. `not measured` without a card.
std::string QualityStatement(const ServedLevel& level);
/// The same of a label map that was made in this precision: cards are measured in float32.
std::string QualityStatement(const ServedLevel& level, Precision precision);

}  // namespace tuckerseg
