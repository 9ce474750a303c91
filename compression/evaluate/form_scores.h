/// What an evaluation says of a form before it has drawn anything.
#pragma once

#include "compression/evaluate/variant_scores.h"
#include "compression/forms/model_form.h"

namespace tuckerseg {

/// What the form is called and costs, with no case yet. Bytes are those of its own tensors, of all folds.
VariantScores ScoresOf(const ModelForm& form);

}  // namespace tuckerseg
