/// Measured times of single layers, kept in a file: what a budget of latency is counted in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// What layers were run on, and how.
struct TimingSetting {
  std::string device;     ///< with its model, so that a file can be carried to another machine: "cpu AMD EPYC 7763", "cuda NVIDIA L40S"
  std::string executor;   ///< "torch", "cpu"
  std::string precision;  ///< "fp32", "bf16", "fp16", "int8"
  int64_t threads = 1;
  auto operator<=>(const TimingSetting&) const = default;
};

/// Seconds by setting, kind, channels, ranks, kernel, stride and the input's shape: layers that are alike in these take the same time.
class LayerTimeTable {
 public:
  std::optional<double> Find(const TimingSetting& setting, const Layer& layer, const Size3& input_shape) const;
  /// Takes the place of a time that is there. Errors: kInvalidArgument for seconds that are not above 0 or not finite.
  void Put(const TimingSetting& setting, const Layer& layer, const Size3& input_shape, double seconds);
  size_t size() const { return seconds_.size(); }
  bool operator==(const LayerTimeTable&) const = default;

 private:
  friend std::string EncodeLayerTimes(const LayerTimeTable& table);

  /// All of a layer that its time depends on.
  struct Shape {
    LayerKind kind;
    int64_t in_channels, out_channels, rank_in, rank_out;
    Size3 kernel, stride, input_shape;
    auto operator<=>(const Shape&) const = default;
  };
  static Shape ShapeOf(const Layer& layer, const Size3& input_shape);

  std::map<std::pair<TimingSetting, Shape>, double> seconds_;
};

/// {"format_version": 1, "times": [{"device", "executor", "precision", "threads", "kind", "in_channels", "out_channels", "rank_in",
/// "rank_out", "kernel", "stride", "input_shape", "seconds"}]}; ranks are 0 where there are none.
/// ParseLayerTimes(EncodeLayerTimes(t)) == t.
std::string EncodeLayerTimes(const LayerTimeTable& table);
/// Errors: kInvalidArgument that names the field (JSON path), its value and what would be right.
LayerTimeTable ParseLayerTimes(const std::string& json);

/// An empty table where there is no file: nothing is measured yet. Errors: as ParseLayerTimes; kInvalidArgument if it cannot be read.
LayerTimeTable ReadLayerTimes(const std::filesystem::path& path);
/// Whole or not at all. Errors: as WriteWholeFile.
void WriteLayerTimes(const LayerTimeTable& table, const std::filesystem::path& path);

/// Runs one layer on an input of this shape (of its first input, where it joins several) and says how many seconds it took.
using MeasureLayer = std::function<double(const Layer& layer, const Size3& input_shape)>;

/// Seconds of one layer: from `table`, else measured and put there. Errors: what `measure` throws; kInternal, naming the layer, for a time
/// that is not above 0.
double LayerTime(const Layer& layer, const Size3& input_shape, const TimingSetting& setting, LayerTimeTable& table, const MeasureLayer& measure);

/// Seconds of every layer for one patch, by place; 0 for the input. What `table` lacks is measured and put into it; layers that are alike
/// are measured once. Errors: as LayerTime.
std::vector<double> LayerTimes(const LayerGraph& graph, const Size3& patch, const TimingSetting& setting, LayerTimeTable& table, const MeasureLayer& measure);

}  // namespace tuckerseg
