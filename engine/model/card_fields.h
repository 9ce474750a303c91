/// How card.json writes measured numbers and what may not be there.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/model/json_fields.h"

namespace tuckerseg {

/// What `read` makes of a field that may be absent or null.
template <typename Read>
auto OptionalOf(const JsonField& object, const char* key, Read&& read) -> std::optional<decltype(read(object))> {
  if (!object.Has(key) || object.At(key).IsNull()) return std::nullopt;
  return read(object.At(key));
}

/// null for what does not exist: a reader must see that it was not measured rather than forgotten.
template <typename Value>
Json OrNull(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// Errors: kInvalidArgument for a number below 0.
inline double NotNegative(const JsonField& field) {
  const double number = field.Number();
  if (number < 0) field.Refuse("must be at least 0");
  return number;
}

/// Up to the largest whole number that a double holds with all below it. Errors: kInvalidArgument for any other.
inline int64_t CountOf(const JsonField& field) { return field.Integer(0, int64_t{1} << 53); }

}  // namespace tuckerseg
