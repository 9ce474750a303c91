#include "compression/evaluate/reference_labels.h"

#include "engine/error.h"
#include "engine/volume/label_values.h"
#include "engine/volume/same_grid.h"

namespace tuckerseg {
namespace {

constexpr size_t kLabelValues = size_t{1} << 16;
constexpr int32_t kUnnamed = -1;

}  // namespace

ReferenceLabels::ReferenceLabels(const Model& model, const CaseFolder& folder) : classes_(folder.classes), table_(kLabelValues, kUnnamed) {
  table_[0] = 0;
  for (const auto& [name, value] : classes_) table_[static_cast<size_t>(value)] = 0;
  for (const Label& label : model.labels) {
    const auto found = classes_.find(label.name);
    if (found == classes_.end()) continue;
    table_[static_cast<size_t>(found->second)] = static_cast<int32_t>(label.value);
    values_.insert(label.value);
  }
  if (values_.empty() && !classes_.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "--data: names no structure of the model " + model.name + ": must hold labels of at least one");
  }
}

std::vector<uint16_t> ReferenceLabels::Read(const CaseFiles& files, const Geometry& ct, int threads) const {
  const Volume stored = ReadLabels(files, classes_);
  CheckSameGrid("case " + files.name + ": labels", stored.geometry, "the image", ct);
  std::vector<uint16_t> labels = LabelValues(stored, "case " + files.name, threads);
  for (uint16_t& label : labels) {
    const int32_t own = table_[label];
    if (own == kUnnamed) {
      throw Error(ErrorCode::kInvalidArgument, "case " + files.name + ": label " + std::to_string(label) + ": must be a value of dataset.labels");
    }
    label = static_cast<uint16_t>(own);
  }
  return labels;
}

}  // namespace tuckerseg
