#include "compression/tucker/dense_algebra.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

Matrix Random(int64_t rows, int64_t columns) { return Matrix::Random(rows, columns); }

TEST(DenseAlgebra, MultipliesAsEigenDoes) {
  for (const int64_t rows : {1, 7}) {
    const Matrix a = Random(rows, 5), b = Random(rows, 9);
    EXPECT_LT((TransposedProduct(a, b) - a.transpose() * b).norm(), 1e-12);
    EXPECT_LT((Product(a.transpose(), b) - a.transpose() * b).norm(), 1e-12);
    EXPECT_LT((Gram(b) - b * b.transpose()).norm(), 1e-12);
  }
}

TEST(DenseAlgebra, MultipliesEachRowAsAMatrixOfChannelsAndTaps) {
  for (const int64_t taps : {1, 4}) {
    const Matrix a = Random(3, 6 * taps), factor = Random(6, 2);
    const Matrix product = RowwiseProduct(a, factor, taps);
    ASSERT_EQ(product.cols(), 2 * taps);
    for (int64_t row = 0; row < 3; ++row)
      for (int64_t rank = 0; rank < 2; ++rank)
        for (int64_t tap = 0; tap < taps; ++tap) {
          double sum = 0;
          for (int64_t channel = 0; channel < 6; ++channel) sum += factor(channel, rank) * a(row, channel * taps + tap);
          EXPECT_NEAR(product(row, rank * taps + tap), sum, 1e-12);
        }
  }
}

TEST(DenseAlgebra, HasEigenvaluesAscendingWithTheirVectorsAsColumns) {
  const Matrix symmetric = Gram(Random(6, 4));
  const SymmetricEigen eigen = EigenOf(symmetric);
  EXPECT_LT((symmetric * eigen.vectors - eigen.vectors * eigen.values.asDiagonal()).norm(), 1e-12);
  EXPECT_LT((eigen.vectors.transpose() * eigen.vectors - Matrix::Identity(6, 6)).norm(), 1e-12);
  for (int64_t i = 1; i < 6; ++i) EXPECT_GE(eigen.values(i), eigen.values(i - 1));
}

}  // namespace
}  // namespace tuckerseg
