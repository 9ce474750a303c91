/// Levels of a model through a real server: which one runs, what it finds, and what is said of it.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/model/cost.h"
#include "engine/segment/memory_plan.h"
#include "server/serve/status_of.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"
#include "tuckerseg/v1/model.grpc.pb.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// Two variants of one level, 0.3 and 0.5, and an elastic one of two, 0.8 and 0.4.
class SegmentLevels : public testing::Test {
 protected:
  SegmentLevels() {
    disk_.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11, TinyCard("tucker-0.3", 0.93, 0.91));
    disk_.Add("fine", {{"tucker-0.5", 0.5, false, 2}}, 12);
    disk_.Add("elastic", {{"elastic-0.8", 0.8, true, 4}, {"elastic-0.4", 0.4, true, 2}}, 13);
  }

  /// Started when it is first asked for.
  ServedModel& served() {
    if (!served_) {
      ServedOptions options;
      options.models = disk_.models();
      options.config.allow_phantom_quality = true;  // or the original would be the only level that the server can choose
      served_.emplace(std::move(options));
    }
    return *served_;
  }

  Answer Ask(const std::string& level) {
    v1::SegmentHeader header;
    header.mutable_level()->set_name(level);
    return Segment(served().channel(), ct_, header);
  }
  std::string RefusalOf(const std::string& level, grpc::StatusCode code) {
    const Answer answer = Ask(level);
    EXPECT_EQ(NameOf(answer.status.error_code()), NameOf(code));
    EXPECT_EQ(answer.order, "") << "nothing is accepted";
    return answer.status.error_message();
  }

  /// What the engine says without a server of a level of the variant in `directory`.
  std::vector<uint16_t> LabelsOf(const std::string& directory, size_t level) const {
    Segmenter segmenter(BundleOf(disk_.model(), LoadVariant(disk_.variant(directory), disk_.model()), level), PlainExecutorFactory());
    return segmenter.Segment(ReadNifti(ct_).volume, {}).label_map.labels;
  }

  std::vector<v1::Variant> List() {
    grpc::ClientContext context;
    v1::ListVariantsResponse response;
    EXPECT_TRUE(v1::ModelService::NewStub(served().channel())->ListVariants(&context, {}, &response).ok());
    return {response.variants().begin(), response.variants().end()};
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  std::optional<ServedModel> served_;
};

TEST_F(SegmentLevels, RunByName) {
  const Answer answer = Ask("tucker-0.5");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "tucker-0.5");
  EXPECT_EQ(answer.accepted.reason(), v1::LEVEL_REASON_ASKED);
  EXPECT_EQ(answer.summary.variant(), "tucker-0.5");
}

TEST_F(SegmentLevels, RunByNumber) {
  EXPECT_EQ(Ask("0.3").summary.variant(), "tucker-0.3");
  EXPECT_EQ(Ask("0.30").summary.variant(), "tucker-0.3");
  EXPECT_EQ(Ask("0.5").summary.variant(), "tucker-0.5") << "no default, but the only one";
  EXPECT_EQ(Ask("0.4").summary.variant(), "elastic-0.4");
}

TEST_F(SegmentLevels, FindWhatTheEngineFindsWithTheirNetworks) {
  const std::vector<std::vector<uint16_t>> expected{LabelsOf("coarse", 0), LabelsOf("fine", 0), LabelsOf("elastic", 0), LabelsOf("elastic", 1)};
  EXPECT_EQ(DecodedLabels(Ask("tucker-0.3").file), expected[0]);
  EXPECT_EQ(DecodedLabels(Ask("tucker-0.5").file), expected[1]);
  EXPECT_EQ(DecodedLabels(Ask("elastic-0.8").file), expected[2]);
  EXPECT_EQ(DecodedLabels(Ask("elastic-0.4").file), expected[3]);
  EXPECT_EQ(std::set(expected.begin(), expected.end()).size(), 4U) << "random networks differ";
  EXPECT_TRUE(served().BecomesIdle());
}

