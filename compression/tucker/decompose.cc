#include "compression/tucker/decompose.h"

#include <string>

#include "compression/tucker/dense_algebra.h"
#include "compression/tucker/hooi.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

std::vector<float> Floats(const Matrix& matrix) {
  std::vector<float> values(static_cast<size_t>(matrix.size()));
  Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(values.data(), matrix.rows(), matrix.cols()) = matrix.cast<float>();
  return values;
}

/// One layer of one fold, to be decomposed.
struct Job {
  const Layer* tucker = nullptr;
  const Layer* original = nullptr;
  std::string prefix;
  TuckerWeight form;
};

std::vector<Job> JobsOf(const ModelPart& part, const LayerGraph& graph) {
  std::vector<Job> jobs;
  for (const std::string& fold : part.folds)
    for (const Layer& layer : graph.layers) {
      if (!IsTucker(layer.kind)) continue;
      const Layer& original = LayerNamed(part.graph, layer.name);
      if (!IsFormOf(layer, original)) throw Error(ErrorCode::kInvalidArgument, "layer " + layer.name + ": must be the model's but for its ranks");
      jobs.push_back({&layer, &original, "fold_" + fold + ".", {}});
    }
  return jobs;
}

void Decompose(const WeightStore& weights, DecompositionMethod method, Job& job) {
  const ChannelWeight weight = ChannelWeightOf(*job.original, weights.At(job.prefix + job.original->name + ".weight"));
  const Layer& layer = *job.tucker;
  job.form = method == DecompositionMethod::kHooi ? Hooi(weight, layer.rank_in, layer.rank_out) : Hosvd(weight, layer.rank_in, layer.rank_out);
}

}  // namespace

bool IsFormOf(const Layer& tucker_layer, const Layer& original) {
  return tucker_layer.in_channels == original.in_channels && tucker_layer.out_channels == original.out_channels && tucker_layer.kernel == original.kernel &&
         IsTransposed(tucker_layer.kind) == IsTransposed(original.kind);
}

const Layer& LayerNamed(const LayerGraph& graph, const std::string& name) {
  for (const Layer& layer : graph.layers)
    if (layer.name == name) return layer;
  throw Error(ErrorCode::kInvalidArgument, "layer " + name + ": must be one of the model's");
}

void AddTuckerTensors(const Layer& layer, const TuckerWeight& form, const std::string& prefix, TensorType type, WeightStore& weights) {
  const std::string name = prefix + layer.name;
  const std::vector<TensorSpec> specs = RequiredTensors({{layer}});
  weights.AddFloats(name + ".in_factor", type, specs[0].shape, Floats(form.in_factor));
  weights.AddFloats(name + ".core", type, specs[1].shape, StoredCore(layer, form.core, layer.rank_in));
  weights.AddFloats(name + ".out_factor", type, specs[2].shape, Floats(form.out_factor));
}

WeightStore DecomposePart(const ModelPart& part, const LayerGraph& graph, const WeightStore& weights, DecompositionMethod method, TensorType type,
                          int threads, const std::function<void(size_t done, size_t total)>& told) {
  std::vector<Job> jobs = JobsOf(part, graph);
  SetDenseThreads(threads);  // within a layer: the largest of them takes a tenth of the time of all
  for (size_t i = 0; i < jobs.size(); ++i) {
    Decompose(weights, method, jobs[i]);
    if (told) told(i + 1, jobs.size());
  }
  const auto keeper = std::make_shared<const WeightStore>(weights);  // shares the bytes that the views below look at
  WeightStore result;
  for (const Job& job : jobs) AddTuckerTensors(*job.tucker, job.form, job.prefix, type, result);
  for (const std::string& fold : part.folds)
    for (const TensorSpec& spec : RequiredTensors(graph)) {
      const std::string name = "fold_" + fold + "." + spec.name;
      if (result.Find(name) == nullptr) result.AddView(name, keeper->At(name), keeper);
    }
  return result;
}

}  // namespace tuckerseg
