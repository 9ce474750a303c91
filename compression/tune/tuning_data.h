/// What a tuning sees: the cases, in the grid of one part, with the answers of labels or of the original.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "compression/cases/case_files.h"
#include "compression/train/training_case.h"
#include "compression/tune/distillation.h"
#include "engine/model/model.h"

namespace tuckerseg {

/// Labelled cases where `target` needs labels, else all CTs. Errors: as FindCases and FindUnlabelledCases.
CaseFolder FindTuningCases(const std::filesystem::path& data, TuningTarget target);

/// How many of `cases` are held out: `validation`, below 1 a share; where it says nothing a tenth, at least one, and none of one.
int64_t HeldOutOf(const std::optional<double>& validation, size_t cases);

/// The model with one of its parts. Errors: kInvalidArgument for a part that cannot be tuned: regions, several input channels, more
/// than 256 output channels.
Model OnePart(const Model& model, size_t part);

/// `model` of one part, its channels standing for the label values that the data give to classes of the same names, so that
/// MakeTrainingCase reads the data's labels. Errors: kInvalidArgument if the data lack some of the part's classes: they would be
/// unlearnt as background.
Model InLabelsOf(const CaseFolder& folder, Model model);

/// The cases with the masks of this part's structures alone: others would hide them. `model`: of one part. Errors: as WithMasksOf.
CaseFolder WithMasksOfPart(const CaseFolder& folder, const Model& model);

/// Gives every case the original's label map as its channels. `told()` after each.
void LabelByTeacher(const Teacher& teacher, const Model& model, int threads, std::vector<TrainingCase>& cases,
                    const std::function<void()>& told);

}  // namespace tuckerseg
