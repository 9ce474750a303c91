#include "compression/tucker/tucker_weight.h"

#include <string>

#include "compression/tucker/dense_algebra.h"
#include "engine/error.h"

namespace tuckerseg {

void CheckRank(const char* field, int64_t rank, int64_t most) {
  if (rank >= 1 && rank <= most) return;
  throw Error(ErrorCode::kInvalidArgument, std::string(field) + " = " + std::to_string(rank) + ": must be in [1, " + std::to_string(most) + "]");
}

TuckerWeight LeadingRanks(const TuckerWeight& weight, int64_t rank_in, int64_t rank_out) {
  CheckRank("rank_in", rank_in, weight.rank_in());
  CheckRank("rank_out", rank_out, weight.rank_out());
  const int64_t taps = weight.core.cols() / weight.rank_in();
  return {weight.core.topLeftCorner(rank_out, rank_in * taps), weight.out_factor.leftCols(rank_out), weight.in_factor.leftCols(rank_in)};
}

ChannelWeight Compose(const TuckerWeight& weight) {
  const int64_t taps = weight.core.cols() / weight.rank_in();
  ChannelWeight composed{weight.out_factor.rows(), weight.in_factor.rows(), taps, {}};
  composed.by_out = Product(weight.out_factor, RowwiseProduct(weight.core, weight.in_factor.transpose(), taps));
  return composed;
}

double RelativeError(const ChannelWeight& weight, const TuckerWeight& form) {
  const double error = (weight.by_out - Compose(form).by_out).norm();
  return error == 0 ? 0 : error / weight.by_out.norm();
}

}  // namespace tuckerseg
