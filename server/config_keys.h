/// Reads an object of the configuration whose keys must all be known.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "engine/model/json_fields.h"

namespace tuckerseg {

/// What is done with the value of each key.
using ConfigKeys = std::map<std::string, std::function<void(const JsonField&)>>;

/// Errors: kInvalidArgument for what is no object and for a key that is not among `keys`, which are listed; what the readers throw.
void ReadKeys(const JsonField& object, const ConfigKeys& keys);

}  // namespace tuckerseg
