#include "engine/execute/torch/row_product.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/execute/torch/parallel_loops.h"
#include "engine/wide_registers.h"

namespace tuckerseg {
namespace {

/// Six voxels by two vectors of columns: 12 sums, enough to hide how long one addition takes, and with two vectors of factors and a voxel's value 15 of AVX2's 16 registers.
constexpr int kVoxelsAtOnce = 6;
constexpr int kVectorsAtOnce = 2;
/// Of a thread's share, about, so that it is worth a thread.
constexpr int64_t kLeastVoxels = 2048;

/// What is there before a product.
enum class Before {
  kBias,  // of the column
  kSum,   // to which the product is added
};

/// Matrices of the same size.
struct Matrices {
  at::Tensor values;  // [matrix, row, column]
  at::Tensor bias;    // [column]

  int64_t Rows() const { return values.size(1); }
  int64_t Columns() const { return values.size(2); }
};

/// A row of voxels and what becomes of it.
struct Row {
  const float* voxels;  // [voxel][rows of the matrix]
  float* products;      // [voxel][columns]
  int64_t count;        // of voxels
};

struct MatrixView {
  const float* values;  // [row][column]
  const float* bias;    // [column]
  int64_t rows;
  int64_t columns;
};

/// The first columns of the vectors that are made at once.
using Columns = std::array<int64_t, kVectorsAtOnce>;

/// kVoxels voxels from `voxel` on times kVectors vectors of columns. The last vector may begin within the one before: what both make is the same.
template <typename W, int kVoxels, int kVectors, Before before>
[[gnu::always_inline]] inline void MultiplyBlock(const Row& row, int64_t voxel, const MatrixView& matrix, const Columns& at) {
  using Lanes = typename W::Lanes;
  const float* const voxels = row.voxels + voxel * matrix.rows;
  float* const products = row.products + voxel * matrix.columns;
  Lanes sums[kVoxels][kVectors];
#pragma GCC unroll 6
  for (int v = 0; v < kVoxels; ++v)
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; ++n) sums[v][n] = W::At(before == Before::kSum ? products + v * matrix.columns + at[n] : matrix.bias + at[n]);
  const float* factors = matrix.values;
  for (int64_t r = 0; r < matrix.rows; ++r, factors += matrix.columns) {
    Lanes factor[kVectors];
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; ++n) factor[n] = W::At(factors + at[n]);
#pragma GCC unroll 6
    for (int v = 0; v < kVoxels; ++v)
#pragma GCC unroll 2
      for (int n = 0; n < kVectors; ++n) sums[v][n] += voxels[v * matrix.rows + r] * factor[n];
  }
#pragma GCC unroll 6
  for (int v = 0; v < kVoxels; ++v)
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; ++n) W::At(products + v * matrix.columns + at[n]) = sums[v][n];
}

template <typename W, int kVectors, Before before>
[[gnu::always_inline]] inline void MultiplyColumns(const Row& row, const MatrixView& matrix, const Columns& at) {
  int64_t voxel = 0;
  for (; voxel + kVoxelsAtOnce <= row.count; voxel += kVoxelsAtOnce) MultiplyBlock<W, kVoxelsAtOnce, kVectors, before>(row, voxel, matrix, at);
  for (; voxel < row.count; ++voxel) MultiplyBlock<W, 1, kVectors, before>(row, voxel, matrix, at);
}

/// By vectors of at most as many lanes as there are columns.
template <typename W, Before before>
[[gnu::always_inline]] inline void MultiplyRow(const Row& row, const MatrixView& matrix) {
  constexpr int64_t kNarrower = W::kLanes > 4 ? W::kLanes / 2 : 1;
  if constexpr (W::kLanes > 1) {
    if (matrix.columns < W::kLanes) return MultiplyRow<Width<kNarrower>, before>(row, matrix);
  }
  const int64_t vectors = (matrix.columns + W::kLanes - 1) / W::kLanes;
  // An odd one goes first, so that one that begins within another is never made after that: their common columns would be added twice.
  if (vectors % 2 == 1) MultiplyColumns<W, 1, before>(row, matrix, {});
  for (int64_t done = vectors % 2 * W::kLanes; done < matrix.columns; done += kVectorsAtOnce * W::kLanes) {
    MultiplyColumns<W, kVectorsAtOnce, before>(row, matrix, {done, std::min(done + W::kLanes, matrix.columns - W::kLanes)});
  }
}

template <Before before>
struct RowProduct {
  const Row& row;
  const MatrixView& matrix;
  template <typename W>
  [[gnu::always_inline]] void Run() const {
    MultiplyRow<W, before>(row, matrix);
  }
};

template <Before before>
void Multiply(const Row& row, const Matrices& matrices, int64_t which) {
  const MatrixView matrix{.values = matrices.values.const_data_ptr<float>() + which * matrices.values.stride(0), .bias = matrices.bias.const_data_ptr<float>(), .rows = matrices.Rows(), .columns = matrices.Columns()};
  RunOnWidestRegisters(RowProduct<before>{row, matrix});
}

}  // namespace

void AddPointwise(at::Tensor& sum, const at::Tensor& input, const at::Tensor& weight) {
  const Matrices matrix{weight.flatten(1).t().unsqueeze(0).contiguous(), at::zeros({weight.size(0)})};
  const float* const voxels = input.const_data_ptr<float>();
  float* const sums = sum.mutable_data_ptr<float>();
  at::parallel_for(0, input.numel() / input.size(1), kLeastVoxels, [&](int64_t begin, int64_t end) {
    Multiply<Before::kSum>({.voxels = voxels + begin * matrix.Rows(), .products = sums + begin * matrix.Columns(), .count = end - begin}, matrix, 0);
  });
}

at::Tensor BlocksOfVoxels(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const Size3 in{input.size(2), input.size(3), input.size(4)};
  const int64_t channels = weight.size(1);
  const Size3 block{weight.size(2), weight.size(3), weight.size(4)};
  // A matrix for each line of a block: from a voxel's channels to those of the line's voxels, one behind the other.
  const at::Tensor lines = weight.permute({2, 3, 0, 4, 1}).reshape({block[0] * block[1], weight.size(0), block[2] * channels});
  const Matrices matrices{lines.contiguous(), (bias ? *bias : at::zeros({channels})).repeat({block[2]})};

  at::Tensor output = at::empty({1, channels, in[0] * block[0], in[1] * block[1], in[2] * block[2]}, input.options(), at::MemoryFormat::ChannelsLast3d);
  const float* const voxels = input.const_data_ptr<float>();
  float* const blocks = output.mutable_data_ptr<float>();
  const int64_t length = in[2] * block[2] * channels;  // of a line of the answer
  at::parallel_for(0, in[0] * in[1], std::max<int64_t>(kLeastVoxels / in[2], 1), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t plane = row / in[1] * block[0];
      const int64_t line = row % in[1] * block[1];
      for (int64_t which = 0; which < block[0] * block[1]; ++which) {
        float* const products = blocks + ((plane + which / block[1]) * in[1] * block[1] + line + which % block[1]) * length;
        Multiply<Before::kBias>({.voxels = voxels + row * in[2] * matrices.Rows(), .products = products, .count = in[2]}, matrices, which);
      }
    }
  });
  return output;
}

}  // namespace tuckerseg
