#include "compression/evaluate/variant_summary.h"

#include <string>
#include <utility>

namespace tuckerseg {

std::vector<VariantSummary> SummarizeVariants(std::span<const VariantScores> variants, const Model& model, const CaseFolder& folder) {
  std::vector<std::string> names;
  std::vector<std::string> labelled;
  for (const Label& label : model.labels) {
    names.push_back(label.name);
    if (folder.classes.contains(label.name)) labelled.push_back(label.name);
  }
  const VariantScores& original = variants.front();
  const CaseResamples resamples(original.cases.size());
  std::vector<VariantSummary> summaries;
  for (const VariantScores& variant : variants) {
    VariantSummary summary{.to_reference = Summarize(variant, labelled, ComparedTo::kReference, resamples),
                           .to_original = Summarize(variant, names, ComparedTo::kOriginal, resamples),
                           .differences = {}};
    if (&variant != &original && summary.to_reference.cases > 0) summary.differences = CompareToOriginal(original, variant, labelled);
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace tuckerseg
