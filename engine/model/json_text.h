/// Parses JSON from outside: bounded size and depth, and errors that say where.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tuckerseg {

/// Keys keep their order of appearance: label files and regions depend on it.
using Json = nlohmann::ordered_json;

/// Errors: kInvalidArgument with `what`, if the text is no JSON, nested deeper than 64 levels, longer than 64 MiB or has
/// objects of more than 16384 keys.
Json ParseJson(std::string_view text, const std::string& what);

}  // namespace tuckerseg
