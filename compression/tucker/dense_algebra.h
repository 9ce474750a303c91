/// Products and eigenvectors of dense matrices in float64, by LibTorch's BLAS and LAPACK where it is built in: Eigen's,
/// compiled for every x86-64 processor, take several times as long.
#pragma once

#include "compression/tucker/channel_weight.h"

namespace tuckerseg {

/// The number of threads of all functions below, and of LibTorch in the whole process; Eigen, which stands in where the project is built without
/// LibTorch, has one. Sums may differ in the last bits with it.
void SetDenseThreads(int threads);

/// All of them: errors kResourceExhausted where there is no memory left, kInternal for what else LibTorch throws.

/// a b
Matrix Product(const Matrix& a, const Matrix& b);

/// a^T b
Matrix TransposedProduct(const Matrix& a, const Matrix& b);

/// a a^T
Matrix Gram(const Matrix& a);

/// [rows, rank * taps]: each row of `a`, taken as [in, taps], multiplied by `factor`^T from the left; `factor`: [in, rank]. Of a weight by its
/// outputs, the projection of its in-mode.
Matrix RowwiseProduct(const Matrix& a, const Matrix& factor, int64_t taps);

/// Of a symmetric matrix, eigenvalues ascending, an eigenvector a column.
struct SymmetricEigen {
  Vector values;
  Matrix vectors;
};

/// Errors: kInternal if the iteration does not converge.
SymmetricEigen EigenOf(const Matrix& symmetric);

}  // namespace tuckerseg
