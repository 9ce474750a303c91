/// NIfTI streams that a reader must refuse, each with the refusal: one table for every door through which volumes come in.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/error.h"

namespace tuckerseg {

struct MalformedNifti {
  std::string name;     ///< words, for the test's output
  std::vector<std::byte> bytes;
  ErrorCode code;
  std::string message;  ///< part of the message: the field, and its value where there is one
};

/// All of them, under the default limits and GeometryPolicy::kRefuse.
std::vector<MalformedNifti> MalformedNiftis();

}  // namespace tuckerseg
