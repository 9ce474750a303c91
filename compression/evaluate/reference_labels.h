/// The reference labels of a data set's cases, in the values of a model that knows its structures by name.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "compression/cases/case_files.h"
#include "engine/model/model.h"

namespace tuckerseg {

class ReferenceLabels {
 public:
  /// Errors: kInvalidArgument if the data name structures and the model none of them.
  ReferenceLabels(const Model& model, const CaseFolder& folder);

  /// The model's values that the data name. What they do not name is neither right nor wrong.
  const std::set<int64_t>& values() const { return values_; }

  /// The labels of a case that has some, on the grid of its CT, i fastest. Structures that the model does not know are background; masks of
  /// theirs hide what it knows, and are to be left out before (WithMasksOf).
  /// Errors: as ReadLabels'; kInvalidArgument for labels that are not on the CT's grid, that are no whole number in [0, 65535] or that the
  /// data do not name.
  std::vector<uint16_t> Read(const CaseFiles& files, const Geometry& ct, int threads) const;

 private:
  std::map<std::string, int64_t> classes_;
  std::vector<int32_t> table_;  ///< the model's value by the data's
  std::set<int64_t> values_;
};

}  // namespace tuckerseg
