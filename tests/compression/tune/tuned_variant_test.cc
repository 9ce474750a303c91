#include "compression/tune/tuned_variant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tuckerseg {
namespace {

Variant WithLevels(const std::vector<std::string>& names) {
  Variant variant;
  for (const std::string& name : names) variant.levels.push_back({.name = name});
  return variant;
}

WeightStore WithTensors(const std::vector<std::string>& names) {
  WeightStore weights;
  for (const std::string& name : names) weights.AddFloats(name, TensorType::kFloat32, {1}, std::vector<float>{1});
  return weights;
}

std::vector<std::string> Names(const WeightStore& weights) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights.tensors()) names.push_back(name);
  return names;
}

TEST(RenamedVariant, HasTheSuffixInEveryLevelsName) {
  const Variant after = RenamedVariant(WithLevels({"large", "small"}), "-tuned", false);
  EXPECT_EQ(after.levels[0].name, "large-tuned");
  EXPECT_EQ(after.levels[1].name, "small-tuned");
}

TEST(RenamedLevels, MovesTheTensorsOfEachLevelWithItsName) {
  for (const auto& names : {std::vector<std::string>{"x", "a", "a.b"}, std::vector<std::string>{"x", "a.b", "a"}}) {
    const Variant before = WithLevels(names);
    const WeightStore renamed = RenamedLevels(WithTensors({"fold_0.c.bias", "level_a.fold_0.c.bias", "level_a.b.fold_0.c.bias"}), before, RenamedVariant(before, "-tuned", false));
    EXPECT_THAT(Names(renamed), testing::UnorderedElementsAre("fold_0.c.bias", "level_a-tuned.fold_0.c.bias", "level_a.b-tuned.fold_0.c.bias"));
  }
}

}  // namespace
}  // namespace tuckerseg
