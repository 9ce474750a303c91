#include "compression/calibrate/sensitivity.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "compression/calibrate/layerwise.h"
#include "compression/calibrate/logit_probe.h"
#include "compression/rank/pays.h"
#include "compression/rank/rewrite.h"
#include "engine/execute/torch/torch_errors.h"

namespace tuckerseg {
namespace {

constexpr size_t kMostRanksOfAMode = 10;
constexpr int64_t kMostUnknowns = 4096;  // of a regression: 128 MB a matrix. Layers as wide as that lose nothing long before
constexpr std::array<double, 3> kMeasuredShares{0.02, 0.08, 0.3};  // of output variance lost: where the divergence is measured
constexpr double kLeastShare = 1e-6;

/// At most kMostRanksOfAMode values of a sorted list, evenly in logarithms, the ends among them.
std::vector<int64_t> Thinned(const std::vector<int64_t>& ranks) {
  if (ranks.size() <= kMostRanksOfAMode) return ranks;
  std::vector<int64_t> thin;
  const double ratio = std::log(static_cast<double>(ranks.back()) / static_cast<double>(ranks.front()));
  for (size_t i = 0; i < kMostRanksOfAMode; ++i) {
    const double wanted = static_cast<double>(ranks.front()) * std::exp(ratio * static_cast<double>(i) / (kMostRanksOfAMode - 1));
    const auto nearest = std::min_element(ranks.begin(), ranks.end(), [wanted](int64_t a, int64_t b) {
      return std::abs(static_cast<double>(a) - wanted) < std::abs(static_cast<double>(b) - wanted);
    });
    if (thin.empty() || thin.back() != *nearest) thin.push_back(*nearest);
  }
  return thin;
}

struct Candidate {
  RankPair ranks;
  double share = 0;  // of output variance lost
  double cost = 0;
};

/// Pairs that pay and can be fitted, thinned in both modes.
std::vector<RankPair> PairsOf(const Layer& layer, const Size3& input_shape, int64_t grid) {
  std::vector<RankPair> all = RanksThatPay(layer, input_shape, grid);
  const int64_t taps = IsTransposed(layer.kind) ? 1 : layer.kernel[0] * layer.kernel[1] * layer.kernel[2];
  std::erase_if(all, [taps](const RankPair& pair) { return pair.in * taps > kMostUnknowns; });
  std::vector<int64_t> ins, outs;
  for (const RankPair& pair : all) {
    ins.push_back(pair.in);
    outs.push_back(pair.out);
  }
  for (auto* ranks : {&ins, &outs}) {
    std::sort(ranks->begin(), ranks->end());
    ranks->erase(std::unique(ranks->begin(), ranks->end()), ranks->end());
    *ranks = Thinned(*ranks);
  }
  std::vector<RankPair> pairs;
  for (const RankPair& pair : all)
    if (std::binary_search(ins.begin(), ins.end(), pair.in) && std::binary_search(outs.begin(), outs.end(), pair.out)) pairs.push_back(pair);
  return pairs;
}

/// Those that no other candidate beats in both cost and share, by ascending cost.
std::vector<Candidate> Undominated(std::vector<Candidate> candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return std::pair(a.cost, a.share) < std::pair(b.cost, b.share); });
  std::vector<Candidate> front;
  for (const Candidate& candidate : candidates)
    if (front.empty() || candidate.share < front.back().share) front.push_back(candidate);
  return front;
}

/// The divergence at shares that were not measured.
class DivergenceCurve {
 public:
  /// Where a larger share diverges less than a smaller one, which is chance, it gets as much.
  void Put(double share, double divergence) {
    points_[std::max(share, kLeastShare)] = std::max(divergence, 0.0);
    double most = 0;
    for (auto& [x, y] : points_) y = most = std::max(most, y);
  }
  double At(double share) const {
    const double x = std::max(share, kLeastShare);
    const auto above = points_.lower_bound(x);
    if (above == points_.end()) return std::prev(above)->second * x / std::prev(above)->first;
    if (above == points_.begin() || above->first == x) return above->second * x / above->first;
    const auto below = std::prev(above);
    if (below->second <= 0 || above->second <= 0) return below->second + (above->second - below->second) * (x - below->first) / (above->first - below->first);
    const double part = std::log(x / below->first) / std::log(above->first / below->first);
    return std::exp(std::log(below->second) + part * std::log(above->second / below->second));
  }

 private:
  std::map<double, double> points_;
};

class Measurement {
 public:
  Measurement(const LayerGraph& original, const Parameters& parameters, const std::vector<at::Tensor>& patches, const LayerCost& cost,
              const SensitivityOptions& options)
      : original_(original), graph_(original, false), parameters_(parameters), cost_(cost), options_(options), features_(patches.size()) {
    for (size_t p = 0; p < patches.size(); ++p) {
      features_[p].resize(original.layers.size());
      features_[p][0] = patches[p];
      if (static_cast<int64_t>(p) >= options.probe_patches) continue;
      probes_.emplace_back(graph_.Forward(parameters, patches[p], Precision::kFloat32).front(), options.regions, options.fit.seed + p);
    }
  }

