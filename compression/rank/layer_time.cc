#include "compression/rank/layer_time.h"

#include <cmath>
#include <system_error>

#include "engine/error.h"
#include "engine/model/json_fields.h"
#include "engine/model/layer_json.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

constexpr int64_t kFormatVersion = 1;
constexpr int64_t kMost = int64_t{1} << 20;

bool IsTime(double seconds) { return std::isfinite(seconds) && seconds > 0; }

}  // namespace

LayerTimeTable::Shape LayerTimeTable::ShapeOf(const Layer& layer, const Size3& input_shape) {
  return {layer.kind, layer.in_channels, layer.out_channels, layer.rank_in, layer.rank_out, layer.kernel, layer.stride, input_shape};
}

std::optional<double> LayerTimeTable::Find(const TimingSetting& setting, const Layer& layer, const Size3& input_shape) const {
  const auto found = seconds_.find({setting, ShapeOf(layer, input_shape)});
  return found != seconds_.end() ? std::optional(found->second) : std::nullopt;
}

void LayerTimeTable::Put(const TimingSetting& setting, const Layer& layer, const Size3& input_shape, double seconds) {
  if (!IsTime(seconds)) throw Error(ErrorCode::kInvalidArgument, "seconds = " + std::to_string(seconds) + ": must be above 0");
  seconds_[{setting, ShapeOf(layer, input_shape)}] = seconds;
}

std::string EncodeLayerTimes(const LayerTimeTable& table) {
  Json times = Json::array();
  for (const auto& [key, seconds] : table.seconds_) {
    const auto& [setting, shape] = key;
    times.push_back({{"device", setting.device}, {"executor", setting.executor}, {"precision", setting.precision}, {"threads", setting.threads},
                     {"kind", NameOf(shape.kind)}, {"in_channels", shape.in_channels}, {"out_channels", shape.out_channels},
                     {"rank_in", shape.rank_in}, {"rank_out", shape.rank_out}, {"kernel", shape.kernel}, {"stride", shape.stride},
                     {"input_shape", shape.input_shape}, {"seconds", seconds}});
  }
  return Json{{"format_version", kFormatVersion}, {"times", std::move(times)}}.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

LayerTimeTable ParseLayerTimes(const std::string& text) {
  const Json json = ParseJson(text, "layer times");
  const JsonField root(json, "layer times");
  if (root.At("format_version").Integer(0, kMost) != kFormatVersion) {
    root.At("format_version").Refuse("must be " + std::to_string(kFormatVersion) + ", the version this program reads");
  }
  LayerTimeTable table;
  const JsonField times = root.At("times");
  for (size_t i = 0; i < times.Size(); ++i) {
    const JsonField time = times.At(i);
    const TimingSetting setting{time.At("device").Text(), time.At("executor").Text(), time.At("precision").Text(), time.At("threads").Integer(1, kMost)};
    const Layer layer{.kind = ParseLayerKind(time.At("kind")),
                      .in_channels = time.At("in_channels").Integer(1, kMost),
                      .out_channels = time.At("out_channels").Integer(1, kMost),
                      .kernel = time.At("kernel").Integers3(1, kMost),
                      .stride = time.At("stride").Integers3(1, kMost),
                      .rank_in = time.At("rank_in").Integer(0, kMost),
                      .rank_out = time.At("rank_out").Integer(0, kMost)};
    const double seconds = time.At("seconds").Number();
    if (!IsTime(seconds)) time.At("seconds").Refuse("must be above 0");
    table.Put(setting, layer, time.At("input_shape").Integers3(1, kMost), seconds);
  }
  return table;
}

LayerTimeTable ReadLayerTimes(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  const std::optional<std::string> json = ReadWholeFile(path);
  if (!json) throw Error(ErrorCode::kInvalidArgument, "layer times: cannot be read: must be a file");
  return ParseLayerTimes(*json);
}

void WriteLayerTimes(const LayerTimeTable& table, const std::filesystem::path& path) { WriteWholeFile(path, EncodeLayerTimes(table)); }

double LayerTime(const Layer& layer, const Size3& input_shape, const TimingSetting& setting, LayerTimeTable& table, const MeasureLayer& measure) {
  if (const std::optional<double> known = table.Find(setting, layer, input_shape)) return *known;
  const double seconds = measure(layer, input_shape);
  if (!IsTime(seconds)) throw Error(ErrorCode::kInternal, "layer " + layer.name + ": measured " + std::to_string(seconds) + " s: must be above 0");
  table.Put(setting, layer, input_shape, seconds);
  return seconds;
}

std::vector<double> LayerTimes(const LayerGraph& graph, const Size3& patch, const TimingSetting& setting, LayerTimeTable& table, const MeasureLayer& measure) {
  const std::vector<Size3> shapes = FeatureShapes(graph, patch);
  std::vector<double> times{0.0};
  for (size_t i = 1; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    times.push_back(LayerTime(layer, shapes[static_cast<size_t>(layer.inputs.front())], setting, table, measure));
  }
  return times;
}

}  // namespace tuckerseg
