#include "compression/calibrate/layer_fit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string>

#include "compression/calibrate/layer_samples.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr int64_t kTapSamples = 2000;       // voxels for the covariance of taps, which has at most a few hundred unknowns
constexpr int64_t kSamplesForAnUnknown = 4;
constexpr int64_t kHeldOutEvery = 4;        // patches; of a single one, voxels
constexpr double kLeastVariance = 1e-12;  // channels that never change divide by it
constexpr double kJitter = 1e-6;            // of the mean variance: covariances of dead channels are singular
constexpr std::array<double, 4> kRidges{1e-3, 1e-2, 1e-1, 1.0};

int64_t Product(const Size3& size) { return size[0] * size[1] * size[2]; }

Size3 ShapeOf(const at::Tensor& feature) { return {feature.size(2), feature.size(3), feature.size(4)}; }

/// The lower factor of a covariance with as little added to its diagonal as makes it positive definite: sums in float32 round, and channels
/// that are dead or follow from others make it singular.
at::Tensor Cholesky(const at::Tensor& covariance) {
  const double mean = std::max(covariance.diagonal().mean().item<double>(), kLeastVariance);
  for (double jitter = kJitter; jitter < 1; jitter *= 10) {
    at::Tensor raised = covariance.clone();
    raised.diagonal().add_(jitter * mean);
    auto [factor, info] = at::linalg_cholesky_ex(raised);
    if (info.item<int>() == 0) return factor;
  }
  throw Error(ErrorCode::kInternal, "calibration: a covariance is not positive definite: must be of activations that are finite");
}

/// Eigenvectors in columns, the largest eigenvalue first; each vector's largest entry is positive.
at::Tensor LeadingVectors(const at::Tensor& symmetric) {
  const at::Tensor vectors = std::get<1>(at::linalg_eigh(symmetric)).flip({1});
  const at::Tensor largest = vectors.gather(0, vectors.abs().argmax(0, /*keepdim=*/true));
  return vectors * at::where(largest < 0, -1.0, 1.0).to(at::kDouble);
}

/// Second moments of channels over the voxels of all patches; `centred`: each patch about its own mean.
at::Tensor ChannelCovariance(const std::vector<at::Tensor>& features, bool centred) {
  at::Tensor sum = at::zeros({features.front().size(1), features.front().size(1)}, at::kDouble);
  int64_t count = 0;
  for (const at::Tensor& feature : features) {
    const at::Tensor flat = feature[0].reshape({feature.size(1), -1});
    const at::Tensor values = centred ? flat - flat.mean(1, /*keepdim=*/true) : flat;
    sum += at::matmul(values, values.t()).to(at::kDouble);
    count += flat.size(1);
  }
  return sum / static_cast<double>(count);
}

/// Covariance of taps, pooled over channels that are divided by their deviations.
at::Tensor TapCovariance(const Layer& layer, const std::vector<at::Tensor>& inputs, uint64_t seed) {
  const int64_t taps = Product(layer.kernel);
  at::Tensor sum = at::zeros({taps, taps}, at::kDouble);
  const int64_t each = std::max<int64_t>(1, kTapSamples / static_cast<int64_t>(inputs.size()));
  for (size_t p = 0; p < inputs.size(); ++p) {
    Size3 shape = ShapeOf(inputs[p]);
    for (size_t a = 0; a < 3; ++a) shape[a] = (shape[a] + layer.stride[a] - 1) / layer.stride[a];
    const at::Tensor x = GatherTaps(inputs[p], layer, SamplePlaces(shape, each, seed + p)).view({-1, layer.in_channels, taps});
    const at::Tensor centred = x - x.mean(at::IntArrayRef{0, 2}, /*keepdim=*/true);
    const at::Tensor scaled = centred / (centred.square().mean(at::IntArrayRef{0, 2}, /*keepdim=*/true).sqrt() + 1e-12);
    const at::Tensor rows = scaled.reshape({-1, taps});
    sum += at::matmul(rows.t(), rows).to(at::kDouble) / static_cast<double>(rows.size(0));
  }
  return sum / static_cast<double>(inputs.size());
}

/// [out, in, taps] whatever the layout on disk, float64.
at::Tensor Canonical(const Layer& layer, const at::Tensor& weight) {
  const at::Tensor flat = weight.to(at::kDouble).flatten(2);
  return IsTransposed(layer.kind) ? flat.transpose(0, 1).contiguous() : flat;
}

Matrix ToMatrix(const at::Tensor& tensor) {
  const at::Tensor rows = tensor.contiguous();
  return Eigen::Map<const Matrix>(rows.const_data_ptr<double>(), rows.size(0), rows.size(1));
}

