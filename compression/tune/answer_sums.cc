#include "compression/tune/answer_sums.h"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/parallel.h"

namespace tuckerseg {
namespace {

constexpr int64_t kSlabVoxels = int64_t{1} << 16;  // 30 MB of 118 classes
constexpr int64_t kChunkVoxels = 1024;             // are summed in their own type, and the sums of all chunks in double

/// Calls `visit(answers of the slab)`.
template <typename Visitor>
void ForEachSlab(const Answers& all, const Visitor& visit) {
  const int64_t voxels = all.p.size(0);
  for (int64_t begin = 0; begin < voxels; begin += kSlabVoxels) {
    const int64_t count = std::min(kSlabVoxels, voxels - begin);
    const auto slab = [&](const at::Tensor& tensor) { return tensor.narrow(0, begin, count); };
    visit(Answers{slab(all.logits), slab(all.p), slab(all.cool_p), slab(all.q), slab(all.cool_q), slab(all.information)});
  }
}

/// Rows of one sample as plain memory.
template <typename T>
struct Rows {
  explicit Rows(const Answers& answers)
      : voxels(answers.p.size(0)), classes(answers.p.size(1)), logits(answers.logits.const_data_ptr<T>()), p(answers.p.const_data_ptr<T>()),
        cool_p(answers.cool_p.const_data_ptr<T>()), q(answers.q.const_data_ptr<T>()), cool_q(answers.cool_q.const_data_ptr<T>()),
        information(answers.information.const_data_ptr<T>()) {}

