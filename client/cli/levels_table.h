/// The levels of a server's models: for people, or as JSON.
#pragma once

#include <ostream>

#include "tuckerseg/v1/model.pb.h"

namespace tuckerseg {

/// A table of the levels with quality and cost, cost as shares of the same task's original too; below it what its marks mean, and why levels
/// are not loaded that somebody wanted.
void PrintLevels(const v1::ListVariantsResponse& response, std::ostream& out);

/// A list with an object for each (docs/api.md lists its keys); null where there is no number or nothing was measured.
void PrintLevelsAsJson(const v1::ListVariantsResponse& response, std::ostream& out);

/// The object of one.
void PrintLevelAsJson(const v1::Variant& variant, std::ostream& out);

/// Where one level stands, a line for each device.
void PrintPlaces(const v1::Variant& variant, std::ostream& out);

}  // namespace tuckerseg
