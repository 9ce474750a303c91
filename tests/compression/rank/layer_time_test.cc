#include "compression/rank/layer_time.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::Optional;

const TimingSetting kSetting{"cpu AMD EPYC 7763", "torch", "fp32", 8};

const Layer kConvolution{.name = "a", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 4, .out_channels = 8, .kernel = {3, 3, 1}, .stride = {2, 2, 1}};

Layer Tucker() {
  Layer layer = kConvolution;
  layer.kind = LayerKind::kTuckerConvolution;
  layer.rank_in = 2;
  layer.rank_out = 3;
  return layer;
}

LayerTimeTable Table() {
  LayerTimeTable table;
  table.Put(kSetting, kConvolution, {8, 8, 8}, 0.25);
  table.Put(kSetting, Tucker(), {8, 8, 8}, 1.0 / 3);
  return table;
}

TEST(LayerTimeTable, FindsWhatWasPutWhateverTheLayerIsCalled) {
  Layer same = kConvolution;
  same.name = "b";
  same.inputs = {7};
  EXPECT_THAT(Table().Find(kSetting, same, {8, 8, 8}), Optional(0.25));
}

TEST(LayerTimeTable, FindsNothingWhereAnythingThatMattersDiffers) {
  const LayerTimeTable table = Table();
  EXPECT_EQ(table.Find(kSetting, kConvolution, {8, 8, 16}), std::nullopt);
  for (const TimingSetting& other : {TimingSetting{"cuda", "torch", "fp32", 8}, TimingSetting{kSetting.device, "cpu", "fp32", 8},
                                     TimingSetting{kSetting.device, "torch", "bf16", 8}, TimingSetting{kSetting.device, "torch", "fp32", 4}}) {
    EXPECT_EQ(table.Find(other, kConvolution, {8, 8, 8}), std::nullopt);
  }
  const auto differs = [&](auto&& change) {
    Layer layer = Tucker();
    change(layer);
    EXPECT_EQ(table.Find(kSetting, layer, {8, 8, 8}), std::nullopt);
  };
  differs([](Layer& l) { l.kind = LayerKind::kTuckerTransposedConvolution; });
  differs([](Layer& l) { l.in_channels = 5; });
  differs([](Layer& l) { l.out_channels = 5; });
  differs([](Layer& l) { l.rank_in = 1; });
  differs([](Layer& l) { l.rank_out = 1; });
  differs([](Layer& l) { l.kernel[2] = 3; });
  differs([](Layer& l) { l.stride[2] = 2; });
}

TEST(LayerTimeTable, ReplacesATimeThatIsThere) {
  LayerTimeTable table = Table();
  table.Put(kSetting, kConvolution, {8, 8, 8}, 0.5);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_THAT(table.Find(kSetting, kConvolution, {8, 8, 8}), Optional(0.5));
}

TEST(LayerTimeTable, RefusesWhatIsNoTime) {
  for (const double seconds : {0.0, -1.0, std::nan("")}) {
    ExpectError(ErrorCode::kInvalidArgument, "must be above 0", [&] { Table().Put(kSetting, kConvolution, {1, 1, 1}, seconds); });
  }
}

TEST(LayerTimesFile, GivesTheTableBack) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "times.json";
  EXPECT_EQ(ReadLayerTimes(path), LayerTimeTable()) << "nothing is measured yet";
  WriteLayerTimes(Table(), path);
  EXPECT_EQ(ReadLayerTimes(path), Table());
  EXPECT_EQ(EncodeLayerTimes(ReadLayerTimes(path)), FileText(path));
}

TEST(LayerTimesFile, IsRefusedWithTheFieldThatIsWrong) {
  const auto refused = [](auto&& change, const std::string& message) {
    Json json = Json::parse(EncodeLayerTimes(Table()));
    change(json);
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { ParseLayerTimes(json.dump()); });
  };
  refused([](Json& j) { j["format_version"] = 2; }, "layer times.format_version = 2: must be 1");
  refused([](Json& j) { j.erase("times"); }, "layer times.times: missing");
  refused([](Json& j) { j["times"][1]["seconds"] = 0; }, "layer times.times[1].seconds = 0: must be above 0");
  refused([](Json& j) { j["times"][0]["kind"] = "dense"; }, "layer times.times[0].kind = \"dense\": must be one of input");
  refused([](Json& j) { j["times"][0]["threads"] = 0; }, "layer times.times[0].threads = 0");
  refused([](Json& j) { j["times"][0]["kernel"] = {3, 3}; }, "layer times.times[0].kernel = [3,3]: must have three entries");
  const Json time = Json::parse(EncodeLayerTimes(Table()))["times"][0];
  for (const auto& [key, value] : time.items()) {
    refused([&key = key](Json& j) { j["times"][0].erase(key); }, "layer times.times[0]." + key + ": missing");
  }
  ExpectError(ErrorCode::kInvalidArgument, "layer times: not JSON", [] { ParseLayerTimes("{"); });
}

TEST(LayerTimesFile, IsRefusedWhereItIsAFolder) {
  const TemporaryDirectory folder;
  ExpectError(ErrorCode::kInvalidArgument, "layer times: cannot be read", [&] { ReadLayerTimes(folder.path()); });
}

/// 2 -> 2 channels three times, with a stride of 2 before the last.
LayerGraph ThreeConvolutions() {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 2, .out_channels = 2});
  for (int i = 0; i < 3; ++i) {
    AddLayer(graph, {.name = std::to_string(i), .kind = LayerKind::kConvolution, .inputs = {i}, .in_channels = 2, .out_channels = 2});
  }
  AddLayer(graph, {.name = "pool", .kind = LayerKind::kAveragePool, .inputs = {3}, .in_channels = 2, .out_channels = 2, .kernel = {2, 2, 2}, .stride = {2, 2, 2}});
  AddLayer(graph, {.name = "last", .kind = LayerKind::kConvolution, .inputs = {4}, .in_channels = 2, .out_channels = 2});
  return graph;
}

TEST(LayerTimes, MeasureWhatTheTableLacksOnceForLayersThatAreAlike) {
  LayerTimeTable table;
  table.Put(kSetting, ThreeConvolutions().layers.back(), {4, 4, 4}, 7);
  std::vector<std::string> measured;
  const MeasureLayer measure = [&](const Layer& layer, const Size3& input_shape) {
    measured.push_back(layer.name + " at " + std::to_string(input_shape[0]));
    return static_cast<double>(measured.size());
  };
  EXPECT_THAT(LayerTimes(ThreeConvolutions(), {8, 8, 8}, kSetting, table, measure), testing::ElementsAre(0, 1, 1, 1, 2, 7));
  EXPECT_THAT(measured, testing::ElementsAre("0 at 8", "pool at 8"));
  LayerTimes(ThreeConvolutions(), {8, 8, 8}, kSetting, table, measure);
  EXPECT_EQ(measured.size(), 2U) << "all is in the table now";
}

TEST(LayerTimes, RefuseATimeThatIsNone) {
  LayerTimeTable table;
  ExpectError(ErrorCode::kInternal, "layer 0: measured 0.000000 s: must be above 0",
              [&] { LayerTimes(ThreeConvolutions(), {8, 8, 8}, kSetting, table, [](const Layer&, const Size3&) { return 0.0; }); });
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace tuckerseg
