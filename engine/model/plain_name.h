/// Names that can be a directory's: of models, tasks, parts, folds and variants.
#pragma once

#include <string>

#include "engine/model/json_fields.h"

namespace tuckerseg {

/// ASCII letters, digits, '_', '-' and '.'; not empty, neither "." nor "..".
bool IsPlainName(const std::string& name);

/// Errors: kInvalidArgument for a text that is no plain name.
std::string ParsePlainName(const JsonField& field);

}  // namespace tuckerseg
