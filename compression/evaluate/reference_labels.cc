#include "compression/evaluate/reference_labels.h"

#include <cmath>

#include "compression/cases/same_grid.h"
#include "engine/error.h"
#include "engine/volume/orientation.h"

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
  CheckSameGrid(files.name, ct, stored.geometry);
  std::vector<uint16_t> labels;
  labels.reserve(static_cast<size_t>(ct.VoxelCount()));
  for (const float value : ToFloat(ViewOf(stored), threads)) {
    if (!(value >= 0 && value < static_cast<float>(kLabelValues)) || value != std::floor(value)) {
      throw Error(ErrorCode::kInvalidArgument, "case " + files.name + ": label " + std::to_string(value) + ": must be a whole number in [0, 65535]");
    }
    const int32_t own = table_[static_cast<size_t>(value)];
    if (own == kUnnamed) {
      throw Error(ErrorCode::kInvalidArgument, "case " + files.name + ": label " + std::to_string(static_cast<int>(value)) + ": must be a value of dataset.labels");
    }
    labels.push_back(static_cast<uint16_t>(own));
  }
  return labels;
}

}  // namespace tuckerseg
