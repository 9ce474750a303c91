#include "engine/execute/torch/row_product.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstdint>

#include "engine/error.h"
#include "engine/execute/torch/parallel_loops.h"

namespace tuckerseg {
namespace {

/// Columns of a panel: floats of a vector.
constexpr int64_t kColumns = 16;
/// Six voxels by two vectors of columns: 12 sums, enough to hide how long one addition takes.
constexpr int kVoxelsAtOnce = 6;
/// Of a thread's share, about, so that it is worth a thread.
constexpr int64_t kLeastVoxels = 2048;

/// Matrices of the same size, each [rows][columns], their columns in panels of kColumns, the last one filled up with zeros.
struct Panels {
  at::Tensor values;  // [matrix, panel, row, kColumns]
  at::Tensor bias;    // [panel * kColumns], zeros where there is none
  int64_t rows;
  int64_t columns;

  int64_t Count() const { return values.size(1); }
};

/// `matrices`: [matrix, row, column]; `bias`: [column].
Panels PanelsOf(const at::Tensor& matrices, const at::Tensor& bias) {
  const int64_t columns = matrices.size(2);
  const int64_t missing = (kColumns - columns % kColumns) % kColumns;
  const at::Tensor filled = at::constant_pad_nd(matrices, {0, missing});
  return {filled.unflatten(2, {-1, kColumns}).transpose(1, 2).contiguous(), at::constant_pad_nd(bias, {0, missing}).contiguous(), matrices.size(1), columns};
}

/// A row of voxels and what becomes of it.
struct Row {
  const float* voxels;  // [voxel][rows of the matrix]
  float* products;      // [voxel][columns]
  int64_t count;        // of voxels
  bool add;             // to what is there; else the bias comes first
};

#if defined(__x86_64__)

/// kVoxels voxels from `first` on times kVectors panels from `panel` on.
template <int kVoxels, int kVectors>
[[gnu::target("avx512f")]] inline void MultiplyBlock(const Row& row, int64_t first, const Panels& matrix, const float* panels, const float* bias, int64_t panel) {
  const int64_t rows = matrix.rows;
  const int64_t columns = matrix.columns;
  const float* const voxels = row.voxels + first * rows;
  float* const products = row.products + first * columns + panel * kColumns;
  const float* const factors = panels + panel * rows * kColumns;
  const int64_t left = columns - (panel + kVectors - 1) * kColumns;  // of the last vector
  const auto last = static_cast<__mmask16>(left >= kColumns ? 0xFFFF : (1 << left) - 1);
  __m512 sums[kVoxels][kVectors];
#pragma GCC unroll 6
  for (int v = 0; v < kVoxels; ++v)
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; ++n) {
      const auto mask = n + 1 == kVectors ? last : static_cast<__mmask16>(0xFFFF);
      sums[v][n] = row.add ? _mm512_maskz_loadu_ps(mask, products + v * columns + n * kColumns) : _mm512_loadu_ps(bias + (panel + n) * kColumns);
    }
  for (int64_t r = 0; r < rows; ++r) {
    __m512 factor[kVectors];
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; ++n) factor[n] = _mm512_loadu_ps(factors + (n * rows + r) * kColumns);
#pragma GCC unroll 6
    for (int v = 0; v < kVoxels; ++v) {
      const __m512 value = _mm512_set1_ps(voxels[v * rows + r]);
#pragma GCC unroll 2
      for (int n = 0; n < kVectors; ++n) sums[v][n] = _mm512_fmadd_ps(value, factor[n], sums[v][n]);
    }
  }
#pragma GCC unroll 6
  for (int v = 0; v < kVoxels; ++v)
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; ++n) {
      const auto mask = n + 1 == kVectors ? last : static_cast<__mmask16>(0xFFFF);
      _mm512_mask_storeu_ps(products + v * columns + n * kColumns, mask, sums[v][n]);
    }
}

template <int kVectors>
[[gnu::target("avx512f")]] void MultiplyColumns(const Row& row, const Panels& matrix, const float* panels, const float* bias, int64_t panel) {
  int64_t first = 0;
  for (; first + kVoxelsAtOnce <= row.count; first += kVoxelsAtOnce) MultiplyBlock<kVoxelsAtOnce, kVectors>(row, first, matrix, panels, bias, panel);
  for (; first < row.count; ++first) MultiplyBlock<1, kVectors>(row, first, matrix, panels, bias, panel);
}

[[gnu::target("avx512f")]] void MultiplyRow(const Row& row, const Panels& matrix, int64_t which) {
  const float* const panels = matrix.values.const_data_ptr<float>() + which * matrix.values.stride(0);
  const float* const bias = matrix.bias.const_data_ptr<float>();
  int64_t panel = 0;
  for (; panel + 2 <= matrix.Count(); panel += 2) MultiplyColumns<2>(row, matrix, panels, bias, panel);
  if (panel < matrix.Count()) MultiplyColumns<1>(row, matrix, panels, bias, panel);
}

#else

void MultiplyRow(const Row&, const Panels&, int64_t) { throw Error(ErrorCode::kInternal, "row products on a processor without AVX-512"); }

#endif

}  // namespace

void AddPointwise(at::Tensor& sum, const at::Tensor& input, const at::Tensor& weight) {
  const Panels matrix = PanelsOf(weight.flatten(1).t().unsqueeze(0), at::zeros({weight.size(0)}));
  const float* const voxels = input.const_data_ptr<float>();
  float* const sums = sum.mutable_data_ptr<float>();
  at::parallel_for(0, input.numel() / input.size(1), kLeastVoxels, [&](int64_t begin, int64_t end) {
    MultiplyRow({.voxels = voxels + begin * matrix.rows, .products = sums + begin * matrix.columns, .count = end - begin, .add = true}, matrix, 0);
  });
}

at::Tensor BlocksOfVoxels(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const Size3 in{input.size(2), input.size(3), input.size(4)};
  const int64_t channels = weight.size(1);
  const Size3 block{weight.size(2), weight.size(3), weight.size(4)};
  // A matrix for each line of a block: from a voxel's channels to those of the line's voxels, one behind the other.
  const at::Tensor lines = weight.permute({2, 3, 0, 4, 1}).reshape({block[0] * block[1], weight.size(0), block[2] * channels});
  const Panels matrices = PanelsOf(lines, (bias ? *bias : at::zeros({channels})).repeat({block[2]}));

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
        MultiplyRow({.voxels = voxels + row * in[2] * matrices.rows, .products = products, .count = in[2], .add = false}, matrices, which);
      }
    }
  });
  return output;
}

}  // namespace tuckerseg
