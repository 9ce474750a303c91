#include "compression/prune/channel_sets.h"

#include <map>
#include <numeric>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// Disjoint sets of whole numbers; the smallest stands for its set.
class DisjointSets {
 public:
  explicit DisjointSets(size_t count) : parents_(count) { std::iota(parents_.begin(), parents_.end(), size_t{0}); }

  size_t Find(size_t place) {
    while (parents_[place] != place) place = parents_[place] = parents_[parents_[place]];
    return place;
  }
  void Join(size_t a, size_t b) {
    a = Find(a);
    b = Find(b);
    parents_[a < b ? b : a] = a < b ? a : b;
  }

 private:
  std::vector<size_t> parents_;
};

/// The first output channel of each layer, all channels of the graph counted through; behind the last layer, how many there are.
std::vector<size_t> FirstChannels(const LayerGraph& graph) {
  std::vector<size_t> firsts{0};
  for (const Layer& layer : graph.layers) firsts.push_back(firsts.back() + static_cast<size_t>(layer.out_channels));
  return firsts;
}

/// Ties a layer's output channels to those of its inputs; a convolution's are new ones.
void JoinChannels(const LayerGraph& graph, size_t place, const std::vector<size_t>& firsts, DisjointSets& channels) {
  const Layer& layer = graph.layers[place];
  if (IsTucker(layer.kind)) {
    throw Error(ErrorCode::kInvalidArgument, "layer " + layer.name + ": is in Tucker form: must be whole to be pruned");
  }
  if (IsConvolution(layer.kind)) return;
  size_t offset = 0;
  for (const int input : layer.inputs) {
    const auto source = static_cast<size_t>(input);
    const size_t count = firsts[source + 1] - firsts[source];
    for (size_t c = 0; c < count; ++c) channels.Join(firsts[place] + offset + c, firsts[source] + c);
    if (layer.kind == LayerKind::kConcat) offset += count;
  }
}

/// Convolutions (and the input) whose channels share a set, by the convolutions alone: a concatenation does not make its inputs compete.
DisjointSets JoinSources(const LayerGraph& graph, const std::vector<size_t>& firsts, DisjointSets& channels) {
  DisjointSets sources(graph.layers.size());
  std::map<size_t, size_t> source_of_set;
  for (size_t place = 0; place < graph.layers.size(); ++place) {
    const LayerKind kind = graph.layers[place].kind;
    if (!IsConvolution(kind) && kind != LayerKind::kInput) continue;
    for (size_t c = firsts[place]; c < firsts[place + 1]; ++c) {
      const auto [known, added] = source_of_set.emplace(channels.Find(c), place);
      if (!added) sources.Join(place, known->second);
    }
  }
  return sources;
}

}  // namespace

std::vector<ChannelGroup> FindChannelGroups(const LayerGraph& graph) {
  graph.Validate();
  const std::vector<size_t> firsts = FirstChannels(graph);
  DisjointSets channels(firsts.back());
  for (size_t place = 0; place < graph.layers.size(); ++place) JoinChannels(graph, place, firsts, channels);
  DisjointSets sources = JoinSources(graph, firsts, channels);

  std::map<size_t, ChannelSet> sets;            // by the set's first channel, which belongs to a convolution or the input
  std::map<size_t, std::vector<size_t>> groups;  // by the group's first layer: its sets
  std::map<size_t, bool> fixed;
  for (size_t place = 0; place < graph.layers.size(); ++place)
    for (size_t c = firsts[place]; c < firsts[place + 1]; ++c) {
      const size_t set = channels.Find(c);
      ChannelSet& members = sets[set];
      members.push_back({place, c - firsts[place]});
      const size_t group = sources.Find(members.front().layer);
      if (members.size() == 1) groups[group].push_back(set);
      if (place == 0 || place + 1 == graph.layers.size()) fixed[group] = true;
    }

  std::vector<ChannelGroup> found;
  for (const auto& [group, members] : groups) {
    found.push_back({{}, fixed[group]});
    for (const size_t set : members) found.back().sets.push_back(std::move(sets[set]));
  }
  return found;
}

}  // namespace tuckerseg
