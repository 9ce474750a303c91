/// A convolution's weight as compression sees it: two channel modes around the taps, in float64.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "engine/model/layer_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

/// [out][in][taps], whatever the layout on disk: transposed convolutions are stored [in][out][taps], and their modes are told apart
/// here once.
struct ChannelWeight {
  int64_t out = 0;
  int64_t in = 0;
  int64_t taps = 0;    ///< product of the kernel, in its C order
  Matrix by_out;       ///< the mode-out unfolding: [out, in * taps], column i * taps + t

  /// The mode-in unfolding: [in, out * taps], column o * taps + t (Kolda & Bader 2009, sec. 2.4; the order of the columns does not
  /// matter to singular values and left singular vectors).
  Matrix ByIn() const;
};

/// `tensor` is `layer`'s weight, the layer a plain or a transposed convolution.
/// Errors: kInvalidArgument for another kind or shape, kDataLoss for a value that is not finite; both name the layer.
ChannelWeight ChannelWeightOf(const Layer& layer, const TensorView& tensor);

/// Puts a core [rank_out, rank_in * taps] into the layout that a Tucker layer of `layer`'s kind stores, as float32.
std::vector<float> StoredCore(const Layer& layer, const Matrix& core, int64_t rank_in);

}  // namespace tuckerseg
