/// A layer graph made trainable: LibTorch's autograd over the same layers, names and shapes that executors run.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "compression/train/graph_stages.h"
#include "engine/execute/precision.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// The tensors of a graph by TensorSpec name, without a fold's prefix; ascending, so that every walk has the same order.
using Parameters = std::map<std::string, at::Tensor>;

/// What the backward pass finds of the forward pass.
enum class Activations {
  kKept,        ///< all that it needs
  kRecomputed,  ///< what goes from one stage to another; a stage's own are computed again, but for a head's: less memory, a third more time
};

/// A coarser output that only the loss sees: a 1x1x1 convolution behind a decoder stage.
struct AuxiliaryHead {
  std::string name;         ///< prefix of its tensors: "auxiliary.LAYER"
  int layer = 0;            ///< the layer that it reads
  int64_t in_channels = 0;
  Size3 stride{1, 1, 1};    ///< how much coarser than the patch
};

class GraphWalk;

/// Immutable; holds no weights, so that one graph serves the weights that are trained, their average and a teacher's.
class TrainableGraph {
 public:
  /// With `deep_supervision`, heads behind the decoder's stages but the deepest, which nnU-Net weights with 0.
  /// Errors: kInvalidArgument for a graph that is not valid.
  TrainableGraph(LayerGraph graph, bool deep_supervision);

  const LayerGraph& graph() const { return graph_; }
  /// From fine to coarse.
  const std::vector<AuxiliaryHead>& heads() const { return heads_; }

  /// The graph's tensors and the heads'.
  std::vector<TensorSpec> Tensors() const;

  /// `input`: [samples, channels, d0, d1, d2] of the parameters' type, on their device. Returns float logits [samples, classes, ...]
  /// at the patch's resolution, then one for each head. Gradients flow to the parameters that require them. With kRecomputed the graph
  /// must outlive the backward pass.
  /// `precision`: what convolutions compute in, float32 or bfloat16; parameters, norms' statistics and logits are float32 in both.
  /// Errors: what LibTorch throws.
  std::vector<at::Tensor> Forward(const Parameters& parameters, const at::Tensor& input, Precision precision,
                                  Activations activations = Activations::kKept) const;

  /// One layer alone: `features` holds the outputs of its inputs by place, all others may be undefined. What Forward does, step by step,
  /// for whoever looks at features on the way.
  at::Tensor RunLayer(size_t place, const Parameters& parameters, const std::vector<at::Tensor>& features, Precision precision) const;

  /// The place of the last layer that reads the output of the layer at `place`; the number of layers where none does.
  size_t LastUse(size_t place) const { return last_use_[place]; }

 private:
  void RunStage(const GraphStage& stage, GraphWalk& walk, Precision precision) const;

  LayerGraph graph_;
  std::vector<AuxiliaryHead> heads_;
  std::vector<GraphStage> stages_;
  std::vector<size_t> last_use_;  // layer behind which a feature is not needed any more
};

}  // namespace tuckerseg