TEST_F(SegmentLevels, LeaveTheOriginalAsItWas) {
  Segmenter original(TinyServedBundle(), PlainExecutorFactory());
  const std::vector<uint16_t> expected = original.Segment(ReadNifti(ct_).volume, {}).label_map.labels;
  EXPECT_EQ(DecodedLabels(Ask("original").file), expected);
  const Answer automatic = Ask("auto");
  EXPECT_EQ(DecodedLabels(automatic.file), expected);
  EXPECT_EQ(automatic.accepted.variant(), "original");
  EXPECT_EQ(automatic.accepted.reason(), v1::LEVEL_REASON_QUALITY);
}

TEST_F(SegmentLevels, OfOneNumberAreListed) {
  disk_.Add("other", {{"other-0.3", 0.3, true, 2}}, 14);
  EXPECT_THAT(RefusalOf("0.3", grpc::FAILED_PRECONDITION),
              HasSubstr("level = 0.3: must be a name, as several levels have this number: tucker-0.3 (0.3), other-0.3 (0.3)"));
  EXPECT_EQ(Ask("other-0.3").summary.variant(), "other-0.3");
}

TEST_F(SegmentLevels, ThatAreNotThereAreRefusedWithAListOfThoseThatAre) {
  EXPECT_THAT(RefusalOf("0.25", grpc::NOT_FOUND),
              HasSubstr("level = 0.25: must be one of auto, original, tucker-0.3 (0.3), elastic-0.8 (0.8), elastic-0.4 (0.4), tucker-0.5 (0.5)"));
}

TEST_F(SegmentLevels, ThatAreBrokenAreListedAndRefusedWhileTheOthersServe) {
  disk_.SpoilWeights("coarse");
  const std::vector<v1::Variant> variants = List();
  ASSERT_EQ(variants.size(), 5U);
  EXPECT_EQ(variants[1].name(), "tucker-0.3");
  EXPECT_EQ(variants[1].state(), v1::VARIANT_STATE_FAILED);
  EXPECT_THAT(variants[1].error(), HasSubstr("pass the end of the file"));
  EXPECT_EQ(variants[1].device(), "");
  EXPECT_THAT(RefusalOf("0.3", grpc::FAILED_PRECONDITION), HasSubstr("tucker-0.3 could not be loaded"));
  EXPECT_TRUE(Ask("original").status.ok());
  EXPECT_TRUE(Ask("tucker-0.5").status.ok());
}

TEST_F(SegmentLevels, AreListedWithCostAndCard) {
  const std::vector<v1::Variant> variants = List();
  ASSERT_EQ(variants.size(), 5U);
  EXPECT_EQ(variants[0].name(), "original");
  EXPECT_FALSE(variants[0].has_level());
  EXPECT_EQ(variants[0].quality(), 1);
  EXPECT_EQ(variants[0].method(), "");
  const v1::Variant& coarse = variants[1];
  const LayerGraph graph = InTuckerForm(disk_.model().parts.front().graph, 1);
  EXPECT_EQ(coarse.task(), "tiny");
  EXPECT_EQ(coarse.name(), "tucker-0.3");
  EXPECT_EQ(coarse.state(), v1::VARIANT_STATE_LOADED);
  EXPECT_EQ(coarse.level(), 0.3);
  EXPECT_TRUE(coarse.default_());
  EXPECT_EQ(coarse.method(), "hosvd");
  EXPECT_EQ(coarse.parameters(), static_cast<uint64_t>(ParameterCount(graph)));
  EXPECT_EQ(coarse.multiply_adds_per_patch(), static_cast<uint64_t>(TotalMultiplyAdds(graph, {8, 8, 8})));
  EXPECT_EQ(coarse.weight_bytes(), 4 * coarse.parameters());
  EXPECT_EQ(coarse.dice_to_original(), 0.93);
  EXPECT_EQ(coarse.quality(), 0.91);
  EXPECT_FALSE(coarse.has_dice_to_reference());
  EXPECT_TRUE(coarse.phantoms());
  EXPECT_EQ(coarse.device(), "cpu");
  EXPECT_EQ(coarse.error(), "");
  EXPECT_FALSE(variants[4].has_quality());
  EXPECT_EQ(variants[4].quality_statement(), "not measured");
}

