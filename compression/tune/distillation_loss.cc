#include "compression/tune/distillation_loss.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace tuckerseg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kSlabVoxels = int64_t{1} << 16;  // 30 MB of 118 classes
constexpr double kLeastProbability = 1e-37;        // above float32's smallest normal number

/// Both answers for some voxels of one sample, [voxels, classes].
struct Slab {
  at::Tensor p;       // the student's softmax
  at::Tensor q;       // what it should be
  at::Tensor cool_p;  // the same at the divergence's temperature
  at::Tensor cool_q;
  at::Tensor winners;  // the teacher's argmax, [voxels]
};

at::Tensor OneHot(const at::Tensor& winners, const at::Tensor& like) {
  return at::zeros_like(like).scatter_(1, winners.unsqueeze(1), 1.0);
}

Slab SlabOf(const at::Tensor& student, const at::Tensor& teacher, const DistillationLossOptions& options) {
  Slab slab;
  slab.winners = teacher.argmax(1);
  slab.p = at::softmax(student, 1);
  slab.q = options.hard_targets ? OneHot(slab.winners, slab.p) : at::softmax(teacher, 1);
  const bool cooled = options.temperature != 1;
  slab.cool_p = cooled ? at::softmax(student / options.temperature, 1) : slab.p;
  slab.cool_q = cooled && !options.hard_targets ? at::softmax(teacher / options.temperature, 1) : slab.q;
  return slab;
}

/// q log(q / p), 0 where q is.
at::Tensor Divergence(const at::Tensor& q, const at::Tensor& p) {
  return (q * (q.clamp_min(kLeastProbability).log() - p.clamp_min(kLeastProbability).log())).sum();
}

/// One sample's loss and its gradient by the logits, in two passes over the slabs: the gradient needs the sums of all voxels.
class SampleLoss {
 public:
  /// [voxels, classes]
  SampleLoss(const at::Tensor& student, const at::Tensor& teacher, const DistillationLossOptions& options)
      : student_(student), teacher_(teacher), options_(options) {
    Sum();
    const at::Tensor counted = present_.narrow(0, 1, present_.size(0) - 1).sum();
    const at::Tensor denominator = squares_ + options.smooth;
    dice_ = (2 * overlap_ + options.smooth) / denominator;
    // The derivative of 1 - mean Dice by a p is share (D p - q): nothing for background and for classes that do not occur.
    share_ = present_ * 2 / denominator / counted.clamp_min(1) * options.dice_weight;
    share_.select(0, 0).zero_();
    const at::Tensor mean = (dice_ * present_).narrow(0, 1, present_.size(0) - 1).sum() / counted.clamp_min(1);
    value_ = divergence_ * Scale() * options.temperature + options.dice_weight * at::where(counted > 0, 1 - mean, at::zeros_like(mean));
  }

  const at::Tensor& value() const { return value_; }

  /// Writes the gradient into `gradient`, [voxels, classes].
  void PutGradient(at::Tensor gradient) const {
    ForEachSlab([&](int64_t begin, const Slab& slab) {
      const at::Tensor by_p = (dice_ * slab.p - slab.q).mul_(share_);
      const at::Tensor centred = (by_p - (by_p * slab.p).sum(1, /*keepdim=*/true)).mul_(slab.p);
      gradient.narrow(0, begin, slab.p.size(0)).copy_(centred.add_((slab.cool_p - slab.cool_q).mul_(Scale())));
    });
  }

 private:
  /// Of a voxel's divergence by its cooled logits.
  double Scale() const { return options_.divergence_weight * options_.temperature / static_cast<double>(student_.size(0)); }

  template <typename Visitor>
  void ForEachSlab(const Visitor& visit) const {
    for (int64_t begin = 0; begin < student_.size(0); begin += kSlabVoxels) {
      const int64_t count = std::min(kSlabVoxels, student_.size(0) - begin);
      visit(begin, SlabOf(student_.narrow(0, begin, count), teacher_.narrow(0, begin, count), options_));
    }
  }

  void Sum() {
    const int64_t classes = student_.size(1);
    overlap_ = at::zeros({classes}, student_.options());
    squares_ = at::zeros({classes}, student_.options());
    present_ = at::zeros({classes}, student_.options());
    divergence_ = at::zeros({}, student_.options());
    ForEachSlab([&](int64_t, const Slab& slab) {
      overlap_ += (slab.p * slab.q).sum(0);
      squares_ += slab.p.square().sum(0) + slab.q.square().sum(0);
      present_.scatter_(0, slab.winners, 1.0);
      divergence_ += Divergence(slab.cool_q, slab.cool_p);
    });
  }

  at::Tensor student_;
  at::Tensor teacher_;
  const DistillationLossOptions& options_;
  at::Tensor overlap_;   // sum of p q by class
  at::Tensor squares_;   // sum of p^2 + q^2
  at::Tensor present_;   // 1 where the class wins in some voxel of the teacher's
  at::Tensor divergence_;
  at::Tensor dice_;
  at::Tensor share_;
  at::Tensor value_;
};

at::Tensor Flat(const at::Tensor& logits) { return logits.permute({0, 2, 3, 4, 1}).flatten(1, 3); }

class DistillationLossFunction : public torch::autograd::Function<DistillationLossFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& student, const at::Tensor& teacher,
                            const DistillationLossOptions& options) {
    const at::Tensor own = Flat(student);
    const at::Tensor wanted = Flat(teacher);
    const int64_t samples = own.size(0);
    std::vector<int64_t> shape{samples, student.size(2), student.size(3), student.size(4), student.size(1)};
    const at::Tensor gradient = at::empty(shape, student.options());  // classes last, as channels-last convolutions take it
    at::Tensor sum = at::zeros({}, student.options());
    for (int64_t s = 0; s < samples; ++s) {
      const SampleLoss loss(own.select(0, s), wanted.select(0, s), options);
      sum += loss.value();
      loss.PutGradient(gradient.select(0, s).flatten(0, 2));
    }
    context->save_for_backward({gradient.div_(static_cast<double>(samples))});
    return sum / static_cast<double>(samples);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    // In its place: nobody else reads it, and it is as large as the logits.
    at::Tensor gradient = context->get_saved_variables()[0];
    return {gradient.mul_(gradients[0]).permute({0, 4, 1, 2, 3}), {}, {}};
  }
};

}  // namespace

at::Tensor DistillationLoss(const at::Tensor& student, const at::Tensor& teacher, const DistillationLossOptions& options) {
  return DistillationLossFunction::apply(student, teacher, options);
}

}  // namespace tuckerseg
