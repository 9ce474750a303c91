#include "compression/rank/allocation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compression/rank/budget.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

/// From one candidate of a layer to a dearer one.
struct Move {
  size_t layer = 0;
  size_t to = 0;
  double cost = 0;  ///< more
  double loss = 0;  ///< less
  double LossPerCost() const { return loss / cost; }
};

const RankCandidate& WholeOf(const LayerCandidates& layer) {
  const RankCandidate* whole = nullptr;
  for (const RankCandidate& candidate : layer.candidates) {
    if (!std::isfinite(candidate.loss) || !std::isfinite(candidate.cost) || candidate.loss < 0 || candidate.cost < 0) {
      throw Error(ErrorCode::kInvalidArgument, "layer " + layer.layer + ": losses and costs must be finite and not negative");
    }
    if (candidate.ranks) continue;
    if (whole != nullptr) throw Error(ErrorCode::kInvalidArgument, "layer " + layer.layer + ": must have one candidate that stays whole, not more");
    whole = &candidate;
  }
  if (whole == nullptr) throw Error(ErrorCode::kInvalidArgument, "layer " + layer.layer + ": must have a candidate that stays whole");
  return *whole;
}

/// Places of the candidates on the lower convex hull, from the cheapest on: losses descend, and so does the loss per cost of each step.
std::vector<size_t> LowerHull(const std::vector<RankCandidate>& candidates) {
  std::vector<size_t> order(candidates.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return candidates[a].cost != candidates[b].cost ? candidates[a].cost < candidates[b].cost : candidates[a].loss < candidates[b].loss;
  });
  const auto loss_per_cost = [&](size_t from, size_t to) {
    return (candidates[from].loss - candidates[to].loss) / (candidates[to].cost - candidates[from].cost);
  };
  std::vector<size_t> hull;
  for (const size_t place : order) {
    if (!hull.empty() && candidates[place].loss >= candidates[hull.back()].loss) continue;
    // The same quotients that the moves are sorted by: in another form of the test, roundings could put a layer's moves in another order.
    while (hull.size() > 1 && loss_per_cost(hull[hull.size() - 2], hull.back()) <= loss_per_cost(hull.back(), place)) hull.pop_back();
    hull.push_back(place);
  }
  return hull;
}

/// What is chosen of each layer, and what it comes to.
class Choice {
 public:
  Choice(const std::vector<LayerCandidates>& layers, double fixed_cost) : layers_(layers), chosen_(layers.size()), cost_(fixed_cost) {}

  void Start(size_t layer, size_t candidate) {
    chosen_[layer] = candidate;
    cost_ += At(layer).cost;
    loss_ += At(layer).loss;
  }
  void Make(const Move& move) {
    chosen_[move.layer] = move.to;
    cost_ += move.cost;
    loss_ -= move.loss;
  }
  double cost() const { return cost_; }
  double loss() const { return loss_; }
  const RankCandidate& At(size_t layer) const { return layers_[layer].candidates[chosen_[layer]]; }

  /// The move to less loss for at most `room` more cost that has the most loss per cost.
  std::optional<Move> BestMove(double room) const {
    std::optional<Move> best;
    for (size_t layer = 0; layer < layers_.size(); ++layer) {
      const RankCandidate& now = At(layer);
      for (size_t to = 0; to < layers_[layer].candidates.size(); ++to) {
        const RankCandidate& then = layers_[layer].candidates[to];
        const Move move{layer, to, then.cost - now.cost, now.loss - then.loss};
        if (move.loss <= 0 || move.cost > room) continue;
        if (move.cost <= 0) return move;
        if (!best || move.LossPerCost() > best->LossPerCost()) best = move;
      }
    }
    return best;
  }

  /// Sums anew: what was added and taken away step by step has roundings.
  Allocation Result(double fixed_cost, double least_loss) const {
    Allocation result{{}, 0, fixed_cost, least_loss};
    for (size_t layer = 0; layer < layers_.size(); ++layer) {
      const size_t network = layers_[layer].network;
      if (result.plans.size() <= network) result.plans.resize(network + 1);
      const RankCandidate& candidate = At(layer);
      if (candidate.ranks) result.plans[network][layers_[layer].layer] = *candidate.ranks;
      result.loss += candidate.loss;
      result.cost += candidate.cost;
    }
    return result;
  }

 private:
  const std::vector<LayerCandidates>& layers_;
  std::vector<size_t> chosen_;
  double cost_;
  double loss_ = 0;
};

