#include "server/variants/described_bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "engine/model/card_file.h"
#include "engine/model/cost.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DescribingABundle : public testing::Test {
 protected:
  DescribedBundle Describe(bool allow_non_commercial = false) const { return DescribeBundle(disk_.bundle(), allow_non_commercial); }
  /// What is to be logged of it.
  std::string Logged() const {
    testing::internal::CaptureStdout();
    for (const LogLine& line : Describe().log) line.Write();
    return testing::internal::GetCapturedStdout();
  }
  static std::vector<std::string> NamesOf(const DescribedBundle& bundle) {
    std::vector<std::string> names;
    for (const DescribedLevel& described : bundle.levels) names.push_back(described.level.name + (described.level.ready() ? "" : " failed"));
    return names;
  }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
};

TEST_F(DescribingABundle, FindsTheOriginalAloneWhereThereAreNoVariants) {
  const DescribedBundle bundle = Describe();
  EXPECT_EQ(bundle.error, "");
  EXPECT_EQ(bundle.directory, "bundle");
  ASSERT_THAT(NamesOf(bundle), ElementsAre("original"));
  EXPECT_EQ(*bundle.model, disk_.model());
  EXPECT_EQ(bundle.levels[0].level.model, bundle.model) << "one and the same";
  EXPECT_FALSE(bundle.levels[0].files.place);
}

TEST_F(DescribingABundle, FindsLevelsInTheOrderOfDirectoriesWithTheLargestOfAVariantFirst) {
  disk_.Add("b", {{"elastic-0.9", 0.9, true, 4}, {"elastic-0.4", 0.4, false, 2}}, 2);
  disk_.Add("a", {{"tucker", {}, false, 2}}, 3);
  const DescribedBundle bundle = Describe();
  ASSERT_THAT(NamesOf(bundle), ElementsAre("original", "tucker", "elastic-0.9", "elastic-0.4"));
  EXPECT_FALSE(bundle.levels[1].level.number);
  EXPECT_EQ(bundle.levels[2].level.number, 0.9);
  EXPECT_TRUE(bundle.levels[2].level.is_default);
  EXPECT_FALSE(bundle.levels[3].level.is_default);
  EXPECT_EQ(bundle.levels[3].level.method, "hosvd");
  EXPECT_FALSE(bundle.levels[3].level.card);
  EXPECT_EQ(bundle.levels[3].files.directory, disk_.variant("b"));
  EXPECT_EQ(bundle.levels[3].files.place, 1);
}

TEST_F(DescribingABundle, TellsWhatLevelsCostByTheirGraphs) {
  disk_.Add("elastic", {{"large", 0.9, true, 4}, {"small", 0.4, false, 2}}, 2);
  const DescribedBundle bundle = Describe();
  const LayerGraph& original = disk_.model().parts.front().graph;
  const std::vector<LayerGraph> graphs{original, InTuckerForm(original, 4), InTuckerForm(original, 2)};
  for (size_t i = 0; i < graphs.size(); ++i) {
    const ServedLevel& level = bundle.levels[i].level;
    EXPECT_EQ(level.parameters, ParameterCount(graphs[i]));
    EXPECT_EQ(level.multiply_adds, TotalMultiplyAdds(graphs[i], {8, 8, 8}));
    EXPECT_EQ(level.weight_bytes, 4 * ParameterCount(graphs[i]));
    EXPECT_EQ(level.model->parts.front().graph, graphs[i]);
  }
}

TEST_F(DescribingABundle, TellsTheChecksumOfTheFileThatEachLevelIsReadFrom) {
  disk_.Add("a", {{"a", 0.3, true, 2}}, 2);
  disk_.Add("b", {{"large", 0.9, true, 4}, {"small", 0.4, false, 2}}, 3);
  disk_.Write("broken", "variant.json", "{");
  const DescribedBundle bundle = Describe();
  ASSERT_THAT(NamesOf(bundle), ElementsAre("original", "a", "large", "small", "broken failed"));
  const auto checksum = [&](size_t place) { return bundle.levels[place].level.weights_sha256; };
  EXPECT_EQ(checksum(0), disk_.model().provenance.weights_sha256);
  EXPECT_EQ(checksum(1), PartWeightsSha256(TinyVariant(disk_.model(), {{"a", 0.3, true, 2}}, 2).weights));
  EXPECT_EQ(checksum(2), ReadVariant(disk_.variant("b"), disk_.model()).weights_sha256);
  EXPECT_EQ(checksum(3), checksum(2)) << "levels of one variant share its file";
  EXPECT_NE(checksum(2), checksum(1));
  EXPECT_EQ(checksum(4), "");
}

TEST_F(DescribingABundle, ReadsNoWeights) {
  disk_.Add("a", {{"a", 0.3, true, 2}}, 2);
  std::filesystem::remove(disk_.bundle() / "weights.safetensors");
  std::filesystem::remove(disk_.variant("a") / "weights.safetensors");
  EXPECT_THAT(NamesOf(Describe()), ElementsAre("original", "a"));
}

TEST_F(DescribingABundle, GivesTheOriginalACardThatAgreesWithItself) {
  EXPECT_EQ(Describe().levels[0].level.card->Quality(), 1);
  Card card{.model = "tiny", .task = "tiny", .weights_sha256 = disk_.model().provenance.weights_sha256};
  card.data = {"", true, 20};
  card.dice_to_reference = CardDice{.cases = 20, .mean = 0.9};
  WriteCards(disk_.bundle(), std::vector{card});
  const ServedLevel original = Describe().levels[0].level;
  EXPECT_EQ(original.card->Quality(), 1);
  EXPECT_EQ(original.card->dice_to_reference->mean, 0.9);
  EXPECT_THAT(QualityStatement(original), testing::EndsWith("measured against; mean Dice 0.900 against reference labels, on 20 phantoms, no patient"));
  EXPECT_EQ(QualityStatement(original, Precision::kFloat32), QualityStatement(original));
  EXPECT_EQ(QualityStatement(original, Precision::kFloat16), QualityStatement(original) + "; measured in fp32, and this was made in fp16");
}

