/// What a tuned variant is called, what it says of its tuning, and how it takes the place of the one before.
#pragma once

#include <filesystem>
#include <string>

#include "compression/cases/case_files.h"
#include "compression/tune/tuning_run.h"
#include "engine/model/variant.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// `before` under its new names: `suffix` behind each level's name, for names are unique in a bundle. With a suffix a level is the
/// default of its number only where `make_default` says so: two defaults of one number could not be told apart.
Variant RenamedVariant(const Variant& before, const std::string& suffix, bool make_default);

/// A part's tensors with the levels' own under the names of `after`.
WeightStore RenamedLevels(const WeightStore& weights, const Variant& before, const Variant& after);

/// How the tensor `name` (it may be a level's own that is not there yet: then as the shared one) is stored: float16, or float32 for
/// all else.
TensorType StoredType(const WeightStore& weights, const std::string& name);

/// One line for `Variant::tuning`: what was trained against what, how long, on how many cases of which data. No paths.
std::string TuningRecord(const TunedStudent& student, const TuningRunOptions& options, const Size3& patch, const CaseFolder& folder,
                         int64_t held_out);

/// Writes the variant where the other one lies (replaced_directory.h). Errors: as SaveVariant and ReplaceDirectory.
void ReplaceVariant(const VariantFiles& files, const Model& model, const std::filesystem::path& directory);

}  // namespace tuckerseg