  Sensitivities Run(const SensitivitySink& told) {
    const std::vector<Size3> shapes = FeatureShapes(original_, options_.patch);
    Sensitivities result;
    size_t done = 0;
    const auto total = static_cast<size_t>(std::count_if(original_.layers.begin(), original_.layers.end(), [](const Layer& l) { return CanBeDecomposed(l.kind); }));
    for (size_t i = 1; i < original_.layers.size(); ++i) {
      const Layer& layer = original_.layers[i];
      const Size3& input_shape = shapes[static_cast<size_t>(layer.inputs.front())];
      for (auto& features : features_) features[i] = graph_.RunLayer(i, parameters_, features, Precision::kFloat32);
      const double whole = cost_(layer, input_shape);
      std::vector<RankPair> pairs;
      if (CanBeDecomposed(layer.kind)) pairs = PairsOf(layer, input_shape, options_.grid);
      if (pairs.empty()) {
        result.fixed_cost += whole;
      } else {
        result.layers.push_back(CandidatesOf(i, pairs, input_shape, whole));
      }
      if (CanBeDecomposed(layer.kind) && told) told(++done, total, layer.name);
      Release(i);
    }
    return result;
  }

 private:
  LayerCandidates CandidatesOf(size_t place, const std::vector<RankPair>& pairs, const Size3& input_shape, double whole) {
    const Layer& layer = original_.layers[place];
    std::vector<at::Tensor> inputs, targets;
    for (const auto& features : features_) {
      inputs.push_back(features[static_cast<size_t>(layer.inputs.front())]);
      targets.push_back(features[place]);
    }
    const LayerActivations activations = ActivationsOf(original_, place, parameters_, std::move(inputs), std::move(targets));
    const int64_t most = std::max_element(pairs.begin(), pairs.end(), [](const RankPair& a, const RankPair& b) { return a.in < b.in; })->in;
    const LayerFit fit(layer, parameters_.at(layer.name + ".weight"), activations, most, options_.fit);
    std::vector<Candidate> candidates;
    std::map<int64_t, std::vector<double>> errors;
    for (const RankPair& pair : pairs) {
      if (!errors.contains(pair.in)) errors[pair.in] = fit.Errors(pair.in);
      const double share = errors[pair.in][static_cast<size_t>(pair.out - 1)];
      const double price = cost_(InTuckerForm(layer, pair), input_shape);
      if (price < whole) candidates.push_back({pair, share, price});
    }
    candidates = Undominated(std::move(candidates));
    LayerCandidates result{0, layer.name, {{std::nullopt, 0, whole}}};
    if (candidates.empty()) return result;
    const DivergenceCurve curve = Measured(place, fit, candidates);
    for (const Candidate& candidate : candidates) result.candidates.push_back({candidate.ranks, curve.At(candidate.share), candidate.cost});
    return result;
  }

  DivergenceCurve Measured(size_t place, const LayerFit& fit, const std::vector<Candidate>& candidates) const {
    DivergenceCurve curve;
    std::vector<RankPair> done;
    for (const double wanted : kMeasuredShares) {
      const Candidate& nearest = *std::min_element(candidates.begin(), candidates.end(), [wanted](const Candidate& a, const Candidate& b) {
        return std::abs(std::log(std::max(a.share, kLeastShare) / wanted)) < std::abs(std::log(std::max(b.share, kLeastShare) / wanted));
      });
      if (std::find(done.begin(), done.end(), nearest.ranks) != done.end()) continue;
      done.push_back(nearest.ranks);
      curve.Put(nearest.share, Divergence(place, fit.Fit(nearest.ranks)));
    }
    return curve;
  }

  /// Of the answers if the layer at `place` alone were in this form; mean over the probed patches.
  double Divergence(size_t place, const FittedLayer& fitted) const {
    const Layer& layer = original_.layers[place];
    const TrainableGraph changed(WithRanks(original_, {{layer.name, {fitted.form.rank_in(), fitted.form.rank_out()}}}), false);
    Parameters parameters = parameters_;
    PutFitted(changed.graph().layers[place], fitted, parameters);
    double sum = 0;
    for (size_t p = 0; p < probes_.size(); ++p) {
      std::vector<at::Tensor> features = features_[p];
      for (size_t i = place; i < original_.layers.size(); ++i) {
        features[i] = changed.RunLayer(i, parameters, features, Precision::kFloat32);
        for (const int input : original_.layers[i].inputs)
          if (graph_.LastUse(static_cast<size_t>(input)) == i) features[static_cast<size_t>(input)].reset();
      }
      sum += probes_[p].Divergence(features.back());
    }
    return sum / static_cast<double>(probes_.size());
  }

  void Release(size_t place) {
    for (const int input : original_.layers[place].inputs)
      if (graph_.LastUse(static_cast<size_t>(input)) == place)
        for (auto& features : features_) features[static_cast<size_t>(input)].reset();
  }

  const LayerGraph& original_;
  TrainableGraph graph_;
  const Parameters& parameters_;
  const LayerCost& cost_;
  const SensitivityOptions& options_;
  std::vector<std::vector<at::Tensor>> features_;  // [patch][place], of the original
  std::vector<LogitProbe> probes_;
};

}  // namespace

Sensitivities MeasureSensitivities(const LayerGraph& original, const Parameters& parameters, const std::vector<at::Tensor>& patches, const LayerCost& cost,
                                   const SensitivityOptions& options, const SensitivitySink& told) {
  return WithTorchErrors("calibration: must be fewer or smaller patches", [&] {
    const at::NoGradGuard no_gradients;
    return Measurement(original, parameters, patches, cost, options).Run(told);
  });
}

}  // namespace tuckerseg