  int64_t voxels;
  int64_t classes;
  const T* logits;
  const T* p;
  const T* cool_p;
  const T* q;
  const T* cool_q;
  const T* information;
};

constexpr int64_t kLanes = 8;  // partial sums, so that compilers may use vectors without changing the order

/// sum of a b
template <typename T>
T Product(const T* a, const T* b, int64_t count) {
  T lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
  T sum = 0;
  for (; i < count; ++i) sum += a[i] * b[i];
  for (const T lane : lanes) sum += lane;
  return sum;
}

/// sum over classes of q log(q / p), where log p is the logit less the logarithm of the sum of all exponentials. That is known from the
/// largest logit and its p, which is never 0, so that a voxel takes one logarithm.
template <typename T>
T Divergence(const Rows<T>& rows, int64_t voxel) {
  const T* const logits = rows.logits + voxel * rows.classes;
  const int64_t largest = std::max_element(logits, logits + rows.classes) - logits;
  const T log_sum = logits[largest] - std::log(rows.cool_p[voxel * rows.classes + largest]);
  return rows.information[voxel] + log_sum - Product(logits, rows.cool_q + voxel * rows.classes, rows.classes);
}

/// [overlap by class, squares by class, divergence] of some voxels.
template <typename T>
std::vector<double> SumOfVoxels(const Rows<T>& rows, int64_t begin, int64_t end) {
  const auto classes = static_cast<size_t>(rows.classes);
  std::vector<T> overlap(classes);
  std::vector<T> squares(classes);
  T divergence = 0;
  for (int64_t voxel = begin; voxel < end; ++voxel) {
    const T* const p = rows.p + voxel * rows.classes;
    const T* const q = rows.q + voxel * rows.classes;
    for (size_t c = 0; c < classes; ++c) overlap[c] += p[c] * q[c];
    for (size_t c = 0; c < classes; ++c) squares[c] += p[c] * p[c];
    divergence += Divergence(rows, voxel);
  }
  std::vector<double> sums(overlap.begin(), overlap.end());
  sums.insert(sums.end(), squares.begin(), squares.end());
  sums.push_back(divergence);
  return sums;
}

template <typename T>
std::vector<double> SumOfAll(const Rows<T>& rows, int threads) {
  const int64_t chunks = (rows.voxels + kChunkVoxels - 1) / kChunkVoxels;
  std::vector<std::vector<double>> parts(static_cast<size_t>(chunks));
  ParallelFor(threads, chunks, [&](int64_t first, int64_t last) {
    for (int64_t chunk = first; chunk < last; ++chunk)
      parts[static_cast<size_t>(chunk)] = SumOfVoxels(rows, chunk * kChunkVoxels, std::min((chunk + 1) * kChunkVoxels, rows.voxels));
  });
  std::vector<double> sum(static_cast<size_t>(2 * rows.classes + 1));
  for (const std::vector<double>& part : parts)
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
  return sum;
}

/// `gradient` may be `rows.p`, and `rows.cool_p` with it.
template <typename T>
void PutGradientOfVoxels(const Rows<T>& rows, const T* dice, const T* share, T scale, int64_t begin, int64_t end, T* gradient) {
  const auto classes = static_cast<size_t>(rows.classes);
  std::vector<T> by_p(classes);
  for (int64_t voxel = begin; voxel < end; ++voxel) {
    const int64_t at = voxel * rows.classes;
    const T* const p = rows.p + at;
    const T* const q = rows.q + at;
    const T* const cool_p = rows.cool_p + at;
    const T* const cool_q = rows.cool_q + at;
    for (size_t c = 0; c < classes; ++c) by_p[c] = (p[c] * dice[c] - q[c]) * share[c];
    const T mean = Product(by_p.data(), p, rows.classes);
    for (size_t c = 0; c < classes; ++c) by_p[c] = (by_p[c] - mean) * p[c] + (cool_p[c] - cool_q[c]) * scale;
    std::copy(by_p.begin(), by_p.end(), gradient + at);
  }
}

}  // namespace

AnswerSums SumByTensors(const Answers& answers) {
  AnswerSums sums{at::zeros({answers.p.size(1)}, answers.p.options()), at::zeros({answers.p.size(1)}, answers.p.options()), at::zeros({}, answers.p.options())};
  ForEachSlab(answers, [&](const Answers& slab) {
    sums.overlap += (slab.p * slab.q).sum(0);
    sums.squares += slab.p.square().sum(0);
    const at::Tensor log_sum = slab.logits.amax(1).sub_(slab.cool_p.amax(1).log_());
    sums.divergence += (slab.information + log_sum).sub_((slab.logits * slab.cool_q).sum(1)).sum();
  });
  return sums;
}

void PutGradientByTensors(const Answers& answers, const AnswerWeights& weights) {
  ForEachSlab(answers, [&](const Answers& slab) {
    at::Tensor by_p = (slab.p * weights.dice).sub_(slab.q).mul_(weights.share);
    by_p.sub_((by_p * slab.p).sum(1, /*keepdim=*/true)).mul_(slab.p);
    at::Tensor gradient = slab.p;
    at::sub_out(gradient, slab.cool_p, slab.cool_q).mul_(weights.scale).add_(by_p);
  });
}

AnswerSums SumByVoxels(const Answers& answers, int threads) {
  std::vector<double> sums;
  AT_DISPATCH_FLOATING_TYPES(answers.p.scalar_type(), "SumByVoxels", [&] { sums = SumOfAll(Rows<scalar_t>(answers), threads); });
  const int64_t classes = answers.p.size(1);
  const at::Tensor all = at::tensor(sums, answers.p.options());
  return {all.narrow(0, 0, classes), all.narrow(0, classes, classes), all[2 * classes]};
}

void PutGradientByVoxels(const Answers& answers, const AnswerWeights& weights, int threads) {
  AT_DISPATCH_FLOATING_TYPES(answers.p.scalar_type(), "PutGradientByVoxels", [&] {
    const Rows<scalar_t> rows(answers);
    const auto* dice = weights.dice.const_data_ptr<scalar_t>();
    const auto* share = weights.share.const_data_ptr<scalar_t>();
    auto* gradient = answers.p.mutable_data_ptr<scalar_t>();
    ParallelFor(threads, rows.voxels, [&](int64_t begin, int64_t end) {
      PutGradientOfVoxels(rows, dice, share, static_cast<scalar_t>(weights.scale), begin, end, gradient);
    });
  });
}

}  // namespace tuckerseg
