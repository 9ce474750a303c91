#include "server/variants/variant_levels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/execute/plain/plain_executor.h"
#include "engine/model/cost.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class VariantLevels : public testing::Test {
 protected:
  std::vector<ServedLevel> Load() const { return LoadVariantLevels(disk_.bundle(), disk_.model(), {PlainExecutorFactory()}); }
  /// What is logged while the levels are loaded.
  std::string Logged() const {
    testing::internal::CaptureStdout();
    Load();
    return testing::internal::GetCapturedStdout();
  }
  static std::vector<std::string> NamesOf(const std::vector<ServedLevel>& levels) {
    std::vector<std::string> names;
    for (const ServedLevel& level : levels) names.push_back(level.name + (level.ready() ? "" : " failed"));
    return names;
  }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
};

TEST_F(VariantLevels, AreNoneWhereABundleHasNoVariants) { EXPECT_THAT(Load(), IsEmpty()); }

TEST_F(VariantLevels, ComeInTheOrderOfDirectoriesWithTheLargestOfAVariantFirst) {
  disk_.Add("b", {{"elastic-0.9", 0.9, true, 4}, {"elastic-0.4", 0.4, false, 2}}, 2);
  disk_.Add("a", {{"tucker", {}, false, 2}}, 3);
  const std::vector<ServedLevel> levels = Load();
  EXPECT_THAT(NamesOf(levels), testing::ElementsAre("tucker", "elastic-0.9", "elastic-0.4"));
  EXPECT_FALSE(levels[0].number);
  EXPECT_EQ(levels[1].number, 0.9);
  EXPECT_TRUE(levels[1].is_default);
  EXPECT_FALSE(levels[2].is_default);
  EXPECT_EQ(levels[2].method, "hosvd");
  EXPECT_FALSE(levels[2].card);
}

TEST_F(VariantLevels, CostWhatTheirGraphsAndTensorsSay) {
  disk_.Add("elastic", {{"large", 0.9, true, 4}, {"small", 0.4, false, 2}}, 2);
  const std::vector<ServedLevel> levels = Load();
  for (const size_t place : {0, 1}) {
    const LayerGraph graph = InTuckerForm(disk_.model().parts.front().graph, place == 0 ? 4 : 2);
    EXPECT_EQ(levels[place].parameters, ParameterCount(graph));
    EXPECT_EQ(levels[place].multiply_adds, TotalMultiplyAdds(graph, {8, 8, 8}));
    EXPECT_EQ(levels[place].weight_bytes, 4 * ParameterCount(graph));
  }
}

TEST_F(VariantLevels, TakeTheirCardFromTheVariantsDirectory) {
  const std::string sha256 = PartWeightsSha256(TinyVariant(disk_.model(), {{"a", 0.3, true, 2}}, 2).weights);
  disk_.Add("a", {{"a", 0.3, true, 2}}, 2, TinyCard("a", 0.93, 0.91, sha256));
  disk_.Add("b", {{"b", 0.3, false, 2}}, 3, TinyCard("b", 0.93, 0.91, sha256));
  const std::vector<ServedLevel> levels = Load();
  ASSERT_TRUE(levels[0].card);
  EXPECT_EQ(levels[0].card->Quality(), 0.91);
  EXPECT_FALSE(levels[1].card) << "it is of other weights";
  EXPECT_EQ(QualityStatement(levels[1]), "not measured");
}

TEST_F(VariantLevels, AreServedWithoutACardWhereItCannotBeRead) {
  disk_.Add("a", {{"a", 0.3, true, 2}}, 2, "{");
  EXPECT_THAT(Logged(), HasSubstr(R"("card":"tiny/a")"));
  EXPECT_TRUE(Load().front().ready());
}

TEST_F(VariantLevels, ThatCannotBeReadFailAloneUnderTheirDirectorysName) {
  disk_.Add("cut", {{"x", 0.3, true, 2}}, 2);
  disk_.SpoilWeights("cut");
  disk_.Add("good", {{"y", 0.3, true, 2}}, 3);
  disk_.Write("no-json", "variant.json", "{");
  disk_.Write("not-a-variant", "notes.txt", "");
  const std::vector<ServedLevel> levels = Load();
  EXPECT_THAT(NamesOf(levels), testing::ElementsAre("cut failed", "y", "no-json failed"));
  EXPECT_THAT(levels[0].error, HasSubstr("pass the end of the file"));
  EXPECT_THAT(levels[2].error, HasSubstr("variant: not JSON"));
  EXPECT_TRUE(levels[0].segmenters.empty());
  EXPECT_THAT(Logged(), testing::AllOf(HasSubstr(R"("directory":"cut")"), HasSubstr(R"("event":"variant_failed")"),
                                       testing::Not(HasSubstr(disk_.models().string()))));
}

TEST_F(VariantLevels, OfAnotherModelFail) {
  Model other = disk_.model();
  other.provenance.weights_sha256 = std::string(64, '0');
  SaveVariant(TinyVariant(other, {{"a", 0.3, true, 2}}, 2), other, disk_.variant("a"));
  EXPECT_THAT(Load().front().error, HasSubstr("must be a variant of this bundle"));
}

TEST_F(VariantLevels, ThatCannotBeRunFailAloneUnderTheirOwnName) {
  disk_.Add("elastic", {{"large", 0.9, true, 4}, {"small", 0.4, false, 2}}, 2);
  const ExecutorFactory plain = PlainExecutorFactory();
  const auto levels = LoadVariantLevels(disk_.bundle(), disk_.model(), {[&](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    if (graph == InTuckerForm(disk_.model().parts.front().graph, 2)) throw std::bad_alloc();
    return plain(graph, weights, prefix);
  }});
  EXPECT_THAT(NamesOf(levels), testing::ElementsAre("large", "small failed"));
  EXPECT_EQ(levels[1].number, 0.4);
  EXPECT_EQ(levels[1].error, "memory: none left for this level");
  EXPECT_EQ(levels[1].parameters, 0);
}

TEST_F(VariantLevels, OfOneNameAreServedOnce) {
  disk_.Add("a", {{"tucker", 0.3, true, 2}}, 2);
  disk_.Add("b", {{"tucker", 0.5, true, 4}, {"small", 0.2, true, 2}}, 3);
  const std::vector<ServedLevel> levels = Load();
  EXPECT_THAT(NamesOf(levels), testing::ElementsAre("tucker", "tucker failed", "small"));
  EXPECT_EQ(levels[0].number, 0.3);
  EXPECT_THAT(levels[1].error, HasSubstr("name = tucker: must be unique in a bundle"));
}

}  // namespace
}  // namespace tuckerseg
