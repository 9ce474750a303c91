#include "compression/evaluate/variant_run.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "compression/cases/case_digest.h"
#include "compression/cases/case_errors.h"
#include "compression/cases/known_masks.h"
#include "compression/evaluate/form_scores.h"
#include "compression/evaluate/reference_labels.h"
#include "engine/error.h"
#include "engine/segment/other_models.h"
#include "engine/segment/preprocess.h"
#include "engine/segment/segmenter.h"

namespace tuckerseg {
namespace {

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::set<std::string> StructureNames(const Model& model) {
  std::set<std::string> names;
  for (const Label& label : model.labels) names.insert(label.name);
  return names;
}

class VariantRun {
 public:
  VariantRun(std::span<const ModelForm> forms, const CaseFolder& folder, const ExecutorFactory& factory, const VariantRunOptions& options,
             const DrawnCaseSink& told)
      : forms_(forms), references_(forms.front().bundle.model, folder), options_(options), told_(told), cases_(folder.cases.size()) {
    for (const Label& label : forms.front().bundle.model.labels) names_[label.value] = label.name;
    for (const ModelForm& form : forms) {
      segmenters_.push_back(std::make_unique<Segmenter>(form.bundle, factory));
      scores_.push_back(ScoresOf(form));
      scores_.back().surface_tolerance_mm = options.tolerance_mm;
    }
  }

  /// Reads the case and forgets it: one that is refused is to cost minutes, not the hours of those before it. Counts it with the forms that have
  /// seen it.
  void Check(const CaseFiles& files) {
    const Volume ct = ReadCt(files);
    Naming("case " + files.name, [&] { CheckImage(ct, segmenters_.front()->model()); });
    const std::optional<std::vector<uint16_t>> reference = ReadReference(files, ct);
    holds_a_structure_ |= reference && std::any_of(reference->begin(), reference->end(), [](uint16_t label) { return label != 0; });
    const std::string digest = CaseDigest(ct);
    for (size_t form = 0; form < forms_.size(); ++form) scores_[form].seen_cases += forms_[form].seen_cases.contains(digest) ? 1 : 0;
  }

  /// What is measured on a variant's own cases would become its card's promise. Which cases they are stays out of what is printed.
  void RefuseSeenCases() const {
    for (const VariantScores& scores : scores_) {
      if (scores.seen_cases == 0) continue;
      throw Error(ErrorCode::kInvalidArgument, "variant " + scores.name + ": " + std::to_string(scores.seen_cases) + " of " + std::to_string(cases_) +
                                                   " cases were seen when it was made: must be measured on others, or with --allow-seen-cases, which leaves "
                                                   "its quality out of the card");
    }
  }

  /// Of the checked cases: without any there is nothing to hold an original against.
  void RequireAStructure() const {
    if (!holds_a_structure_) throw Error(ErrorCode::kInvalidArgument, "--data: no case holds a structure of the model: must hold at least one");
  }

  void Take(const CaseFiles& files) {
    const Volume ct = ReadCt(files);
    const std::optional<std::vector<uint16_t>> reference = ReadReference(files, ct);
    std::vector<uint16_t> original;
    for (size_t form = 0; form < segmenters_.size(); ++form) {
      const double begin = Now();
      std::vector<uint16_t> predicted = Naming("case " + files.name + ", " + scores_[form].name,
                                               [&] { return std::move(segmenters_[form]->Segment(ct, {.threads = options_.threads}).label_map.labels); });
      const double seconds = Now() - begin;
      CaseMaps maps{.predicted = predicted, .reference = {}, .original = {}};
      if (reference) maps.reference = *reference;
      if (form > 0) maps.original = original;
      Score(files.name, ct, maps, seconds, scores_[form]);
      if (form == 0) original = std::move(predicted);
    }
  }

  std::vector<VariantScores> Finish() && { return std::move(scores_); }

 private:
  static Volume ReadCt(const CaseFiles& files) { return ReadVolume(files.ct, "case " + files.name + ": image"); }

  std::optional<std::vector<uint16_t>> ReadReference(const CaseFiles& files, const Volume& ct) const {
    if (!files.HasLabels()) return std::nullopt;
    return references_.Read(files, ct.geometry, options_.threads);
  }

  void Score(const std::string& name, const Volume& ct, const CaseMaps& maps, double seconds, VariantScores& scores) {
    const ScoreOptions options{.tolerance_mm = options_.tolerance_mm, .threads = options_.threads, .labelled_values = references_.values()};
    scores.cases.push_back(ScoreCase(name, maps, ct.geometry, names_, options));
    scores.cases.back().seconds = seconds;
    ++done_;
    if (told_) told_({ct, maps, scores, cases_, done_, cases_ * segmenters_.size()});
  }

  const std::span<const ModelForm> forms_;
  const ReferenceLabels references_;
  const VariantRunOptions options_;
  const DrawnCaseSink& told_;
  const size_t cases_;
  size_t done_ = 0;
  bool holds_a_structure_ = false;
  std::map<int64_t, std::string> names_;
  std::vector<std::unique_ptr<Segmenter>> segmenters_;  ///< by form
  std::vector<VariantScores> scores_;                   ///< by form
};

}  // namespace

std::vector<VariantScores> RunVariants(std::span<const ModelForm> forms, const CaseFolder& folder, const ExecutorFactory& factory,
                                       const VariantRunOptions& options, const DrawnCaseSink& told) {
  RefuseOtherModels(forms.front().bundle.model, "bundle");
  const CaseFolder known = WithMasksOf(folder, StructureNames(forms.front().bundle.model));
  VariantRun run(forms, known, factory, options, told);
  for (const CaseFiles& files : known.cases) run.Check(files);
  if (!options.allow_seen_cases) run.RefuseSeenCases();
  if (forms.size() == 1) run.RequireAStructure();
  for (const CaseFiles& files : known.cases) run.Take(files);
  return std::move(run).Finish();
}

}  // namespace tuckerseg