void RequireFinite(const std::string& layer, const at::Tensor& value) {
  if (!at::isfinite(value).all().item<bool>()) throw Error(ErrorCode::kInternal, "layer " + layer + ": calibration gives a number that is not finite");
}

}  // namespace

void LayerFit::Moments::Add(const at::Tensor& z, const at::Tensor& y, const at::Tensor& deviation, const at::Tensor& origin) {
  // z: [n, unknowns], y: [blocks, n, out]. The sums of a patch are exact enough in float32; over patches they are added in float64.
  const at::Tensor z_mean = z.mean(0, /*keepdim=*/true);
  const at::Tensor y_mean = y.mean(at::IntArrayRef{0, 1}, /*keepdim=*/true);
  const at::Tensor z_centred = origin.defined() ? z : z - z_mean;
  const at::Tensor y_centred = (y - (origin.defined() ? origin.view({1, 1, -1}) : y_mean)) / deviation.to(at::kFloat);
  const auto n = static_cast<double>(z.size(0));
  const at::Tensor zz = at::matmul(z_centred.t(), z_centred).to(at::kDouble);
  const at::Tensor zy = at::matmul(z_centred.t(), y_centred).permute({1, 0, 2}).to(at::kDouble);
  const at::Tensor z_sum = z_mean.view({-1}).to(at::kDouble) * n;
  const at::Tensor y_sum = y_mean.view({-1}).to(at::kDouble) * n;
  variance += y_centred.square().sum(at::kDouble).item<double>();
  count += n;
  inputs = inputs.defined() ? inputs.add_(zz) : zz;
  cross = cross.defined() ? cross.add_(zy) : zy.contiguous();
  in_mean = in_mean.defined() ? in_mean.add_(z_sum) : z_sum;
  out_mean = out_mean.defined() ? out_mean.add_(y_sum) : y_sum;
}

void LayerFit::Moments::Finish() {
  if (count == 0) return;
  inputs.div_(count);
  cross.div_(count);
  in_mean.div_(count);
  out_mean.div_(count);
  variance /= count;
}

LayerFit::Moments LayerFit::Moments::Joined(const Moments& a, const Moments& b) {
  if (b.count == 0) return a;
  const double count = a.count + b.count;
  const auto mean = [&](const at::Tensor& x, const at::Tensor& y) { return (x * a.count + y * b.count) / count; };
  return {mean(a.inputs, b.inputs), mean(a.cross, b.cross), mean(a.in_mean, b.in_mean), mean(a.out_mean, b.out_mean),
          (a.variance * a.count + b.variance * b.count) / count, count};
}

LayerFit::LayerFit(const Layer& layer, const at::Tensor& weight, const LayerActivations& activations, int64_t most_rank_in, const LayerFitOptions& options)
    : layer_(layer),
      most_rank_in_(most_rank_in),
      taps_(IsTransposed(layer.kind) ? 1 : Product(layer.kernel)),
      blocks_(IsTransposed(layer.kind) ? Product(layer.kernel) : 1),
      centred_(blocks_ == 1 && (layer.bias || activations.normalised)) {
  if (layer.kind != LayerKind::kConvolution && layer.kind != LayerKind::kTransposedConvolution) {
    throw Error(ErrorCode::kInvalidArgument, "layer " + layer.name + ": must be a convolution, plain or transposed");
  }
  if (most_rank_in < 1 || most_rank_in > layer.in_channels) {
    throw Error(ErrorCode::kInvalidArgument, "layer " + layer.name + ": rank_in = " + std::to_string(most_rank_in) + ": must be in [1, " + std::to_string(layer.in_channels) + "]");
  }
  GatherBasis(activations, weight, options);
  GatherMoments(activations, options);
}

