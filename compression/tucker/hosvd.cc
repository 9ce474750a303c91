#include "compression/tucker/hosvd.h"

#include "compression/tucker/dense_algebra.h"

namespace tuckerseg {

ModeBasis BasisOf(const Matrix& unfolding) {
  const SymmetricEigen eigen = EigenOf(Gram(unfolding));
  ModeBasis basis{eigen.vectors.rowwise().reverse(), eigen.values.reverse().cwiseMax(0.0).cwiseSqrt()};
  for (int64_t c = 0; c < basis.vectors.cols(); ++c) {
    int64_t largest = 0;
    basis.vectors.col(c).cwiseAbs().maxCoeff(&largest);
    if (basis.vectors(largest, c) < 0) basis.vectors.col(c) *= -1;
  }
  return basis;
}

ModeBases BasesOf(const ChannelWeight& weight) { return {BasisOf(weight.by_out), BasisOf(weight.ByIn())}; }

TuckerWeight Hosvd(const ChannelWeight& weight, const ModeBases& bases, int64_t rank_in, int64_t rank_out) {
  CheckRank("rank_in", rank_in, weight.in);
  CheckRank("rank_out", rank_out, weight.out);
  TuckerWeight form;
  form.out_factor = bases.out.vectors.leftCols(rank_out);
  form.in_factor = bases.in.vectors.leftCols(rank_in);
  form.core = TransposedProduct(form.out_factor, RowwiseProduct(weight.by_out, form.in_factor, weight.taps));
  return form;
}

TuckerWeight Hosvd(const ChannelWeight& weight, int64_t rank_in, int64_t rank_out) { return Hosvd(weight, BasesOf(weight), rank_in, rank_out); }

}  // namespace tuckerseg
