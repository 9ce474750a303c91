/// The work of a tuning step: the student's levels against the original, against labels, or both.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compression/train/trainer.h"
#include "compression/tune/distillation_loss.h"
#include "compression/tune/student.h"
#include "compression/tune/tuning_target.h"

namespace tuckerseg {

/// The original network, frozen, with a copy of its weights on every device that trains.
class Teacher {
 public:
  /// `graph` must outlive the teacher. `parameters`: on any device.
  Teacher(const TrainableGraph& graph, const Parameters& parameters, const std::vector<std::string>& devices, Precision precision);

  const TrainableGraph& graph() const { return graph_; }
  const Parameters& parameters() const { return by_device_.begin()->second; }
  Precision precision() const { return precision_; }
  /// Logits without gradients. `image`: on one of the devices. Thread-safe.
  at::Tensor Logits(const at::Tensor& image) const;

 private:
  const TrainableGraph& graph_;
  std::map<std::string, Parameters> by_device_;
  Precision precision_;
};

struct DistillationOptions {
  TuningTarget target = TuningTarget::kTeacher;
  DistillationLossOptions loss;
  Precision precision = Precision::kFloat32;
  Activations activations = Activations::kKept;
  uint64_t seed = 0;
};

/// The levels that a step trains, the sandwich rule of slimmable networks (Yu & Huang 2019, arXiv 1903.05134): the largest, one drawn at
/// random between, the smallest. Depends on seed and step alone. Of one or two levels: all.
std::vector<size_t> SandwichLevels(size_t levels, uint64_t seed, int64_t step);

/// Every level of the step is compared with the same target (the original's answer is computed once), the small ones not with the
/// largest; the loss is the mean over the step's levels, and levels are walked one after another, so that one level's activations are
/// in memory at a time. kBoth: the mean of both losses. Labels: nnU-Net's loss at the patch's resolution; a variant has no heads of
/// deep supervision. `student` and `teacher` must outlive the result; `teacher` may be null for kLabels.
StepGradients Distillation(const Student& student, const Teacher* teacher, const DistillationOptions& options);

}  // namespace tuckerseg