TEST_F(SegmentLevels, SayHowGoodTheyAreAndThatItWasMeasuredOnPhantoms) {
  EXPECT_EQ(Ask("tucker-0.3").summary.quality_statement(),
            "mean Dice 0.930 (at least 0.910) against the original, on 40 phantoms, no patient (seeds 1 to 40)");
  EXPECT_EQ(Ask("tucker-0.5").summary.quality_statement(), "not measured");
  EXPECT_THAT(Ask("original").summary.quality_statement(), HasSubstr("the original network"));
}

TEST_F(SegmentLevels, SayWhichWeightsRan) {
  const auto checksum_of = [this](const std::string& directory) { return ReadVariant(disk_.variant(directory), disk_.model()).weights_sha256; };
  const std::string original = disk_.model().provenance.weights_sha256;
  ASSERT_EQ(original.size(), 64U);
  const std::map<std::string, std::string> expected{{"original", original},
                                                    {"tucker-0.3", checksum_of("coarse")},
                                                    {"tucker-0.5", checksum_of("fine")},
                                                    {"elastic-0.8", checksum_of("elastic")},
                                                    {"elastic-0.4", checksum_of("elastic")}};
  for (const auto& [level, checksum] : expected) {
    const v1::Summary summary = Ask(level).summary;
    EXPECT_EQ(summary.variant_weights_sha256(), checksum) << level;
    EXPECT_EQ(summary.provenance().weights_sha256(), original) << "the model's own, whatever runs";
  }
  const std::vector<v1::Variant> variants = List();
  ASSERT_EQ(variants.size(), expected.size());
  for (const v1::Variant& variant : variants) EXPECT_EQ(variant.weights_sha256(), expected.at(variant.name())) << variant.name();
}

TEST_F(SegmentLevels, AreToldApartByMetrics) {
  Ask("0.3");
  Ask("made-up");
  EXPECT_TRUE(served().BecomesIdle());
  const std::string page = served().metrics().Text();
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="OK",device="cpu",method="Segment",task="tiny",variant="tucker-0.3"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_level_choices_total{reason="asked",task="tiny",variant="tucker-0.3"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_stage_duration_seconds_count{device="cpu",stage="infer",variant="tucker-0.3"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_quality_dice{model="tiny",variant="tucker-0.3"} 0.91)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_parameters{model="tiny",variant="elastic-0.4"} )"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_flops{model="tiny",variant="original"} )"));
  EXPECT_THAT(page, testing::Not(HasSubstr("made-up")));
}

TEST(SegmentLevelMemory, IsThatOfTheLevelWhichRuns) {
  // Many channels against few: what the features of a patch take outweighs the rest.
  const ModelOnDisk disk(TinyBundle(TinyUnet(16, 4), {8, 8, 8}, 5));
  disk.Add("narrow", {{"narrow", 0.1, true, 1}}, 6);
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const Geometry geometry = ReadNifti(ct).header.geometry;
  ServedOptions options;
  options.models = disk.models();
  // What each takes, its weights included.
  const auto bytes = [&](const ServedLevel& level) { return PredictPeakBytes(*level.model, geometry, {.threads = 0}) + level.weight_bytes; };
  const std::vector<DescribedLevel> levels = DescribeBundle(disk.bundle(), false).levels;
  const int64_t original = bytes(levels[0].level);
  const int64_t narrow = bytes(levels[1].level);
  ASSERT_NE(original, narrow);
  options.config.memory_limit_bytes = std::max(original, narrow) + static_cast<int64_t>(ReadNifti(ct).volume.voxels.size()) - 1;
  ServedModel served(std::move(options));
  const auto code_of = [&](const char* level) {
    v1::SegmentHeader header;
    header.mutable_level()->set_name(level);
    return Segment(served.channel(), ct, header).status.error_code();
  };
  EXPECT_EQ(code_of("original"), original > narrow ? grpc::RESOURCE_EXHAUSTED : grpc::OK);
  EXPECT_EQ(code_of("narrow"), narrow > original ? grpc::RESOURCE_EXHAUSTED : grpc::OK);
}

}  // namespace
}  // namespace tuckerseg
