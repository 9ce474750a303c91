/// Truncated higher-order singular value decomposition over the two channel modes.
#pragma once

#include "compression/tucker/channel_weight.h"
#include "compression/tucker/tucker_weight.h"

namespace tuckerseg {

/// Left singular vectors and singular values of an unfolding, largest first.
struct ModeBasis {
  Matrix vectors;  ///< [channels, channels], orthonormal columns
  Vector values;   ///< [channels], >= 0; zeros beyond the unfolding's rank
};

/// From the eigenvectors of the unfolding's Gram matrix, which is at most channels x channels: exact to about 1e-8 of the largest
/// value, and many times faster than the SVD of the wide unfolding. Each vector's largest entry is positive, so that equal
/// weights give equal factors on every machine, but for rounding, as long as their singular values differ.
ModeBasis BasisOf(const Matrix& unfolding);

/// Both modes' bases: computed once, cut at any rank.
struct ModeBases {
  ModeBasis out;
  ModeBasis in;
};
ModeBases BasesOf(const ChannelWeight& weight);

/// The decomposition at full rank in both modes as cut by LeadingRanks: W ~ core x_0 out_factor x_1 in_factor, core = projection.
/// The spatial modes stay whole: three taps leave nothing worth cutting.
/// Guarantee: the squared Frobenius error is at most the sum of the squared singular values cut from both modes.
/// Errors: kInvalidArgument if a rank is not in [1, channels].
TuckerWeight Hosvd(const ChannelWeight& weight, const ModeBases& bases, int64_t rank_in, int64_t rank_out);
TuckerWeight Hosvd(const ChannelWeight& weight, int64_t rank_in, int64_t rank_out);

}  // namespace tuckerseg
