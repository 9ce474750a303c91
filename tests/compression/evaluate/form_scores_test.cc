#include "compression/evaluate/form_scores.h"

#include <gtest/gtest.h>

#include "tests/compression/evaluate/density_variants.h"
#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {
namespace {

TEST(ScoresOf, SaysWhatAFormIsAndCosts) {
  const TemporaryDirectory folder;
  SaveDensityBundle(folder.path());
  const VariantScores scores = ScoresOf(LoadForms(folder.path(), {"narrow"}).back());
  EXPECT_EQ(scores.name, "narrow");
  EXPECT_EQ(scores.method, "hosvd");
  EXPECT_EQ(scores.level, 0.4);
  EXPECT_FALSE(scores.tuned);
  EXPECT_EQ(scores.parameters, 1 + 2 + 6 + 3) << "in_factor, core, out_factor, bias";
  EXPECT_EQ(scores.weight_bytes, 4 * 12);
  EXPECT_EQ(scores.multiply_adds_per_patch, 16 * 16 * 16 * (1 + 2 + 6));
  EXPECT_TRUE(scores.cases.empty());
}

}  // namespace
}  // namespace tuckerseg