TEST_F(DescribingABundle, GivesLevelsTheirCardFromTheVariantsDirectory) {
  const std::string sha256 = PartWeightsSha256(TinyVariant(disk_.model(), {{"a", 0.3, true, 2}}, 2).weights);
  disk_.Add("a", {{"a", 0.3, true, 2}}, 2, TinyCard("a", 0.93, 0.91, sha256));
  disk_.Add("b", {{"b", 0.3, false, 2}}, 3, TinyCard("b", 0.93, 0.91, sha256));
  const DescribedBundle bundle = Describe();
  ASSERT_TRUE(bundle.levels[1].level.card);
  EXPECT_EQ(bundle.levels[1].level.card->Quality(), 0.91);
  EXPECT_FALSE(bundle.levels[2].level.card) << "it is of other weights";
  EXPECT_EQ(QualityStatement(bundle.levels[2].level), "not measured");
  EXPECT_EQ(QualityStatement(bundle.levels[2].level, Precision::kFloat16), "not measured");
}

TEST_F(DescribingABundle, PassesOverACardThatCannotBeRead) {
  disk_.Add("a", {{"a", 0.3, true, 2}}, 2, "{");
  EXPECT_THAT(Logged(), HasSubstr(R"("card":"tiny/a")"));
  EXPECT_THAT(NamesOf(Describe()), ElementsAre("original", "a"));
}

TEST_F(DescribingABundle, ListsAVariantThatCannotBeReadUnderItsDirectorysName) {
  disk_.Add("good", {{"y", 0.3, true, 2}}, 3);
  disk_.Write("no-json", "variant.json", "{");
  disk_.Write("not-a-variant", "notes.txt", "");
  const DescribedBundle bundle = Describe();
  ASSERT_THAT(NamesOf(bundle), ElementsAre("original", "y", "no-json failed"));
  EXPECT_THAT(bundle.levels[2].level.error, HasSubstr("variant: not JSON"));
  EXPECT_EQ(bundle.levels[2].level.model, nullptr);
  EXPECT_THAT(Logged(), testing::AllOf(HasSubstr(R"("directory":"no-json")"), HasSubstr(R"("event":"variant_failed")"),
                                       testing::Not(HasSubstr(disk_.models().string()))));
}

TEST_F(DescribingABundle, RefusesAVariantOfAnotherModel) {
  Model other = disk_.model();
  other.provenance.weights_sha256 = std::string(64, '0');
  SaveVariant(TinyVariant(other, {{"a", 0.3, true, 2}}, 2), other, disk_.variant("a"));
  EXPECT_THAT(Describe().levels[1].level.error, HasSubstr("must be a variant of this bundle"));
}

TEST_F(DescribingABundle, ServesNoneOfSeveralLevelsWithOneName) {
  disk_.Add("a", {{"tucker", 0.3, true, 2}}, 2);
  disk_.Add("b", {{"tucker", 0.5, true, 4}, {"small", 0.2, true, 2}}, 3);
  disk_.Add("c", {{"tucker", 0.1, true, 2}}, 4);
  const DescribedBundle bundle = Describe();
  ASSERT_THAT(NamesOf(bundle), ElementsAre("original", "tucker failed", "tucker failed", "small", "tucker failed"));
  for (const size_t place : {1, 2, 4}) EXPECT_THAT(bundle.levels[place].level.error, HasSubstr("name = tucker: must be unique in a bundle"));
  const std::string log = Logged();
  for (const char* directory : {"a", "b", "c"}) EXPECT_THAT(log, HasSubstr("\"directory\":\"" + std::string(directory) + "\"")) << "each under its own";
}

TEST_F(DescribingABundle, SaysWhyItCannotBeServed) {
  std::ofstream(disk_.bundle() / "model.json") << "{";
  const DescribedBundle bundle = Describe();
  EXPECT_THAT(bundle.error, HasSubstr("not JSON"));
  EXPECT_EQ(bundle.model, nullptr);
  EXPECT_THAT(bundle.levels, testing::IsEmpty());
}

TEST_F(DescribingABundle, TellsWhatIsWrongFromWhatMayPass) {
  disk_.Add("a-good", {{"y", 0.3, true, 2}}, 3, TinyCard("y", 0.93, 0.91, ""));
  disk_.Write("no-json", "variant.json", "{");
  const DescribedBundle bundle = Describe();
  EXPECT_EQ(bundle.unread, "") << "each time it will be the same";
  EXPECT_EQ(bundle.levels[1].level.card->Quality(), 0.91);
  const FewDescriptors none(0);
  const DescribedBundle later = Describe();
  EXPECT_THAT(later.error, HasSubstr("has no readable model.json"));
  EXPECT_EQ(later.unread, later.error);
}

TEST(DescribingABundleOfRestrictedUse, NeedsTheOperatorsLeave) {
  Bundle restricted = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1);
  restricted.model.provenance.non_commercial = true;
  restricted.model.provenance.licence = "CC-BY-NC-4.0";
  const ModelOnDisk disk(restricted);
  EXPECT_EQ(DescribeBundle(disk.bundle(), false).error, "licence = CC-BY-NC-4.0: must allow commercial use, or `allow_non_commercial` be true in the configuration");
  EXPECT_EQ(DescribeBundle(disk.bundle(), true).error, "");
}

}  // namespace
}  // namespace tuckerseg
