#include "compression/bench/processor_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(ProcessorModel, IsANameAloneOrEmpty) {
  const std::string model = ProcessorModel();
  EXPECT_THAT(model, testing::Not(testing::HasSubstr("model name")));
  EXPECT_THAT(model, testing::Not(testing::HasSubstr("\n")));
  if (!model.empty()) {
    EXPECT_NE(model.front(), ' ');
    EXPECT_NE(model.back(), ' ');
  }
}

}  // namespace
}  // namespace tuckerseg
