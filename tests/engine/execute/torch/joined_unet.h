/// A network whose concat a Tucker convolution reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/layer_graph.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {

struct JoinedUnetOptions {
  LayerKind reader = LayerKind::kTuckerConvolution;
  int64_t up_channels = 6;
  int64_t rank_in = 5;
  bool up_first = true;      ///< in the concat
  bool up_bias = true;
  bool up_twice = false;     ///< another transposed convolution is a part too
  bool skip_twice = false;   ///< as a part
  bool joins_input = false;  ///< the patch is a part too
  bool another_reads_concat = false;
  bool another_reads_up = false;
};

/// input (1) -> skip (4) -> deep (12, half the size) -> up (`up_channels`); up, skip and what else the options say -> concat -> reader (7) -> head (3).
inline LayerGraph JoinedUnet(const JoinedUnetOptions& options) {
  LayerGraph graph;
  const int64_t up_channels = options.up_channels;
  const int input = AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  const int skip = AddLayer(graph, {.name = "skip", .kind = LayerKind::kConvolution, .inputs = {input}, .in_channels = 1, .out_channels = 4, .kernel = {3, 3, 3}, .bias = true});
  const int deep = AddLayer(graph, {.name = "deep", .kind = LayerKind::kConvolution, .inputs = {skip}, .in_channels = 4, .out_channels = 12, .kernel = {3, 3, 3}, .stride = {2, 2, 1}, .bias = true});
  const auto transposed = [&](const std::string& name) {
    return AddLayer(graph, {.name = name, .kind = LayerKind::kTransposedConvolution, .inputs = {deep}, .in_channels = 12, .out_channels = up_channels, .kernel = {2, 2, 1}, .stride = {2, 2, 1}, .bias = options.up_bias});
  };
  const int up = transposed("up");
  std::vector<int> parts = options.up_first ? std::vector<int>{up, skip} : std::vector<int>{skip, up};
  if (options.up_twice) parts.push_back(transposed("up_again"));
  if (options.skip_twice) parts.push_back(skip);
  if (options.joins_input) parts.push_back(input);
  int64_t joined = 0;
  for (const int part : parts) joined += graph.layers[static_cast<size_t>(part)].out_channels;
  const int concat = AddLayer(graph, {.name = "concat", .kind = LayerKind::kConcat, .inputs = parts, .in_channels = joined, .out_channels = joined});
  Layer reader{.name = "reader", .kind = options.reader, .inputs = {concat}, .in_channels = joined, .out_channels = 7, .kernel = {3, 3, 3}, .bias = true};
  if (IsTucker(options.reader)) {
    reader.rank_in = options.rank_in;
    reader.rank_out = 4;
  }
  int last = AddLayer(graph, reader);
  const auto read_too = [&](int source, int64_t channels) {
    const int other = AddLayer(graph, {.name = "other", .kind = LayerKind::kConvolution, .inputs = {source}, .in_channels = channels, .out_channels = 7});
    last = AddLayer(graph, {.name = "sum", .kind = LayerKind::kAdd, .inputs = {last, other}, .in_channels = 7, .out_channels = 7});
  };
  if (options.another_reads_concat) read_too(concat, joined);
  if (options.another_reads_up) read_too(up, up_channels);
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {last}, .in_channels = 7, .out_channels = 3, .bias = true});
  return graph;
}

}  // namespace tuckerseg
