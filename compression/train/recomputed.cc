#include "compression/train/recomputed.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace tuckerseg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The function on its way to the backward pass.
struct Kept : torch::CustomClassHolder {
  explicit Kept(TensorFunction given) : function(std::move(given)) {}
  TensorFunction function;
};

class RecomputedFunction : public torch::autograd::Function<RecomputedFunction> {
 public:
  static variable_list forward(AutogradContext* context, const c10::intrusive_ptr<Kept>& kept, const at::TensorList& inputs) {
    context->saved_data["function"] = c10::IValue::make_capsule(kept);
    context->save_for_backward(inputs.vec());
    return kept->function(inputs.vec());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto kept = c10::static_intrusive_pointer_cast<Kept>(context->saved_data["function"].toCapsule());
    const variable_list saved = context->get_saved_variables();
    variable_list inputs;
    variable_list wanted;
    for (size_t i = 0; i < saved.size(); ++i) {
      inputs.push_back(saved[i].detach());
      if (!context->needs_input_grad(i)) continue;
      inputs.back().requires_grad_(true);
      wanted.push_back(inputs.back());
    }
    const variable_list found = Gradients(kept->function, inputs, wanted, gradients);
    variable_list result(1);  // the function's own
    auto next = found.begin();
    for (const at::Tensor& input : inputs) result.push_back(input.requires_grad() && next != found.end() ? *next++ : at::Tensor());
    return result;
  }

 private:
  /// Of `outputs * gradients` by `wanted`, in their order; empty where no output has a gradient.
  static variable_list Gradients(const TensorFunction& function, const variable_list& inputs, const variable_list& wanted,
                                 const variable_list& gradients) {
    const at::AutoGradMode with_gradients(true);
    const variable_list outputs = function(inputs);
    variable_list reached;
    variable_list by_output;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!gradients[i].defined() || !outputs[i].requires_grad()) continue;
      reached.push_back(outputs[i]);
      by_output.push_back(gradients[i]);
    }
    if (reached.empty()) return {};
    return torch::autograd::grad(reached, wanted, by_output, /*retain_graph=*/std::nullopt, /*create_graph=*/false, /*allow_unused=*/true);
  }
};

}  // namespace

std::vector<at::Tensor> Recomputed(const TensorFunction& function, const std::vector<at::Tensor>& inputs) {
  return RecomputedFunction::apply(c10::make_intrusive<Kept>(function), at::TensorList(inputs));
}

}  // namespace tuckerseg
