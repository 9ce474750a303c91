/// A convolution's Tucker form that keeps its outputs on real activations, instead of its weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "compression/rank/rank_pair.h"
#include "compression/tucker/tucker_weight.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// One layer on the calibration patches. All tensors float32 on the CPU.
struct LayerActivations {
  std::vector<at::Tensor> inputs;   ///< by patch, [1, in, ...]: what the layer will read (of compressed layers before it, layer after layer)
  std::vector<at::Tensor> targets;  ///< by patch, [1, out, ...]: what it should give: the original network's output of this layer
  at::Tensor bias;                  ///< [out]: the layer's own; zeros where it has none
  bool normalised = false;          ///< an instance norm follows: it divides each output channel by its deviation
};

struct LayerFitOptions {
  int64_t samples = 12000;  ///< output voxels over all patches, at least; more where the core has many unknowns
  uint64_t seed = 0;
};

/// A layer in Tucker form.
struct FittedLayer {
  TuckerWeight form;  ///< the in_factor's columns are orthonormal in the metric of the inputs' covariance, not in the plain one
  Vector bias;        ///< [out]; for layers that have one
  double error = 0;   ///< share of the targets' variance that is lost, on what was held out
};

/// Fits one layer at any ranks from statistics that are gathered once.
///
/// Inputs and targets are centred by patch, since the norm takes a channel's mean away (Kim et al. 2016 has no such step; with uncentred
/// moments the first direction is the mean), or a bias puts it back. A transposed convolution has no norm behind it, and its blocks share one bias that cannot
/// make up for what each of them loses of the mean; a layer without a bias and a norm has nothing to make up for it with: there the inputs stay as they are, and the bias alone is
/// taken from the targets. Targets are divided by their deviation where a norm does so too.
/// - Input factor: left singular vectors of the kernel in whitened coordinates: channels by their covariance, taps by theirs (a separable
///   model of the full tap-and-channel covariance), outputs scaled as above. Its columns are nested: rank r is the first r columns.
/// - Core and output factor: reduced-rank regression (Izenman 1975) of the targets on the projected inputs: least squares, drawn towards
///   the projected kernel by a ridge whose strength is chosen on held-out patches (of a single patch: on held-out voxels, which lie near the
///   others and so favour a weaker ridge), then the leading directions of what it explains.
class LayerFit {
 public:
  /// `weight`: as stored. `most_rank_in`: the largest that will be asked for.
  /// Errors: kInvalidArgument for a layer that is no convolution or a rank that it does not have; kInternal for activations that are not finite.
  LayerFit(const Layer& layer, const at::Tensor& weight, const LayerActivations& activations, int64_t most_rank_in, const LayerFitOptions& options);

  /// The share of the targets' variance that is lost on what is held out, for rank_out = 1, 2, ..., out.
  std::vector<double> Errors(int64_t rank_in) const;

  FittedLayer Fit(RankPair ranks) const;

 private:
  /// Second moments of projected inputs and targets, divided by their number.
  struct Moments {
    at::Tensor inputs;     // [unknowns, unknowns]
    at::Tensor cross;      // [unknowns, blocks, out]
    at::Tensor in_mean;    // [unknowns]
    at::Tensor out_mean;   // [out], not scaled
    double variance = 0;   // of the targets, summed over channels and blocks
    double count = 0;
    /// `origin`: what is taken from the targets, [out]; undefined: the means, of inputs and targets.
    void Add(const at::Tensor& z, const at::Tensor& y, const at::Tensor& deviation, const at::Tensor& origin);
    void Finish();
    static Moments Joined(const Moments& a, const Moments& b);
  };
  struct Regression {
    at::Tensor map;      // [unknowns, blocks, out]
    at::Tensor vectors;  // [out, out]: output directions, the one that explains most first
  };

  void GatherBasis(const LayerActivations& activations, const at::Tensor& weight, const LayerFitOptions& options);
  void GatherMoments(const LayerActivations& activations, const LayerFitOptions& options);
  void AddPatch(const at::Tensor& z, const at::Tensor& y, const at::Tensor& origin, int64_t patch, int64_t patches);
  Moments Leading(const Moments& moments, int64_t rank_in) const;
  Regression Regress(const Moments& moments, int64_t rank_in, double ridge) const;
  std::vector<double> ErrorsOf(const Regression& regression, const Moments& held_out) const;
  /// The ridge with the least held-out error at this pair, and the errors there.
  std::pair<double, std::vector<double>> BestRidge(RankPair ranks, const Moments& train, const Moments& held_out) const;

  Layer layer_;
  int64_t most_rank_in_;
  int64_t taps_;        // of the core's input side: 1 for a transposed convolution
  int64_t blocks_;      // of its output side: 1 for a plain one
  bool centred_;        // what means are lost is made up for behind the layer
  at::Tensor project_;  // A, [in, most_rank_in]: z = A^T x
  at::Tensor prior_;    // [most_rank_in * taps, blocks, out]: the kernel seen from z, outputs scaled
  at::Tensor deviation_;  // [out]: what outputs are divided by
  Moments train_;
  Moments held_out_;
};

}  // namespace tuckerseg
