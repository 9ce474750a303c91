/// A layer graph as LibTorch's operations, on tensors that lie on the device: what the executor is around, and what is timed without
/// the way to the device and back. Shows LibTorch, as tucker_steps.h does.
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/execute/precision.h"
#include "engine/execute/torch/joins.h"
#include "engine/model/layer_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// LibTorch's name of the precision.
at::ScalarType ScalarTypeOf(Precision precision);

/// One network with one set of weights. Thread-safe once built.
class TorchNetwork {
 public:
  /// Copies the tensors `prefix`<layer>.<tensor> to the device, those of Tucker layers folded (tucker_fold.h), on the CPU those around concats too (joins.h), and in half precision on CUDA padded (WithPaddedRanks). `graph` must be valid, but its strides are not looked at: a transposed
  /// convolution may stand alone. Errors: kFailedPrecondition for a tensor that is missing or of another shape; LibTorch's own.
  TorchNetwork(LayerGraph graph, const WeightStore& weights, const std::string& prefix, at::Device device, Precision precision);

  const LayerGraph& graph() const { return graph_; }
  at::Device device() const { return device_; }
  /// How features lie in memory: a patch that lies so need not be turned around.
  at::MemoryFormat format() const { return format_; }

  /// Whether Forward takes several patches at once: on CUDA. On the CPU one has the processors to itself, and nothing is gained.
  bool TakesBatches() const { return device_.is_cuda(); }

  /// `input`: [patches, in channels, d0, d1, d2] on the device; one patch unless TakesBatches(); of the precision's type; stays as it is. The logits are of that type too, in either order in memory: call contiguous().
  /// Errors: LibTorch's own (torch_errors.h).
  at::Tensor Forward(at::Tensor input) const;

 private:
  const at::Tensor& Tensor(const Layer& layer, const char* part) const { return tensors_.at(layer.name + part); }
  at::Tensor OnDevice(const at::Tensor& tensor, at::ScalarType type) const;
  std::optional<at::Tensor> Bias(const Layer& layer) const;
  at::Tensor ApplyNorm(const Layer& layer, size_t index, const at::Tensor& input) const;
  at::Tensor Apply(const Layer& layer, size_t index, std::vector<at::Tensor>& features) const;
  /// The feature `source`, taken out of its place where the layer `index` is the last to read it: whoever is given it may free it before the layer has its answer.
  at::Tensor Take(std::vector<at::Tensor>& features, size_t source, size_t index) const;
  at::Tensor ApplyTucker(const Layer& layer, at::Tensor feature) const;
  bool IsFirstConvolution(size_t layer) const { return !first_convolutions_.empty() && first_convolutions_[layer]; }
  /// Whether what this norm makes, with the ReLU in it, is the network's answer. Where slopes_ are.
  bool IsLast(size_t norm) const;
  bool AnswersInCOrder(const Layer& layer, size_t index) const;
  /// Takes the readers' matrices apart. Before weights are rounded to the precision.
  void PrepareJoins();
  void FoldBehind(const Layer& transposed, const at::Tensor& matrix);
  at::Tensor ApplyJoin(size_t concat, const std::vector<at::Tensor>& features) const;

  LayerGraph graph_;
  at::Device device_;
  at::MemoryFormat format_;
  std::map<std::string, at::Tensor> tensors_;  // by TensorSpec name, without the prefix; of Tucker layers the steps', less those that joins have taken; of a folded transposed convolution [in, rank, ...]
  std::vector<size_t> last_use_;               // layer after which a feature is freed
  std::vector<std::optional<double>> slopes_;  // by layer: of the leaky ReLU that is one operation with this norm; empty where none are
  std::vector<bool> first_convolutions_;       // by layer: computed by the norm behind it (first_convolution.h); empty where none are
  std::map<size_t, Join> joins_;               // by concat: those that are sums; on the CPU
  std::map<size_t, std::vector<at::Tensor>> slices_;  // by concat: for each part that is not folded its slice of the reader's matrix
};

}  // namespace tuckerseg
