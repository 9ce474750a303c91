#include "compression/cli/variant_name.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(VariantName, IsTheOutputDirectorysUnlessAnotherIsWanted) {
  EXPECT_EQ(VariantName("bundle/variants/cheap", ""), "cheap");
  EXPECT_EQ(VariantName("bundle/variants/cheap/", ""), "cheap");
  EXPECT_EQ(VariantName("bundle/variants/x/../cheap", ""), "cheap");
  EXPECT_EQ(VariantName("bundle/variants/cheap", "cheaper"), "cheaper");
}

TEST(VariantName, IsOneThatADirectoryCanHave) {
  ExpectError(ErrorCode::kInvalidArgument, "--output = my variant: must be a name of letters, digits, '_', '-' and '.', or go with --name", [] { VariantName("my variant", ""); });
  ExpectError(ErrorCode::kInvalidArgument, "--name = a/b: must be a name", [] { VariantName("cheap", "a/b"); });
}

TEST(VariantName, IsNoneThatRequestsMeanSomethingElseBy) {
  ExpectError(ErrorCode::kInvalidArgument, "--output = auto: must be another name: this one has a meaning of its own, or go with --name", [] { VariantName("bundle/variants/auto", ""); });
  ExpectError(ErrorCode::kInvalidArgument, "--name = original: must be another name", [] { VariantName("cheap", "original"); });
}

}  // namespace
}  // namespace tuckerseg
