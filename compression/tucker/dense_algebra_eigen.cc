// Where the project is built without LibTorch.
#include <Eigen/Eigenvalues>

#include "compression/tucker/dense_algebra.h"
#include "engine/error.h"

namespace tuckerseg {

void SetDenseThreads(int) {}  // Eigen has one without OpenMP

Matrix Product(const Matrix& a, const Matrix& b) { return a * b; }

Matrix TransposedProduct(const Matrix& a, const Matrix& b) { return a.transpose() * b; }

Matrix Gram(const Matrix& a) { return a * a.transpose(); }

Matrix RowwiseProduct(const Matrix& a, const Matrix& factor, int64_t taps) {
  Matrix product(a.rows(), factor.cols() * taps);
  for (int64_t r = 0; r < a.rows(); ++r) {
    const Eigen::Map<const Matrix> slab(a.row(r).data(), factor.rows(), taps);
    Eigen::Map<Matrix>(product.row(r).data(), factor.cols(), taps).noalias() = factor.transpose() * slab;
  }
  return product;
}

SymmetricEigen EigenOf(const Matrix& symmetric) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(symmetric);
  if (solver.info() != Eigen::Success) throw Error(ErrorCode::kInternal, "decomposition: the eigenvalues did not converge");
  return {solver.eigenvalues(), solver.eigenvectors()};
}

}  // namespace tuckerseg
