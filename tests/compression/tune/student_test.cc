#include "compression/tune/student.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/tune/tuning_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class StudentTest : public testing::Test {
 protected:
  const Bundle bundle_ = SphereBundle(1);
  const VariantFiles files_ = HosvdVariant(bundle_, {1, 0.5, 0.25}, TensorType::kFloat16);
  const Student student_{files_.variant, 0};
  Parameters all_ = student_.Load(files_.weights.front(), "0");
};

TEST_F(StudentTest, CutsALevelsFactorsAndCoresFromTheSharedOnes) {
  std::string layer;
  for (const Layer& candidate : student_.graph(0).graph().layers)
    if (layer.empty() && IsTucker(candidate.kind)) layer = candidate.name;
  const Parameters half = student_.AtLevel(all_, 1);
  const at::Tensor& whole = all_.at(layer + ".core");
  const at::Tensor& core = half.at(layer + ".core");
  EXPECT_EQ(core.size(0), whole.size(0) / 2);
  EXPECT_EQ(core.size(1), whole.size(1) / 2);
  EXPECT_TRUE(at::equal(core, whole.narrow(0, 0, core.size(0)).narrow(1, 0, core.size(1))));
  EXPECT_EQ(student_.AtLevel(all_, 0).at(layer + ".core").const_data_ptr(), whole.const_data_ptr());
}

TEST_F(StudentTest, LeadsTheGradientsOfAllLevelsIntoTheSameTensor) {
  std::string layer;
  for (const Layer& candidate : student_.graph(0).graph().layers)
    if (layer.empty() && IsTucker(candidate.kind)) layer = candidate.name;
  at::Tensor& core = all_.at(layer + ".core");
  core.requires_grad_(true);
  student_.AtLevel(all_, 0).at(layer + ".core").sum().backward();
  student_.AtLevel(all_, 2).at(layer + ".core").sum().backward();
  EXPECT_EQ(core.grad().max().item<double>(), 2);  // the leading block
  EXPECT_EQ(core.grad().min().item<double>(), 1);
  EXPECT_EQ((core.grad() == 2).sum().item<int64_t>(), student_.AtLevel(all_, 2).at(layer + ".core").numel());
}

TEST_F(StudentTest, GivesSmallerLevelsBiasesAndNormsOfTheirOwnThatBeginAsTheLargests) {
  std::string norm;
  for (const Layer& layer : student_.graph(0).graph().layers)
    if (layer.kind == LayerKind::kInstanceNorm) norm = layer.name;
  ASSERT_TRUE(all_.contains("level_at1." + norm + ".weight"));
  ASSERT_FALSE(all_.contains("level_at0." + norm + ".weight"));
  EXPECT_TRUE(at::equal(all_.at("level_at2." + norm + ".weight"), all_.at(norm + ".weight")));
  all_.at("level_at1." + norm + ".weight").fill_(7);
  EXPECT_EQ(student_.AtLevel(all_, 1).at(norm + ".weight").max().item<double>(), 7);
  EXPECT_EQ(student_.AtLevel(all_, 0).at(norm + ".weight").max().item<double>(), 1);
}

TEST_F(StudentTest, ComesBackFromTheTensorsThatItStores) {
  all_.at("level_at1.decoder.stages.0.convs.0.norm.bias").fill_(0.5);
  WeightStore stored;
  student_.Store(all_, "0", files_.variant, [](const std::string&) { return TensorType::kFloat32; }, stored);
  EXPECT_NE(stored.Find("level_at1.fold_0.decoder.stages.0.convs.0.norm.bias"), nullptr);
  const Parameters back = student_.Load(stored, "0");
  ASSERT_EQ(back.size(), all_.size());
  for (const auto& [name, tensor] : all_) EXPECT_TRUE(at::equal(tensor, back.at(name))) << name;
}

TEST_F(StudentTest, TellsLevelsApartWhoseNamesBeginAlike) {
  VariantFiles files = files_;
  files.variant.levels[1].name = "a";
  files.variant.levels[2].name = "a.b";
  const Student student(files.variant, 0);
  Parameters all = student.Load(files.weights.front(), "0");
  all.at("level_a.b.decoder.stages.0.convs.0.norm.bias").fill_(0.5);
  WeightStore stored;
  student.Store(all, "0", files.variant, [](const std::string&) { return TensorType::kFloat32; }, stored);
  EXPECT_NE(stored.Find("level_a.b.fold_0.decoder.stages.0.convs.0.norm.bias"), nullptr);
  EXPECT_EQ(stored.Find("level_a.fold_0.b.decoder.stages.0.convs.0.norm.bias"), nullptr);
  const Parameters back = student.Load(stored, "0");
  for (const auto& [name, tensor] : all) EXPECT_TRUE(at::equal(tensor, back.at(name))) << name;
}

TEST_F(StudentTest, RefusesTensorsOfAnotherShape) {
  WeightStore weights = files_.weights.front();
  weights.AddFloats("level_at1.fold_0.decoder.stages.0.convs.0.norm.bias", TensorType::kFloat32, {1}, std::vector<float>{0});
  ExpectError(ErrorCode::kFailedPrecondition, "level_at1.decoder.stages.0.convs.0.norm.bias: shape differs", [&] { student_.Load(weights, "0"); });
  ExpectError(ErrorCode::kFailedPrecondition, "fold_3.", [&] { student_.Load(weights, "3"); });
}

}  // namespace
}  // namespace tuckerseg
