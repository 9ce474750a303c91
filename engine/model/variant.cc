#include "engine/model/variant.h"

#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/model/file_failure.h"
#include "engine/model/marked_directories.h"
#include "engine/model/part_weights.h"
#include "engine/model/unfinished_directory.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

constexpr auto kVariantFile = "variant.json";
constexpr auto kVariants = "variants";

std::vector<ModelPart> PartsOf(const Model& model, const VariantLevel& level) {
  std::vector<ModelPart> parts = model.parts;
  for (size_t i = 0; i < parts.size(); ++i) parts[i].graph = level.graphs[i];
  return parts;
}

bool IsLeadingBlock(const std::vector<int64_t>& shape, const std::vector<int64_t>& of) {
  if (shape.size() != of.size()) return false;
  for (size_t a = 0; a < shape.size(); ++a)
    if (shape[a] > of[a]) return false;
  return true;
}

/// The elements below `shape` along every axis, as a tensor of its own.
std::vector<std::byte> LeadingBlock(const TensorView& tensor, const std::vector<int64_t>& shape) {
  const size_t element = BytesPerElement(tensor.type);
  const size_t last = shape.size() - 1;
  const auto row = static_cast<size_t>(shape[last]) * element;
  std::vector<std::byte> block;
  block.reserve(static_cast<size_t>(std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>())) * element);
  std::vector<int64_t> place(shape.size(), 0);
  while (true) {
    int64_t offset = 0;
    for (size_t a = 0; a < shape.size(); ++a) offset = offset * tensor.shape[a] + place[a];
    const std::byte* from = tensor.bytes.data() + static_cast<size_t>(offset) * element;
    block.insert(block.end(), from, from + row);
    size_t a = last;
    while (a > 0 && ++place[a - 1] == shape[a - 1]) place[--a] = 0;
    if (a == 0) return block;
  }
}

/// Gives `take(name, tensor, shape)` every tensor of the level: its own, or the shared one, which may be larger than `shape`.
template <typename Take>
void EachTensor(const ModelPart& part, const WeightStore& weights, const std::string& level_name, const Take& take) {
  for (const std::string& fold : part.folds)
    for (const TensorSpec& spec : RequiredTensors(part.graph)) {
      const std::string name = "fold_" + fold + "." + spec.name;
      const std::string own_name = "level_" + level_name + "." + name;
      const TensorView* own = weights.Find(own_name);
      const TensorView* tensor = own != nullptr ? own : weights.Find(name);
      if (tensor == nullptr) throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + name + ": missing");
      if (own != nullptr ? own->shape != spec.shape : !IsLeadingBlock(spec.shape, tensor->shape)) {
        throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + (own != nullptr ? own_name : name) + ": shape differs from the layer's");
      }
      if (!IsFloatingPoint(tensor->type)) throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + (own != nullptr ? own_name : name) + ": holds integers: must be of a floating-point type");
      take(name, *tensor, spec.shape);
    }
}

/// Nothing is cut where nothing has to be: such tensors are looked at where they lie.
WeightStore CutPart(const ModelPart& part, const WeightStore& weights, const std::string& level_name) {
  // The views need the store that keeps their bytes: a copy of a store shares them.
  const auto keeper = std::make_shared<const WeightStore>(weights);
  WeightStore cut;
  EachTensor(part, *keeper, level_name, [&](const std::string& name, const TensorView& tensor, const std::vector<int64_t>& shape) {
    if (tensor.shape == shape) {
      cut.AddView(name, tensor, keeper);
    } else {
      cut.Add(name, tensor.type, shape, LeadingBlock(tensor, shape));
    }
  });
  return cut;
}

/// All tensors of the largest level are there as they are, all others' by cutting or as their own.
void CheckLevels(const VariantFiles& files, const Model& model) {
  const std::vector<ModelPart> largest = PartsOf(model, files.variant.levels.front());
  for (size_t i = 0; i < largest.size(); ++i) CheckTensors(largest[i], files.weights[i]);
  for (const VariantLevel& level : files.variant.levels) {
    const std::vector<ModelPart> parts = PartsOf(model, level);
    for (size_t i = 0; i < parts.size(); ++i) EachTensor(parts[i], files.weights[i], level.name, [](const auto&, const auto&, const auto&) {});
  }
}

/// variant.json tells smaller levels by their ranks alone: what it has no place for would be lost.
void CheckSmallerLevels(const Variant& variant, const Variant& as_read) {
  for (size_t i = 0; i < variant.levels.size(); ++i) {
    if (variant.levels[i] == as_read.levels[i]) continue;
    throw Error(ErrorCode::kInvalidArgument, "variant: level " + variant.levels[i].name + ": must be the largest level with smaller ranks and nothing else");
  }
}

}  // namespace

Variant ReadVariant(const std::filesystem::path& directory, const Model& model) {
  const std::optional<std::string> json = ReadWholeFile(directory / kVariantFile);
  if (!json) throw Error(CodeOfUnreadFile(directory / kVariantFile), "variant: has no readable variant.json; must be a directory that `decompose` wrote");
  return ParseVariant(*json, model);
}

VariantFiles LoadVariant(const std::filesystem::path& directory, const Model& model) {
  VariantFiles files;
  files.variant = ReadVariant(directory, model);
  files.weights = ReadPartWeights(directory, model.parts, files.variant.weights_sha256).weights;
  CheckLevels(files, model);
  return files;
}

void SaveVariant(const VariantFiles& files, const Model& model, const std::filesystem::path& directory) {
  Variant variant = files.variant;
  variant.weights_sha256 = PartWeightsSha256(files.weights);
  const std::string json = EncodeVariant(variant, model);
  CheckSmallerLevels(variant, ParseVariant(json, model));  // what cannot be loaded again is not written
  if (files.weights.size() != model.parts.size()) {
    throw Error(ErrorCode::kInvalidArgument, "variant: has weights of " + std::to_string(files.weights.size()) + " parts: must be " + std::to_string(model.parts.size()));
  }
  CheckLevels(files, model);
  UnfinishedDirectory unfinished(directory, "variant");
  WritePartWeights(unfinished.path(), model.parts, files.weights);
  WriteWholeFile(unfinished.path() / kVariantFile, json);
  unfinished.PutInPlace();
}

std::vector<std::filesystem::path> FindVariants(const std::filesystem::path& bundle) {
  return MarkedDirectories(bundle / kVariants, kVariantFile, "variants");
}

Model ModelOf(const Model& model, const Variant& variant, size_t level) {
  Model form = model;
  form.parts = PartsOf(model, variant.levels.at(level));
  return form;
}

Bundle BundleOf(const Model& model, const VariantFiles& files, size_t level) {
  Bundle bundle;
  bundle.model = ModelOf(model, files.variant, level);
  for (size_t i = 0; i < bundle.model.parts.size(); ++i) bundle.weights.push_back(CutPart(bundle.model.parts[i], files.weights[i], files.variant.levels[level].name));
  return bundle;
}

}  // namespace tuckerseg