void LayerFit::GatherBasis(const LayerActivations& activations, const at::Tensor& weight, const LayerFitOptions& options) {
  const at::Tensor covariance = ChannelCovariance(activations.inputs, centred_);
  RequireFinite(layer_.name, covariance);
  deviation_ = at::ones({layer_.out_channels}, at::kDouble);
  if (activations.normalised) {
    const at::Tensor variance = ChannelCovariance(activations.targets, true).diagonal();
    deviation_ = (variance + kJitter * variance.mean()).clamp_min(kLeastVariance).sqrt();
  }
  const at::Tensor kernel = Canonical(layer_, weight) / deviation_.view({-1, 1, 1});  // [out, in, taps]
  const at::Tensor channels = Cholesky(covariance);
  at::Tensor seen = kernel;
  if (taps_ > 1) seen = at::matmul(kernel, Cholesky(TapCovariance(layer_, activations.inputs, options.seed)));
  const at::Tensor whitened = at::matmul(channels.t(), seen.permute({1, 0, 2}).reshape({layer_.in_channels, -1}));
  const at::Tensor basis = LeadingVectors(at::matmul(whitened, whitened.t())).slice(1, 0, most_rank_in_);
  project_ = at::linalg_solve_triangular(channels.t(), basis, /*upper=*/true);
  // The best guess of x from z: x ~ covariance A z, as A's columns are orthonormal in the covariance.
  const at::Tensor back = at::matmul(channels, basis);                                          // [in, rank]
  const at::Tensor through = at::matmul(kernel.permute({0, 2, 1}), back);                       // [out, taps, rank]
  prior_ = blocks_ == 1 ? through.permute({2, 1, 0}).reshape({-1, 1, layer_.out_channels})      // [(rank, tap), 1, out]
                        : through.permute({2, 1, 0}).contiguous();                              // [rank, block, out]
}

void LayerFit::GatherMoments(const LayerActivations& activations, const LayerFitOptions& options) {
  const auto patches = static_cast<int64_t>(activations.inputs.size());
  const int64_t wanted = std::max(options.samples, kSamplesForAnUnknown * most_rank_in_ * taps_);
  const int64_t each = (wanted + patches - 1) / patches;
  const at::Tensor factor = project_.t().to(at::kFloat).contiguous();
  for (int64_t p = 0; p < patches; ++p) {
    const at::Tensor& input = activations.inputs[static_cast<size_t>(p)];
    const at::Tensor& target = activations.targets[static_cast<size_t>(p)];
    const at::Tensor narrow = at::matmul(factor, input[0].reshape({input.size(1), -1})).view({1, most_rank_in_, input.size(2), input.size(3), input.size(4)});
    const SampledPlaces places = SamplePlaces(ShapeOf(blocks_ == 1 ? target : input), each, options.seed + static_cast<uint64_t>(p));
    const at::Tensor z = blocks_ == 1 ? GatherTaps(narrow, layer_, places) : GatherVoxels(narrow, places);
    const at::Tensor y = blocks_ == 1 ? GatherVoxels(target, places).unsqueeze(0) : GatherBlocks(target, layer_, places);
    AddPatch(z, y, centred_ ? at::Tensor() : activations.bias, p, patches);
  }
  train_.Finish();
  held_out_.Finish();
  RequireFinite(layer_.name, train_.inputs);
  RequireFinite(layer_.name, train_.cross);
}

void LayerFit::AddPatch(const at::Tensor& z, const at::Tensor& y, const at::Tensor& origin, int64_t patch, int64_t patches) {
  if (patches > 1) {
    // The last of each group, so that there is something to train on whatever the number of patches.
    const bool held_out = patch % kHeldOutEvery == kHeldOutEvery - 1 || (patches < kHeldOutEvery && patch == patches - 1);
    (held_out ? held_out_ : train_).Add(z, y, deviation_, origin);
    return;
  }
  const at::Tensor out = at::arange(z.size(0)).remainder(kHeldOutEvery) == kHeldOutEvery - 1;
  for (const bool held_out : {false, true}) {
    const at::Tensor places = (held_out ? out : out.logical_not()).nonzero().view({-1});
    if (places.size(0) > 0) (held_out ? held_out_ : train_).Add(z.index_select(0, places), y.index_select(1, places), deviation_, origin);
  }
}

LayerFit::Moments LayerFit::Leading(const Moments& moments, int64_t rank_in) const {
  const int64_t unknowns = rank_in * taps_;
  return {moments.inputs.slice(0, 0, unknowns).slice(1, 0, unknowns), moments.cross.slice(0, 0, unknowns), moments.in_mean.slice(0, 0, unknowns),
          moments.out_mean, moments.variance, moments.count};
}

