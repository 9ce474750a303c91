/// A cheaper form of a model, in memory and on disk: BUNDLE/variants/NAME/variant.json and its weights (docs/bundle.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/model/bundle.h"
#include "engine/model/model.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// The name of a model's uncompressed form; no variant may have it.
inline constexpr auto kOriginal = "original";

/// One form that can be run: a graph for each part of the model.
struct VariantLevel {
  std::string name;             ///< unique among all levels of a bundle: what requests ask for
  std::optional<double> level;  ///< the paper's downsampling factor, or the share of a budget
  bool is_default = false;      ///< runs when a request asks for the number `level`
  std::vector<LayerGraph> graphs;
  bool operator==(const VariantLevel&) const = default;
};

/// One decomposition: a single level, or (elastic ranks) several that share its tensors, the largest first. A smaller level's factors
/// and cores are the leading sub-blocks of the largest one's; all other tensors (biases, norms) are shared, but for those that the
/// file holds for the level alone as `level_NAME.` + tensor.
struct Variant {
  std::string model;         ///< name of the model that it was made from
  std::string model_sha256;  ///< Provenance::weights_sha256 of that model
  std::string method;        ///< "hosvd", "hooi", "data-aware", "pruning"
  int64_t grid = 1;          ///< ranks are multiples of it, where the channels allow
  std::string calibration;   ///< what the method saw of data, in words; empty: nothing
  std::vector<std::string> tuning;  ///< what was trained afterwards, in words, in order
  std::set<std::string> seen_cases; ///< checksums of the CTs that it was calibrated or tuned with (docs/bundle.md); empty: none is known
  std::vector<VariantLevel> levels;
  std::string weights_sha256;
  bool operator==(const Variant&) const = default;
};

/// A variant with the weights of its parts; tensors are named as the model's: fold_<fold>.<layer>.<tensor>.
struct VariantFiles {
  Variant variant;
  std::vector<WeightStore> weights;
};

/// variant.json's text. ParseVariant(EncodeVariant(v, m), m) == v, where v's smaller levels differ from the largest in ranks alone.
/// Errors: kInvalidArgument for a variant without a level, or a level without a graph for each part.
std::string EncodeVariant(const Variant& variant, const Model& model);
/// Errors: kInvalidArgument that names the field (JSON path), its value and what would be right; kFailedPrecondition for a variant of
/// another model or of other weights than `model`'s.
Variant ParseVariant(const std::string& json, const Model& model);

/// Reads variant.json alone. Errors: as ParseVariant; kNotFound (no such variant), kUnavailable (CodeOfUnreadFile).
Variant ReadVariant(const std::filesystem::path& directory, const Model& model);

/// Reads and checks a variant of `model`: schema, graphs, every tensor, the weights' checksum.
/// Errors: as ReadVariant; kDataLoss (weights), and as FileBytes::Read.
VariantFiles LoadVariant(const std::filesystem::path& directory, const Model& model);

/// Sets `weights_sha256` and writes the directory whole or not at all, as SaveBundle.
/// Errors: as SaveBundle; kInvalidArgument for a variant that LoadVariant would refuse.
void SaveVariant(const VariantFiles& files, const Model& model, const std::filesystem::path& directory);

/// The directories under BUNDLE/variants that hold a variant.json, sorted by name; without unfinished ones.
/// Errors: as MarkedDirectories().
std::vector<std::filesystem::path> FindVariants(const std::filesystem::path& bundle);

/// The model in the form of one level, without weights: graphs replaced. `level` is a place in `variant.levels`.
Model ModelOf(const Model& model, const Variant& variant, size_t level);

/// The model in the form of one level, ready for a Segmenter: graphs replaced, tensors cut. Only what is cut is copied: all else is
/// looked at where it lies. `level` is a place in `files.variant.levels`.
/// Errors: kDataLoss for a tensor that is missing or smaller than the level's.
Bundle BundleOf(const Model& model, const VariantFiles& files, size_t level);

}  // namespace tuckerseg
