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
  std::string layer_times;
  std::string front;
  bool independent = false;
  bool correct_norms = false;
};

/// Makes a data-aware variant; empty in a program without networks.
/// `layer_times`: the file that a budget of latency keeps its measurements in; `front`: that a budget's Pareto front is written to, if any.
using MakeDataAware = std::function<VariantFiles(const Bundle& bundle, const std::vector<LevelRequest>& levels, const CalibrationArguments& calibration,
                                                 int64_t grid, TensorType type, int threads, bool quiet)>;

void AddDecomposeCommand(CLI::App& app, const MakeDataAware& data_aware);

}  // namespace tuckerseg
