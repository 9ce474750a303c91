/// `tuckerseg-compress inspect` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/model/bundle.h"
#include "engine/model/cost.h"
#include "tests/engine/model/variant_samples.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// models/one: a network of TinyUnet(4, 3); models/two: parts organs and ribs, with the elastic variant of variant_samples.h.
class InspectCommand : public testing::Test {
 protected:
  InspectCommand() {
    SaveBundle(TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1), folder_.path() / "models" / "one");
    Bundle two = TwoPartBundle();
    two.model.provenance.weights_sha256 = "";
    SaveBundle(two, folder_.path() / "models" / "two");
    VariantFiles files = ElasticFiles();
    files.variant.model_sha256 = "";
    SaveVariant(files, two.model, folder_.path() / "models" / "two" / "variants" / "large");
  }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_COMPRESS, "inspect " + arguments, folder_.path()); }
  Json JsonOf(const std::string& arguments) const {
    const Outcome outcome = Run(arguments + " --json");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return Json::parse(outcome.out);
  }

  const TemporaryDirectory folder_;
};

Json Named(const Json& layers, const std::string& name) {
  for (const Json& layer : layers)
    if (layer["name"] == name) return layer;
  return nullptr;
}

int64_t SumOf(const Json& list, const char* key) {
  int64_t sum = 0;
  for (const Json& entry : list) sum += entry[key].get<int64_t>();
  return sum;
}

TEST_F(InspectCommand, GivesThePapersFiguresOfAnArchitectureWithoutWeights) {
  const Json json = JsonOf("--arch 1.5mm --level 0.3");
  EXPECT_NEAR(json["parameters"].get<double>() / 1e6, 3.6986, 0.00005);
  EXPECT_NEAR(json["multiply_adds_per_patch"].get<double>() / 1e9, 63.230, 0.0005);
  EXPECT_EQ(json["bytes"], json["parameters"].get<int64_t>() * 4);
  EXPECT_EQ(SumOf(json["layers"], "parameters"), json["parameters"]);
  EXPECT_EQ(SumOf(json["layers"], "multiply_adds"), json["multiply_adds_per_patch"]);
}

TEST_F(InspectCommand, GivesTheArchitectureAsItIsWithoutALevel) {
  EXPECT_NEAR(JsonOf("--arch 3mm")["parameters"].get<double>() / 1e6, 16.5505, 0.00005);
  EXPECT_EQ(JsonOf("--arch 3mm"), JsonOf("--arch 3mm --level original"));
}

TEST_F(InspectCommand, SaysKindShapeAndRanksOfEachLayer) {
  const Json json = JsonOf("--arch 1.5mm --level 0.3");
  EXPECT_EQ(Named(json["layers"], "encoder.stages.1.0.convs.0.conv"),
            Json::parse(R"({"name": "encoder.stages.1.0.convs.0.conv", "kind": "tucker_convolution", "shape": [64, 32, 3, 3, 3], "rank_in": 10, "rank_out": 20,
                            "parameters": 7064, "multiply_adds": 2422210560, "energy_kept": null})"));
  EXPECT_EQ(Named(json["layers"], "decoder.transpconvs.0")["kind"], "tucker_transposed_convolution");
  EXPECT_EQ(Named(json["layers"], "decoder.transpconvs.0")["shape"], Json({320, 320, 2, 2, 2}));
  const Json norm = Named(json["layers"], "encoder.stages.0.0.convs.0.norm");
  EXPECT_EQ(norm["shape"], Json({32}));
  EXPECT_TRUE(norm["rank_in"].is_null());
}

TEST_F(InspectCommand, PutsRanksOnAGridAndCountsAnotherPatch) {
  EXPECT_EQ(Named(JsonOf("--arch 1.5mm --level 0.3 --grid 16")["layers"], "encoder.stages.1.0.convs.0.conv")["rank_in"], 16);
  const Json small = JsonOf("--arch 1.5mm --level 0.3 --patch 64,128,128");
  EXPECT_EQ(2 * small["multiply_adds_per_patch"].get<int64_t>(), JsonOf("--arch 1.5mm --level 0.3")["multiply_adds_per_patch"]);
  EXPECT_EQ(small["parts"][0]["patch"], Json({64, 128, 128}));
}

