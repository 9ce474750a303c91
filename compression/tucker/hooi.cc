#include "compression/tucker/hooi.h"

#include <algorithm>
#include <cmath>

#include "compression/tucker/dense_algebra.h"

namespace tuckerseg {
namespace {

/// The out-mode's projection: [rank_out, in * taps] as a weight.
ChannelWeight ProjectOut(const ChannelWeight& weight, const Matrix& out_factor) {
  return {out_factor.cols(), weight.in, weight.taps, TransposedProduct(out_factor, weight.by_out)};
}

}  // namespace

TuckerWeight Hooi(const ChannelWeight& weight, const ModeBases& bases, int64_t rank_in, int64_t rank_out, const HooiOptions& options) {
  TuckerWeight form = Hosvd(weight, bases, rank_in, rank_out);
  const double whole = weight.by_out.squaredNorm();
  if (whole == 0) return form;
  // With orthonormal factors the squared error is what the core lacks of the weight's squared norm.
  const auto error_of = [whole](const Matrix& core) { return std::sqrt(std::max(0.0, whole - core.squaredNorm()) / whole); };
  double error = error_of(form.core);
  for (int i = 0; i < options.iterations; ++i) {
    const Matrix reduced = RowwiseProduct(weight.by_out, form.in_factor, weight.taps);
    form.out_factor = BasisOf(reduced).vectors.leftCols(rank_out);
    const ChannelWeight narrow = ProjectOut(weight, form.out_factor);
    form.in_factor = BasisOf(narrow.ByIn()).vectors.leftCols(rank_in);
    form.core = RowwiseProduct(narrow.by_out, form.in_factor, weight.taps);
    const double before = error;
    error = error_of(form.core);
    if (before - error < options.tolerance) break;
  }
  return form;
}

TuckerWeight Hooi(const ChannelWeight& weight, int64_t rank_in, int64_t rank_out, const HooiOptions& options) {
  return Hooi(weight, BasesOf(weight), rank_in, rank_out, options);
}

}  // namespace tuckerseg
