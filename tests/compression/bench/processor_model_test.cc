#include "compression/bench/processor_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(ProcessorModel, IsANameAlone) {
  const std::string model = ProcessorModel();
  ASSERT_FALSE(model.empty()) << "of the x86-64 machines that this is built for";
  EXPECT_THAT(model, testing::Not(testing::HasSubstr("model name")));
  EXPECT_THAT(model, testing::Not(testing::HasSubstr("\n")));
  EXPECT_NE(model.front(), ' ');
  EXPECT_NE(model.back(), ' ');
}

}  // namespace
}  // namespace tuckerseg
