/// Which of the masks of a data set say something to a model.
#pragma once

#include <set>
#include <string>

#include "compression/cases/case_files.h"

namespace tuckerseg {

/// The folder without the masks of other classes than `known`, so that they hide nothing (TotalSegmentator's overlap: `body` holds all others); label maps stay as
/// they are, and so does a folder with none of these masks.
/// Errors: kInvalidArgument for a case with masks that lacks one that others have: whether the structure is absent there or nobody has drawn it, nothing says.
CaseFolder WithMasksOf(CaseFolder folder, const std::set<std::string>& known);

}  // namespace tuckerseg
