/// Higher-order orthogonal iteration over the two channel modes: what the paper's authors run (tensorly's partial_tucker).
#pragma once

#include "compression/tucker/hosvd.h"

namespace tuckerseg {

struct HooiOptions {
  int iterations = 100;     ///< at most
  double tolerance = 1e-5;  ///< ends once the relative error falls by less. tensorly's is 1e-4; flat spectra creep on for hundreds of iterations below it
};

/// Starts from the truncated HOSVD and fits each factor in turn to the weight projected on the other one.
/// Guarantee: the error is never above the HOSVD's, since no step raises it.
/// Errors: as Hosvd.
TuckerWeight Hooi(const ChannelWeight& weight, const ModeBases& bases, int64_t rank_in, int64_t rank_out, const HooiOptions& options = {});
TuckerWeight Hooi(const ChannelWeight& weight, int64_t rank_in, int64_t rank_out, const HooiOptions& options = {});

}  // namespace tuckerseg