TEST_F(InspectCommand, GivesABundlesOwnFigures) {
  const Json json = JsonOf("models/one");
  EXPECT_EQ(json["parameters"], ParameterCount(TinyUnet(4, 3)));
  EXPECT_EQ(json["multiply_adds_per_patch"], TotalMultiplyAdds(TinyUnet(4, 3), {8, 8, 8}));
  EXPECT_EQ(json["bytes"], 4 * ParameterCount(TinyUnet(4, 3)));
  EXPECT_FALSE(json.contains("levels"));
  EXPECT_FALSE(json["layers"][0].contains("part")) << "there is one";
}

TEST_F(InspectCommand, GroupsLayersByPartWhereThereAreSeveral) {
  const Json json = JsonOf("models/two");
  EXPECT_EQ(json["parts"][1]["name"], "ribs");
  EXPECT_EQ(SumOf(json["parts"], "parameters"), json["parameters"]);
  EXPECT_EQ(json["layers"].front()["part"], "organs");
  EXPECT_EQ(json["layers"].back()["part"], "ribs");
  EXPECT_EQ(SumOf(json["layers"], "multiply_adds"), json["multiply_adds_per_patch"]);
}

TEST_F(InspectCommand, TellsWhatALevelOfABundleWouldBe) {
  const Json json = JsonOf("models/one --level 0.5");
  EXPECT_EQ(Named(json["layers"], "up")["kind"], "tucker_transposed_convolution");
  EXPECT_EQ(json["bytes"], json["parameters"].get<int64_t>() * 4);
}

TEST_F(InspectCommand, FindsTheBundleOfAVariantTwoLevelsUp) {
  for (const char* path : {"models/two/variants/large", "models/two/variants/large/", "models/two/variants/../variants/large"}) {
    const Json json = JsonOf(path);
    EXPECT_EQ(json["parameters"], ParameterCount(TuckerUnet(6, 4)) + ParameterCount(TuckerUnet(5, 3)));
    EXPECT_EQ(json["bytes"], json["parameters"].get<int64_t>() * 4);
  }
}

TEST_F(InspectCommand, SaysHowMuchOfALayersWeightAVariantKeeps) {
  ASSERT_EQ(RunProgram(TUCKERSEG_COMPRESS, "decompose models/one --level 1 --name whole --quiet -o models/one/variants/whole", folder_.path()).status, 0);
  ASSERT_EQ(RunProgram(TUCKERSEG_COMPRESS, "decompose models/one --energy 0.7 --name cut --quiet -o models/one/variants/cut", folder_.path()).status, 0);
  EXPECT_NEAR(Named(JsonOf("models/one/variants/whole")["layers"], "up")["energy_kept"].get<double>(), 1, 1e-5);
  const Json cut = JsonOf("models/one/variants/cut");
  int64_t compressed = 0;
  for (const Json& layer : cut["layers"]) {
    EXPECT_EQ(layer["energy_kept"].is_null(), layer["rank_in"].is_null()) << layer;
    if (layer["rank_in"].is_null()) continue;
    ++compressed;
    EXPECT_GT(layer["energy_kept"], 0.4) << "each mode keeps 0.7, so that at most 0.6 are lost: " << layer;
    EXPECT_LT(layer["energy_kept"], 1) << layer;
  }
  EXPECT_GT(compressed, 0);
  EXPECT_THAT(Run("models/one/variants/cut").out, HasSubstr("M multiply-adds  energy kept, %\n"));
  EXPECT_THAT(Run("models/one").out, Not(HasSubstr("energy")));
}

TEST_F(InspectCommand, TakesTheBundleOfAVariantThatLiesElsewhere) {
  std::filesystem::rename(folder_.path() / "models" / "two" / "variants" / "large", folder_.path() / "moved");
  ExpectFailure(Run("moved"), 1, "--bundle: missing: must name the bundle");
  EXPECT_EQ(JsonOf("moved --bundle models/two")["levels"].size(), 3U);
  ExpectFailure(Run("moved --bundle models/one"), 1, "must have 1 parts, as the model has");
}

