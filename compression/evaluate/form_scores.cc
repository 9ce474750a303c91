#include "compression/evaluate/form_scores.h"

#include "engine/model/cost.h"

namespace tuckerseg {

VariantScores ScoresOf(const ModelForm& form) {
  VariantScores scores{.name = form.name, .method = form.method, .level = form.level, .tuned = form.tuned, .cases = {}};
  scores.parameters = ParameterCount(form.bundle.model);
  scores.multiply_adds_per_patch = TotalMultiplyAdds(form.bundle.model);
  for (const WeightStore& weights : form.bundle.weights) scores.weight_bytes += weights.TotalBytes();
  return scores;
}

}  // namespace tuckerseg
