#include "engine/model/variant.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>

#include "engine/error.h"
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

/// Puts the level's tensors of one part into `cut`.
WeightStore CutPart(const ModelPart& part, const VariantFiles& files, size_t place, const std::string& level_name) {
  // The views need the store that keeps their bytes: a copy of a store shares them.
  const auto keeper = std::make_shared<const WeightStore>(files.weights[place]);
  WeightStore cut;
  for (const std::string& fold : part.folds)
    for (const TensorSpec& spec : RequiredTensors(part.graph)) {
      const std::string name = "fold_" + fold + "." + spec.name;
      const TensorView* own = keeper->Find("level_" + level_name + "." + name);
      const TensorView* tensor = own != nullptr ? own : keeper->Find(name);
      if (tensor == nullptr) throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + name + ": missing");
      if (tensor->shape == spec.shape) {
        cut.AddView(name, *tensor, keeper);
      } else if (own == nullptr && !spec.shape.empty() && IsLeadingBlock(spec.shape, tensor->shape)) {
        cut.Add(name, tensor->type, spec.shape, LeadingBlock(*tensor, spec.shape));
      } else {
        throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + name + ": shape differs from the layer's");
      }
    }
  return cut;
}

}  // namespace

VariantFiles LoadVariant(const std::filesystem::path& directory, const Model& model) {
  std::ifstream file(directory / kVariantFile, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, "variant: has no readable variant.json; must be a directory that `decompose` wrote");
  VariantFiles files;
  files.variant = ParseVariant({std::istreambuf_iterator<char>(file), {}}, model);
  const std::vector<ModelPart> parts = PartsOf(model, files.variant.levels.front());
  files.weights = MapPartWeights(directory, parts, files.variant.weights_sha256).weights;
  for (size_t i = 0; i < parts.size(); ++i) CheckTensors(parts[i], files.weights[i]);
  return files;
}

void SaveVariant(const VariantFiles& files, const Model& model, const std::filesystem::path& directory) {
  Variant variant = files.variant;
  variant.weights_sha256 = PartWeightsSha256(files.weights);
  const std::string json = EncodeVariant(variant, model);
  ParseVariant(json, model);  // what cannot be loaded again is not written
  if (files.weights.size() != model.parts.size()) {
    throw Error(ErrorCode::kInvalidArgument, "variant: has weights of " + std::to_string(files.weights.size()) + " parts: must be " + std::to_string(model.parts.size()));
  }
  const std::vector<ModelPart> parts = PartsOf(model, variant.levels.front());
  for (size_t i = 0; i < parts.size(); ++i) CheckTensors(parts[i], files.weights[i]);
  for (size_t level = 1; level < variant.levels.size(); ++level) BundleOf(model, files, level);
  UnfinishedDirectory unfinished(directory, "variant");
  WritePartWeights(unfinished.path(), parts, files.weights);
  WriteWholeFile(unfinished.path() / kVariantFile, json);
  unfinished.PutInPlace();
}

std::vector<std::filesystem::path> FindVariants(const std::filesystem::path& bundle) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(bundle / kVariants, error), end; !error && it != end; it.increment(error)) {
    if (UnfinishedDirectory::IsUnfinished(it->path())) continue;
    std::error_code absent;
    if (std::filesystem::is_regular_file(it->path() / kVariantFile, absent)) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Bundle BundleOf(const Model& model, const VariantFiles& files, size_t level) {
  Bundle bundle;
  bundle.model = model;
  bundle.model.parts = PartsOf(model, files.variant.levels.at(level));
  for (size_t i = 0; i < bundle.model.parts.size(); ++i) bundle.weights.push_back(CutPart(bundle.model.parts[i], files, i, files.variant.levels[level].name));
  return bundle;
}

}  // namespace tuckerseg