/// Puts the cheapest candidates into `choice`; returns all moves along the hulls, those with the most loss per cost first.
std::vector<Move> MovesFromCheapest(const std::vector<LayerCandidates>& layers, Choice& choice) {
  std::vector<Move> moves;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    const std::vector<RankCandidate>& candidates = layers[layer].candidates;
    const std::vector<size_t> hull = LowerHull(candidates);
    choice.Start(layer, hull.front());
    for (size_t i = 1; i < hull.size(); ++i) {
      const RankCandidate& from = candidates[hull[i - 1]];
      const RankCandidate& to = candidates[hull[i]];
      moves.push_back({layer, hull[i], to.cost - from.cost, from.loss - to.loss});
    }
  }
  std::stable_sort(moves.begin(), moves.end(), [](const Move& a, const Move& b) { return a.LossPerCost() > b.LossPerCost(); });
  return moves;
}

/// What the network costs whole.
double WholeCost(const std::vector<LayerCandidates>& layers, double fixed_cost) {
  double whole = fixed_cost;
  for (const LayerCandidates& layer : layers) whole += WholeOf(layer).cost;
  return whole;
}

/// AllocateRanks among `layers`' candidates, the budget being a share of `whole`.
Allocation Allocate(const std::vector<LayerCandidates>& layers, double fixed_cost, double whole, double budget) {
  CheckBudget(budget);
  const double limit = budget * whole;
  const double room_for_roundings = 1e-12 * whole;  // a budget of 1 must hold what is summed in another order
  Choice choice(layers, fixed_cost);
  const std::vector<Move> moves = MovesFromCheapest(layers, choice);
  if (choice.cost() > limit + room_for_roundings) RefuseBudget(budget, choice.cost() / whole, "the least that the layers' candidates come to; a smaller grid allows less");
  auto move = moves.begin();
  while (move != moves.end() && choice.cost() + move->cost <= limit + room_for_roundings) choice.Make(*move++);
  // A part of the next move would use the budget up: no choice can do better than that.
  const double least_loss = choice.loss() - (move != moves.end() ? std::max(0.0, limit - choice.cost()) * move->LossPerCost() : 0);
  while (const std::optional<Move> fill = choice.BestMove(limit + room_for_roundings - choice.cost())) choice.Make(*fill);
  return choice.Result(fixed_cost, std::max(0.0, least_loss));
}

/// The candidates that `smaller` can be cut out of.
std::vector<LayerCandidates> Containing(const Allocation& smaller, const std::vector<LayerCandidates>& layers) {
  std::vector<LayerCandidates> containing;
  for (const LayerCandidates& layer : layers) {
    const RankPlan& plan = smaller.plans[layer.network];
    const auto least = plan.find(layer.layer);
    LayerCandidates left{layer.network, layer.layer, {}};
    for (const RankCandidate& candidate : layer.candidates) {
      const bool contains = least == plan.end() ? !candidate.ranks : candidate.ranks && candidate.ranks->in >= least->second.in && candidate.ranks->out >= least->second.out;
      if (contains) left.candidates.push_back(candidate);
    }
    containing.push_back(std::move(left));
  }
  return containing;
}

}  // namespace

Allocation AllocateRanks(const std::vector<LayerCandidates>& layers, double fixed_cost, double budget) {
  return Allocate(layers, fixed_cost, WholeCost(layers, fixed_cost), budget);
}

std::vector<Allocation> AllocateNestedRanks(const std::vector<LayerCandidates>& layers, double fixed_cost, const std::vector<double>& budgets) {
  for (size_t i = 1; i < budgets.size(); ++i)
    if (!(budgets[i] < budgets[i - 1])) throw Error(ErrorCode::kInvalidArgument, "budgets: must descend, from the largest level to the smallest");
  const double whole = WholeCost(layers, fixed_cost);
  std::vector<Allocation> allocations(budgets.size());
  std::vector<LayerCandidates> left = layers;
  for (size_t i = budgets.size(); i-- > 0;) {
    allocations[i] = Allocate(left, fixed_cost, whole, budgets[i]);
    left = Containing(allocations[i], left);
  }
  return allocations;
}

std::vector<ParetoPoint> ParetoFront(const std::vector<LayerCandidates>& layers, double fixed_cost) {
  for (const LayerCandidates& layer : layers) WholeOf(layer);
  Choice choice(layers, fixed_cost);
  const std::vector<Move> moves = MovesFromCheapest(layers, choice);
  std::vector<ParetoPoint> front{{std::numeric_limits<double>::infinity(), choice.cost(), choice.loss()}};
  for (const Move& move : moves) {
    choice.Make(move);
    front.push_back({move.LossPerCost(), choice.cost(), choice.loss()});
  }
  return front;
}

}  // namespace tuckerseg
