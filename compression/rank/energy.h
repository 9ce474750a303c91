/// Ranks by energy: as many singular values of each mode as hold a share of their squares.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "compression/rank/rank_pair.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Singular values, descending, of a weight's two mode unfoldings: as many as there are channels, or fewer where the others are zero.
struct ModeSpectra {
  std::vector<double> in;
  std::vector<double> out;
};

/// The smallest rank, at least 1, that keeps the share `energy`; values whose squares come to 1e-12 of the sum count as none.
/// Errors: kInvalidArgument for an energy outside (0, 1], values that do not descend; kDataLoss for values that are not finite.
int64_t RankForEnergy(std::span<const double> singular_values, double energy);

/// Ranks of every layer that `spectra` names, in each mode the smallest that keeps the share, put on the grid.
/// By the guarantee of truncated HOSVD a layer's squared error is then at most 2 (1 - energy) of its weight's squared norm.
/// Errors: as RankForEnergy, naming the layer; kInvalidArgument for a layer that cannot be decomposed or has fewer channels than values.
RankPlan RanksForEnergy(const LayerGraph& graph, const std::map<std::string, ModeSpectra>& spectra, double energy, int64_t grid = 1);

}  // namespace tuckerseg