TEST_F(InspectCommand, ListsTheLevelsOfAnElasticVariantAndShowsTheOneThatIsAskedFor) {
  const Json json = JsonOf("models/two/variants/large");
  EXPECT_EQ(json["levels"][0]["name"], "large");
  EXPECT_EQ(json["levels"][0]["parameters"], json["parameters"]);
  EXPECT_EQ(json["levels"][1]["level"], 0.25);
  EXPECT_TRUE(json["levels"][2]["level"].is_null());
  const int64_t small = ParameterCount(TuckerUnet(2, 2)) + ParameterCount(TuckerUnet(5, 1));
  EXPECT_EQ(json["levels"][1]["parameters"], small);
  EXPECT_EQ(json["levels"][1]["bytes"], 4 * small);
  for (const char* level : {"small", "0.25"}) {
    const Json shown = JsonOf(std::string("models/two/variants/large --level ") + level);
    EXPECT_EQ(shown["parameters"], small);
    EXPECT_EQ(Named(shown["layers"], "up")["rank_in"], 2);
  }
  ExpectFailure(Run("models/two/variants/large --level 0.3"), 1, "--level = 0.3: must be one of large (0.5), small (0.25), odd");
}

TEST_F(InspectCommand, PrintsATableThatAddsUp) {
  const Outcome outcome = Run("--arch 3mm --level 0.3");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("architecture 3mm, level 0.3\n\npart network, patch 112 x 112 x 128\n  layer "));
  EXPECT_THAT(outcome.out, HasSubstr("  decoder.transpconvs.0            tucker_transposed_convolution  320 x 256, 2 x 2 x 2       96   77 "));
  EXPECT_THAT(outcome.out, HasSubstr("\n1,981,569 parameters, 54.925 G multiply-adds a patch, 7.9 MB of weights\n"));
}

TEST_F(InspectCommand, PrintsATableOfLevelsBeforeThatOfLayers) {
  const std::string text = Run("models/two/variants/large").out;
  EXPECT_THAT(text, StartsWith("variant large of model tiny, made by hooi\n\n  level  number  default"));
  EXPECT_THAT(text, HasSubstr("\n  small    0.25 "));
  EXPECT_THAT(text, HasSubstr("\npart ribs, patch 8 x 8 x 8\n"));
  EXPECT_THAT(Run("models/one").out, Not(HasSubstr("number")));
}

TEST_F(InspectCommand, EndsWithStatus1AndOneLineWhenItCannotInspect) {
  ExpectFailure(Run("none"), 1, "none: holds neither model.json nor variant.json: must be a bundle or a variant");
  ExpectFailure(Run("--arch 3mm --level 1.5"), 1, "level = 1.5: must be in (0, 1]");
  ExpectFailure(Run("--arch 3mm --level fast"), 1, "--level = fast: must be a number in (0, 1], or original");
  ExpectFailure(Run("--arch 3mm --patch 100,112,128"), 1, "--patch: axis 0 = 100: must be a positive multiple of 16");
  folder_.Write("models/one/model.json", "{");
  ExpectFailure(Run("models/one"), 1, "model: not JSON");
}

TEST_F(InspectCommand, EndsWithStatus2AndOneLineWhenItIsUsedWrongly) {
  ExpectFailure(Run(""), 2, "needs a bundle, a variant or --arch");
  ExpectFailure(Run("models/one --arch 3mm"), 2, "needs a bundle, a variant or --arch, and one of them");
  ExpectFailure(Run("--arch 2mm"), 2, "--arch");
  ExpectFailure(Run("--arch 3mm --grid 0"), 2, "--grid");
  ExpectFailure(Run("--arch 3mm --patch 1,2"), 2, "--patch");
  ExpectFailure(Run("--arch 3mm --patch a,b,c"), 2, "--patch");
  ExpectFailure(Run("--arch 3mm --bundle models/one"), 2, "--bundle");
  ExpectFailure(Run("models/one --bundle models/one"), 2, "--bundle");
  ExpectFailure(Run("models/two/variants/large --grid 16"), 2, "--grid");
}

}  // namespace
}  // namespace tuckerseg
