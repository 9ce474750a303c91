/// Ranks by layer: the least loss that a budget can buy, over all layers together.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "compression/rank/rank_pair.h"

namespace tuckerseg {

/// One form that a layer can take. Losses and costs add up over layers; their units are the caller's (multiply-adds, seconds).
struct RankCandidate {
  std::optional<RankPair> ranks;  ///< nothing: the layer stays whole
  double loss = 0;
  double cost = 0;
};

/// A layer's candidates, in any order; exactly one of them leaves it whole.
struct LayerCandidates {
  size_t network = 0;  ///< place of the layer's network, where several share a budget
  std::string layer;
  std::vector<RankCandidate> candidates;
};

/// A choice for every layer.
struct Allocation {
  std::vector<RankPlan> plans;  ///< by network; layers that stay whole are not named
  double loss = 0;
  double cost = 0;              ///< with what no layer can change
  double least_loss = 0;        ///< no choice within the budget has a smaller loss
};

/// The choice with the least summed loss among those that cost at most `budget` (a share) of what the network costs whole: `fixed_cost`,
/// which nothing changes, and all layers' candidates that stay whole.
///
/// Lagrangian relaxation: only the lower convex hull of a layer's candidates in (cost, loss) can be least in loss + multiplier * cost, so
/// that the multipliers at which a choice changes are the slopes of the hulls: all are visited, in order, instead of bisected. What the
/// best of these choices leaves of the budget is filled by single moves, the most loss per cost first, hull or not.
/// Guarantee: least_loss <= the optimum <= loss, and loss - least_loss is at most the loss of one move along one layer's hull: nothing where
/// the budget meets a choice of the front exactly, little where a layer has many candidates.
/// Deterministic; equal moves are made in the order of `layers`. Cost: sorting, then layers * candidates for each move of the filling.
/// Errors: kInvalidArgument for a budget outside (0, 1], a layer without exactly one candidate that stays whole, losses or costs that are
/// negative or not finite; for a budget below the cheapest candidates' cost, naming the least share.
Allocation AllocateRanks(const std::vector<LayerCandidates>& layers, double fixed_cost, double budget);

/// Choices for budgets that descend, each of which can be cut out of the one before: the levels of an elastic variant. The smallest is chosen
/// as by AllocateRanks, each larger one among the candidates whose ranks are nowhere below the smaller one's: a layer that is whole there
/// stays whole, one in Tucker form stays in it. No choice costs more than its budget. `least_loss` is that of the candidates left to it.
/// Errors: as AllocateRanks; kInvalidArgument for budgets that do not descend.
std::vector<Allocation> AllocateNestedRanks(const std::vector<LayerCandidates>& layers, double fixed_cost, const std::vector<double>& budgets);

/// A choice that is best at some multiplier.
struct ParetoPoint {
  double multiplier = 0;  ///< the largest at which it is best: the loss per cost of the move that led to it; infinite for the first
  double cost = 0;
  double loss = 0;
};

/// All choices of the Lagrangian, from the cheapest to the dearest: costs ascend, losses descend, multipliers do not ascend. No choice
/// whatsoever lies below the line that joins them. Errors: as AllocateRanks, but for the budget.
std::vector<ParetoPoint> ParetoFront(const std::vector<LayerCandidates>& layers, double fixed_cost);

}  // namespace tuckerseg
