/// The keys of the configuration file, each said once: what reads them, their published schema (docs/server-config.schema.json) and the table in
/// docs/api.md are checked against this list.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/model/json_fields.h"
#include "server/config.h"

namespace tuckerseg {

struct ConfigKey {
  enum class Type { kText, kInteger, kNumber, kBoolean, kList };
  std::string name;  ///< `tls.key` is the key `key` of the object `tls`
  Type type = Type::kText;
  std::vector<std::string> choices;  ///< a text that is one of these; empty: any text
  double low = 0;                    ///< of numbers, and allowed unless `above_low`
  bool above_low = false;            ///< `low` itself is not allowed
  double high = 0;                   ///< likewise, and allowed
  Json entry;                        ///< of a list, which has at least one: the schema of each
  std::string meaning;               ///< Markdown, one line
  /// Takes the value over into its field. Errors: kInvalidArgument for another type and outside the range, naming what would be right.
  std::function<void(const JsonField&, ServerConfig&)> read;
  /// The field's value, as it would stand in the file.
  std::function<Json(const ServerConfig&)> write;
};

/// All of them, in the order in which they are documented.
std::vector<ConfigKey> ConfigKeys();

/// The rows of the table in docs/api.md: key, default, range, meaning.
std::string ConfigTable();

}  // namespace tuckerseg