LayerFit::Regression LayerFit::Regress(const Moments& moments, int64_t rank_in, double ridge) const {
  const int64_t unknowns = rank_in * taps_;
  const double strength = ridge * std::max(moments.inputs.diagonal().mean().item<double>(), kLeastVariance);
  at::Tensor left = moments.inputs.clone();
  left.diagonal().add_(strength);
  const at::Tensor right = (moments.cross + prior_.slice(0, 0, unknowns) * strength).reshape({unknowns, -1});
  const at::Tensor map = at::cholesky_solve(right, Cholesky(left)).view({unknowns, blocks_, layer_.out_channels});
  Regression regression{map, {}};
  // What the outputs' projection on U explains is trace(U^T E U), E = sum over blocks of C^T G + G^T C - G^T S G: with a ridge too.
  at::Tensor explained = at::zeros({layer_.out_channels, layer_.out_channels}, at::kDouble);
  for (int64_t b = 0; b < blocks_; ++b) {
    const at::Tensor g = map.select(1, b);
    const at::Tensor c = moments.cross.select(1, b);
    const at::Tensor cg = at::matmul(c.t(), g);
    explained += cg + cg.t() - at::matmul(g.t(), at::matmul(moments.inputs, g));
  }
  regression.vectors = LeadingVectors(explained);
  return regression;
}

std::vector<double> LayerFit::ErrorsOf(const Regression& regression, const Moments& held_out) const {
  at::Tensor gained = at::zeros({layer_.out_channels}, at::kDouble);
  for (int64_t b = 0; b < blocks_; ++b) {
    const at::Tensor g = at::matmul(regression.map.select(1, b), regression.vectors);          // [unknowns, out]
    const at::Tensor c = at::matmul(held_out.cross.select(1, b), regression.vectors);
    gained += 2 * (c * g).sum(0) - (g * at::matmul(held_out.inputs, g)).sum(0);
  }
  // Above 1 where the fit does harm: two harmful ridges can still be told apart.
  const at::Tensor errors = (1 - gained.cumsum(0) / std::max(held_out.variance, kLeastVariance)).clamp_min(0).contiguous();
  return {errors.const_data_ptr<double>(), errors.const_data_ptr<double>() + errors.numel()};
}

std::pair<double, std::vector<double>> LayerFit::BestRidge(RankPair ranks, const Moments& train, const Moments& held_out) const {
  std::pair<double, std::vector<double>> best;
  for (const double ridge : kRidges) {
    std::vector<double> errors = ErrorsOf(Regress(train, ranks.in, ridge), held_out.count > 0 ? held_out : train);
    const auto place = static_cast<size_t>(ranks.out - 1);
    if (best.second.empty() || errors[place] < best.second[place]) best = {ridge, std::move(errors)};
  }
  for (double& error : best.second) error = std::min(error, 1.0);
  return best;
}

std::vector<double> LayerFit::Errors(int64_t rank_in) const {
  const Moments held_out = held_out_.count > 0 ? Leading(held_out_, rank_in) : held_out_;
  return BestRidge({rank_in, layer_.out_channels}, Leading(train_, rank_in), held_out).second;
}

FittedLayer LayerFit::Fit(RankPair ranks) const {
  if (ranks.in < 1 || ranks.in > most_rank_in_ || ranks.out < 1 || ranks.out > layer_.out_channels) {
    throw Error(ErrorCode::kInvalidArgument, "layer " + layer_.name + ": ranks " + std::to_string(ranks.in) + ", " + std::to_string(ranks.out) + ": must be in [1, " +
                                                 std::to_string(most_rank_in_) + "] and [1, " + std::to_string(layer_.out_channels) + "]");
  }
  const Moments train = Leading(train_, ranks.in);
  const Moments held_out = held_out_.count > 0 ? Leading(held_out_, ranks.in) : held_out_;
  const auto [ridge, errors] = BestRidge(ranks, train, held_out);
  const Moments all = Moments::Joined(train, held_out);
  const Regression regression = Regress(all, ranks.in, ridge);
  const at::Tensor directions = regression.vectors.slice(1, 0, ranks.out);                       // [out, rank_out]
  const at::Tensor core = at::matmul(regression.map, directions);                                // [unknowns, blocks, rank_out]
  const at::Tensor out_factor = directions * deviation_.unsqueeze(1);
  FittedLayer fitted;
  // [(b, t), 1, o] or [b, t, o] both flatten to columns b * taps + t.
  fitted.form = {ToMatrix(core.reshape({-1, ranks.out}).t()), ToMatrix(out_factor), ToMatrix(project_.slice(1, 0, ranks.in))};
  const at::Tensor shift = at::matmul(at::matmul(core.mean(1).t(), all.in_mean.unsqueeze(1)).t(), out_factor.t()).view({-1});
  const at::Tensor bias = (all.out_mean - shift).contiguous();
  fitted.bias = Eigen::Map<const Vector>(bias.const_data_ptr<double>(), bias.size(0));
  fitted.error = errors[static_cast<size_t>(ranks.out - 1)];
  return fitted;
}

}  // namespace tuckerseg
