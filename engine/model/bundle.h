/// A model on disk: DIR/model.json and, for each part, DIR/parts/NAME/weights.safetensors (docs/bundle.md).
/// A model of a single part keeps its weights in DIR/weights.safetensors.
#pragma once

#include <filesystem>
#include <vector>

#include "engine/model/model.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// A model with the weights of its parts, in the order of `model.parts`.
struct Bundle {
  Model model;
  std::vector<WeightStore> weights;
};

/// model.json's text. ParseModel(EncodeModel(m)) == m.
std::string EncodeModel(const Model& model);
/// Errors: kInvalidArgument that names the field (JSON path), its value and what would be right.
Model ParseModel(const std::string& json);

/// Reads model.json alone. Errors: kNotFound (no such bundle), kUnavailable (CodeOfUnreadFile), kInvalidArgument.
Model LoadModel(const std::filesystem::path& directory);

/// Reads and checks a bundle: schema, graph, that every tensor of every fold is there in its shape, and the weights' checksum
/// where the model names one.
/// Errors: as LoadModel; kDataLoss (weights), and as FileBytes::Read.
Bundle LoadBundle(const std::filesystem::path& directory);

/// Writes the bundle into a directory beside `directory` and renames it, so that a half-written bundle is never seen.
/// Errors: kFailedPrecondition if `directory` exists and is not empty, kInvalidArgument for a model that LoadBundle would
/// refuse, kInternal if it cannot be written.
void SaveBundle(const Bundle& bundle, const std::filesystem::path& directory);

/// The directories under `models` that hold a model.json, sorted by name; without those that SaveBundle has not finished. Errors: as MarkedDirectories().
std::vector<std::filesystem::path> FindBundles(const std::filesystem::path& models);

}  // namespace tuckerseg
