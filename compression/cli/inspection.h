/// What `tuckerseg-compress inspect` tells of a network, a model or a variant, gathered before it is printed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compression/rank/architecture.h"
#include "engine/model/variant.h"

namespace tuckerseg {

/// A layer that has weights.
struct InspectedLayer {
  Layer layer;
  std::vector<int64_t> shape;  ///< of the weight; of a Tucker layer: of the weight that core and factors multiply out to
  int64_t parameters = 0;
  int64_t multiply_adds = 0;
  std::optional<double> energy_kept;  ///< of a Tucker layer, against the model's weight (EnergyKept)
};

struct InspectedPart {
  std::string name;
  Size3 patch{};
  std::vector<InspectedLayer> layers;
  int64_t parameters = 0;     ///< of one fold: folds are copies of one network
  int64_t multiply_adds = 0;  ///< of one patch, one fold
  int64_t bytes = 0;          ///< of the tensors that running it takes, all folds
};

/// A level in one line.
struct InspectedLevel {
  std::string name;
  std::optional<double> level;
  bool is_default = false;
  int64_t parameters = 0;
  int64_t multiply_adds = 0;
  int64_t bytes = 0;
};

struct Inspection {
  std::string title;                   ///< what was looked at, in a line
  std::vector<InspectedLevel> levels;  ///< of a variant, the largest first; none of a model or an architecture
  std::vector<InspectedPart> parts;
  int64_t parameters = 0;
  int64_t multiply_adds = 0;
  int64_t bytes = 0;
};

/// A patch other than the parts' own. Errors of all below: kInvalidArgument for one that a part's strides do not divide.
using InspectedPatch = std::optional<Size3>;

/// A network, or a model's networks, without weights; bytes as of float32 tensors.
Inspection InspectNetwork(const Network& network, const std::string& title, const InspectedPatch& patch);
Inspection InspectModel(const Model& model, const std::string& title, const InspectedPatch& patch);

/// A model with its weights.
Inspection InspectBundle(const Bundle& bundle, const std::string& title, const InspectedPatch& patch);

/// A variant of `original`: one line for each level, and the parts of the level at `shown`. Errors: as EnergyKept, besides.
Inspection InspectVariant(const Bundle& original, const VariantFiles& files, size_t shown, const InspectedPatch& patch);

/// The level's place: by its name, or by its number ("0.3") where one level alone has it or is its default.
/// Errors: kNotFound that lists the levels; kFailedPrecondition for a number that several have.
size_t LevelPlace(const Variant& variant, const std::string& wanted);

/// As in interfaces of other programs: {"parameters", "multiply_adds_per_patch", "bytes", "layers": [{"name", "kind", "shape", "rank_in",
/// "rank_out", "parameters", "multiply_adds", "energy_kept"}]}; ranks and energy are null where there are none. With several parts a layer also says its "part",
/// and "parts" has the sums of each; of a variant, "levels" has those of each level.
std::string InspectionJson(const Inspection& inspection);

/// For a terminal: a table of levels where there are several, one of layers for each part, and the sums.
std::string InspectionText(const Inspection& inspection);

}  // namespace tuckerseg
