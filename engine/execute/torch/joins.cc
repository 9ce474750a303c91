#include "engine/execute/torch/joins.h"

#include <optional>

#include "engine/model/tucker_fold.h"

namespace tuckerseg {
namespace {

/// Of a concat with these readers, where there is one: with a factor that is part of its core it begins with another kernel.
std::optional<size_t> ReaderWithMatrix(const LayerGraph& graph, const std::vector<size_t>& readers) {
  if (readers.size() != 1) return std::nullopt;
  const Layer& reader = graph.layers[readers.front()];
  const bool begins_with_matrix = reader.kind == LayerKind::kTuckerConvolution && !CheapestFoldOnCpu(reader).in;
  return begins_with_matrix ? std::optional(readers.front()) : std::nullopt;
}

/// By multiply-adds of an output voxel: of one tap and the matrix behind it, against one tap that answers with the rank's channels.
bool FoldingPays(const Layer& transposed, int64_t rank) {
  return transposed.in_channels * rank <= transposed.out_channels * (transposed.in_channels + rank);
}

}  // namespace

std::vector<std::vector<size_t>> ReadersOf(const LayerGraph& graph) {
  std::vector<std::vector<size_t>> readers(graph.layers.size());
  for (size_t i = 0; i < graph.layers.size(); ++i)
    for (const int input : graph.layers[i].inputs) readers[static_cast<size_t>(input)].push_back(i);
  return readers;
}

std::map<size_t, Join> JoinsOf(const LayerGraph& graph) {
  const std::vector<std::vector<size_t>> readers = ReadersOf(graph);
  std::map<size_t, Join> joins;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    if (graph.layers[i].kind != LayerKind::kConcat) continue;
    const std::optional<size_t> reader = ReaderWithMatrix(graph, readers[i]);
    if (!reader) continue;
    Join& join = joins[i];
    join.reader = *reader;
    int64_t first_channel = 0;
    for (const int input : graph.layers[i].inputs) {
      const auto source = static_cast<size_t>(input);
      const Layer& part = graph.layers[source];
      const bool is_folded = part.kind == LayerKind::kTransposedConvolution && readers[source].size() == 1 && FoldingPays(part, graph.layers[*reader].rank_in);
      join.parts.push_back({source, first_channel, part.out_channels, is_folded});
      first_channel += part.out_channels;
    }
  }
  return joins;
}

}  // namespace tuckerseg
