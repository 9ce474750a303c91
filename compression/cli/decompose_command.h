/// `tuckerseg-compress decompose`: a cheaper variant of a model, made after training.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compression/decompose/weight_variant.h"
#include "engine/model/bundle.h"

namespace tuckerseg {

/// What the data-aware method is told, where this program can run networks.
struct CalibrationArguments {
  std::vector<std::string> volumes;
  int64_t patches = 4;
  int64_t samples = 12000;
  uint64_t seed = 0;
  std::vector<int64_t> patch;
  std::string front;
  bool independent = false;
  bool correct_norms = false;
  double max_memory_gib = 0;  ///< 0: four fifths of what the process may have
};

/// What a budget of latency is measured with; what is empty was not given.
struct LatencyArguments {
  std::string layer_times;  ///< the file that keeps the measurements
  std::string device;       ///< default: cpu
  std::string precision;    ///< default: fp32
};

/// Makes a data-aware variant.
using MakeDataAware = std::function<VariantFiles(const Bundle& bundle, const std::vector<LevelRequest>& levels, const CalibrationArguments& calibration,
                                                 const RankOptions& ranks, const DecomposeSink& told)>;
using MakeLayerSeconds = std::function<LayerCost(const LatencyArguments& latency, int threads)>;

/// What only a program that can run networks has; empty in others.
struct NetworkMethods {
  MakeDataAware data_aware;
  MakeLayerSeconds layer_seconds;
};

/// Adds the subcommand, which writes a variant beside a bundle. `networks`: a method that it lacks is refused when it is asked for.
void AddDecomposeCommand(CLI::App& app, const NetworkMethods& networks);

}  // namespace tuckerseg
