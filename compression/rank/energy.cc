#include "compression/rank/energy.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <sstream>

#include "compression/rank/level.h"
#include "compression/rank/rewrite.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

/// Summed from the smallest up: a tail of tiny values is not lost in the sum of the large ones.
double SquaresFrom(std::span<const double> singular_values, int64_t first) {
  double sum = 0;
  for (auto i = static_cast<int64_t>(singular_values.size()); i-- > first;) {
    const double value = singular_values[static_cast<size_t>(i)];
    sum += value * value;
  }
  return sum;
}

void CheckEnergy(double energy) {
  if (energy > 0 && energy <= 1) return;
  std::ostringstream text;
  text << "energy = " << energy << ": must be in (0, 1]";
  throw Error(ErrorCode::kInvalidArgument, text.str());
}

void CheckValues(std::span<const double> singular_values) {
  const auto is_wrong = [](double value) { return !std::isfinite(value) || value < 0; };
  if (std::any_of(singular_values.begin(), singular_values.end(), is_wrong)) {
    throw Error(ErrorCode::kDataLoss, "singular values: must be finite and not negative");
  }
  if (singular_values.empty() || !std::is_sorted(singular_values.begin(), singular_values.end(), std::greater<>())) {
    throw Error(ErrorCode::kInvalidArgument, "singular values: must be there and descend");
  }
}

int64_t ModeRank(std::span<const double> singular_values, int64_t channels, double energy, int64_t grid) {
  if (static_cast<int64_t>(singular_values.size()) > channels) {
    throw Error(ErrorCode::kInvalidArgument, std::to_string(singular_values.size()) + " singular values: must not be more than the " +
                                                 std::to_string(channels) + " channels");
  }
  return OnGrid(RankForEnergy(singular_values, energy), grid, channels);
}

}  // namespace

int64_t RankForEnergy(std::span<const double> singular_values, double energy) {
  CheckEnergy(energy);
  CheckValues(singular_values);
  constexpr double kRoundings = 1e-12;
  const double may_be_lost = (1 - energy + kRoundings) * SquaresFrom(singular_values, 0);
  auto rank = static_cast<int64_t>(singular_values.size());
  double lost = 0;
  while (rank > 1) {
    const double value = singular_values[static_cast<size_t>(rank - 1)];
    lost += value * value;
    if (lost > may_be_lost) break;
    --rank;
  }
  return rank;
}

RankPlan RanksForEnergy(const LayerGraph& graph, const std::map<std::string, ModeSpectra>& spectra, double energy, int64_t grid) {
  CheckEnergy(energy);
  RankPlan plan;
  for (const auto& [name, modes] : spectra) {
    const auto layer = std::find_if(graph.layers.begin(), graph.layers.end(), [&name = name](const Layer& l) { return l.name == name; });
    if (layer == graph.layers.end() || !CanBeDecomposed(layer->kind)) {
      throw Error(ErrorCode::kInvalidArgument, "layer " + name + ": must be a convolution of the graph that is whole");
    }
    try {
      plan[name] = {ModeRank(modes.in, layer->in_channels, energy, grid), ModeRank(modes.out, layer->out_channels, energy, grid)};
    } catch (const Error& error) {
      throw Error(error.code(), "layer " + name + ": " + error.what());
    }
  }
  return plan;
}

}  // namespace tuckerseg
