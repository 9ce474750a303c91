#include "compression/tucker/dense_algebra.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include "engine/error.h"
#include "engine/execute/torch/torch_errors.h"

namespace tuckerseg {
namespace {

constexpr auto kMemory = "a decomposition";

/// The matrix itself, not a copy: LibTorch has no tensors that cannot be written, and nothing here writes to it.
at::Tensor TensorOf(const Matrix& matrix) {
  return at::from_blob(const_cast<double*>(matrix.data()), {matrix.rows(), matrix.cols()}, at::kDouble);
}

Matrix ProductOf(const at::Tensor& a, const at::Tensor& b) {
  Matrix product(a.size(0), b.size(1));
  at::Tensor result = at::from_blob(product.data(), {product.rows(), product.cols()}, at::kDouble);
  WithTorchErrors(kMemory, [&] { at::mm_out(result, a, b); });
  return product;
}

}  // namespace

void SetDenseThreads(int threads) { at::set_num_threads(threads); }

Matrix Product(const Matrix& a, const Matrix& b) { return ProductOf(TensorOf(a), TensorOf(b)); }

Matrix TransposedProduct(const Matrix& a, const Matrix& b) { return ProductOf(TensorOf(a).t(), TensorOf(b)); }

Matrix Gram(const Matrix& a) { return ProductOf(TensorOf(a), TensorOf(a).t()); }

Matrix RowwiseProduct(const Matrix& a, const Matrix& factor, int64_t taps) {
  Matrix product(a.rows(), factor.cols() * taps);
  at::Tensor result = at::from_blob(product.data(), {a.rows(), factor.cols(), taps}, at::kDouble);
  WithTorchErrors(kMemory, [&] { at::matmul_out(result, TensorOf(factor).t(), TensorOf(a).view({a.rows(), factor.rows(), taps})); });
  return product;
}

SymmetricEigen EigenOf(const Matrix& symmetric) {
  return WithTorchErrors(kMemory, [&]() -> SymmetricEigen {
    try {
      const auto [values, vectors] = at::linalg_eigh(TensorOf(symmetric));
      const at::Tensor by_row = vectors.contiguous();  // LAPACK's are by column
      return {Eigen::Map<const Vector>(values.const_data_ptr<double>(), values.size(0)),
              Eigen::Map<const Matrix>(by_row.const_data_ptr<double>(), symmetric.rows(), symmetric.cols())};
    } catch (const c10::LinAlgError&) {
      throw Error(ErrorCode::kInternal, "decomposition: the eigenvalues did not converge");
    }
  });
}

}  // namespace tuckerseg
