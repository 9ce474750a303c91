/// The Tucker-2 form of a convolution's weight.
#pragma once

#include "compression/tucker/channel_weight.h"

namespace tuckerseg {

/// W[o, i, t] ~ sum over a, b of out_factor[o, a] core[a, b, t] in_factor[i, b] (Kim et al. 2016, arXiv 1511.06530).
/// From HOSVD and HOOI the factors' columns are orthonormal; from HOSVD they are ordered by singular value besides, so that a smaller
/// rank is a leading sub-block. Data-aware factors are orthonormal in another metric (calibrate/layer_fit.h).
struct TuckerWeight {
  Matrix core;        ///< [rank_out, rank_in * taps], column b * taps + t
  Matrix out_factor;  ///< [out, rank_out]
  Matrix in_factor;   ///< [in, rank_in]

  int64_t rank_out() const { return out_factor.cols(); }
  int64_t rank_in() const { return in_factor.cols(); }
};

/// Errors: kInvalidArgument that names `field` unless `rank` is in [1, `most`].
void CheckRank(const char* field, int64_t rank, int64_t most);

/// The leading sub-block. Errors: kInvalidArgument if a rank is not in [1, that of `weight`].
TuckerWeight LeadingRanks(const TuckerWeight& weight, int64_t rank_in, int64_t rank_out);

/// The weight that the form stands for.
ChannelWeight Compose(const TuckerWeight& weight);

/// ||W - form||_F / ||W||_F; 0 for a weight of zeros that the form gives back.
double RelativeError(const ChannelWeight& weight, const TuckerWeight& form);

}  // namespace tuckerseg
