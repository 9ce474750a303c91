#include "compression/tune/student.h"

#include <ATen/ATen.h>

#include "compression/train/parameters.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

bool IsSmall(const TensorSpec& spec) { return spec.shape.size() == 1; }

at::Tensor LeadingBlock(const at::Tensor& tensor, const std::vector<int64_t>& shape) {
  if (tensor.sizes() == at::IntArrayRef(shape)) return tensor;
  at::Tensor block = tensor;
  for (size_t a = 0; a < shape.size(); ++a) block = block.narrow(static_cast<int64_t>(a), 0, shape[a]);
  return block.dim() == 5 ? block.contiguous(at::MemoryFormat::ChannelsLast3d) : block.contiguous();
}

}  // namespace

Student::Student(const Variant& variant, size_t part) {
  for (const VariantLevel& level : variant.levels) {
    names_.push_back(level.name);
    graphs_.emplace_back(level.graphs.at(part), /*deep_supervision=*/false);
  }
}

size_t Student::LevelOf(const std::string& name) const {
  // Names may hold points: of the levels `a` and `a.b` only the longer one's prefix is the whole of "level_a.b.".
  size_t found = 0;
  for (size_t level = 1; level < names_.size(); ++level)
    if (name.starts_with(OwnPrefix(level)) && (found == 0 || names_[level].size() > names_[found].size())) found = level;
  return found;
}

std::string Student::StoredName(const std::string& name, const std::string& fold) const {
  const size_t level = LevelOf(name);
  const std::string prefix = level == 0 ? "" : OwnPrefix(level);
  return prefix + "fold_" + fold + "." + name.substr(prefix.size());
}

Parameters Student::Load(const WeightStore& weights, const std::string& fold) const {
  Parameters all = LoadParameters(graphs_.front(), weights, "fold_" + fold + ".", /*seed=*/0);
  for (size_t level = 1; level < levels(); ++level)
    for (const TensorSpec& spec : graphs_[level].Tensors()) {
      if (!IsSmall(spec)) continue;
      const TensorView* own = weights.Find(OwnPrefix(level) + "fold_" + fold + "." + spec.name);
      if (own != nullptr && own->shape != spec.shape) {
        throw Error(ErrorCode::kFailedPrecondition, OwnPrefix(level) + spec.name + ": shape differs from the layer's");
      }
      all[OwnPrefix(level) + spec.name] =
          own == nullptr ? all.at(spec.name).clone() : at::tensor(at::ArrayRef<float>(ToFloat(*own)), at::kFloat);
    }
  return all;
}

Parameters Student::AtLevel(const Parameters& all, size_t level) const {
  Parameters cut;
  for (const TensorSpec& spec : graphs_[level].Tensors()) {
    const auto own = level == 0 ? all.end() : all.find(OwnPrefix(level) + spec.name);
    cut[spec.name] = own != all.end() ? own->second : LeadingBlock(all.at(spec.name), spec.shape);
  }
  return cut;
}

void Student::StoreOne(const Parameters& all, const std::string& name, const std::string& fold, const Variant& named, TensorType type,
                       WeightStore& weights) const {
  const size_t level = LevelOf(name);
  const std::string bare = level == 0 ? name : name.substr(OwnPrefix(level).size());
  const std::string prefix = level == 0 ? "" : "level_" + named.levels[level].name + ".";
  const at::Tensor& tensor = all.at(name);
  StoreParameters({{bare, tensor}}, {{bare, tensor.sizes().vec()}}, prefix + "fold_" + fold + ".", type, weights);
}

}  // namespace tuckerseg
