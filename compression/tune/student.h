/// A variant's network in training: one set of tensors, and a graph for each level that reads its part of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "compression/train/trainable_graph.h"
#include "engine/model/variant.h"

namespace tuckerseg {

/// Tensors are named as the graph's, those of a smaller level's own `level_NAME.` + tensor: its biases and norms, which the rank changes
/// most and which cost next to nothing. Immutable.
class Student {
 public:
  /// Of part `part` of the variant, all levels.
  Student(const Variant& variant, size_t part);

  size_t levels() const { return graphs_.size(); }
  const TrainableGraph& graph(size_t level) const { return graphs_[level]; }

  /// A fold's tensors, float32 on the CPU. What a smaller level may have of its own and the variant does not hold begins as the
  /// largest level's. Errors: kFailedPrecondition for a tensor that is missing or of another shape.
  Parameters Load(const WeightStore& weights, const std::string& fold) const;

  /// What the graph of a level reads: its own tensors, and leading sub-blocks of the shared ones. Gradients flow back into `all`.
  Parameters AtLevel(const Parameters& all, size_t level) const;

  /// Puts a fold's tensors into `weights`, under the level names of `named`. `type_of(NAME)`: how the tensor, by its name in the
  /// variant that the student was made from, is stored: kFloat32 or kFloat16. Errors: as StoreParameters.
  template <typename TypeOf>
  void Store(const Parameters& all, const std::string& fold, const Variant& named, const TypeOf& type_of, WeightStore& weights) const {
    for (const auto& [name, tensor] : all) StoreOne(all, name, fold, named, type_of(StoredName(name, fold)), weights);
  }

 private:
  std::string OwnPrefix(size_t level) const { return "level_" + names_[level] + "."; }
  std::string StoredName(const std::string& name, const std::string& fold) const;
  void StoreOne(const Parameters& all, const std::string& name, const std::string& fold, const Variant& named, TensorType type,
                WeightStore& weights) const;
  /// The level whose own tensor this is, or 0.
  size_t LevelOf(const std::string& name) const;

  std::vector<std::string> names_;
  std::vector<TrainableGraph> graphs_;
};

}  // namespace tuckerseg
