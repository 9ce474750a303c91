/// One form of a model as a server has it: ready to run, or with the reason why it is not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/execute/executor.h"
#include "engine/model/bundle.h"
#include "engine/model/card.h"
#include "engine/segment/segmenter.h"

namespace tuckerseg {

struct ServedLevel {
  std::string name;              ///< kOriginal, or VariantLevel::name
  std::optional<double> number;  ///< VariantLevel::level
  bool is_default = false;       ///< VariantLevel::is_default
  std::string method;            ///< Variant::method; empty for the original
  std::optional<Card> card;      ///< none: not measured
  int64_t parameters = 0;        ///< of all parts, one fold each
  int64_t multiply_adds = 0;     ///< of one patch of each part, one fold each
  int64_t weight_bytes = 0;      ///< of all folds
  std::vector<double> load_s;    ///< that putting it onto each device took
  std::vector<std::unique_ptr<Segmenter>> segmenters;  ///< on each device; empty unless ready. Takes one volume at a time: its device's worker's
  std::string error;             ///< why it cannot run; empty: it can

  bool ready() const { return error.empty(); }
};

/// Takes `bundle`, the model in the level's form: cost, weights and a segmenter by each factory. Errors: as Segmenter's constructor.
void MakeReady(ServedLevel& level, const Bundle& bundle, const std::vector<ExecutorFactory>& factories);

/// How good the level is, and on which data that was measured, for people. `not measured` without a card.
std::string QualityStatement(const ServedLevel& level);

}  // namespace tuckerseg
