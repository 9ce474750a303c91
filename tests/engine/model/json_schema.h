/// Checks JSON against the schemas in docs/: as much of JSON Schema 2020-12 as they use, so that tests need no package for it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/model/json_text.h"

namespace tuckerseg {

class JsonSchema {
 public:
  /// `documents` by file name ("model.schema.json"), which `$ref` may name; the one called `main` is checked against.
  JsonSchema(std::map<std::string, Json> documents, std::string main);

  /// What is wrong with `instance`, one line a finding; empty where it is valid.
  /// Throws std::logic_error for a keyword that is not known here: a rule that nobody checks would look as if it were kept.
  std::vector<std::string> Errors(const Json& instance) const;

 private:
  struct Findings;
  struct Place;
  Findings Check(const Place& schema, const Json& instance, const std::string& path) const;
  Findings CheckKeyword(const std::string& keyword, const Place& schema, const Json& instance, const std::string& path) const;
  Findings CheckProperties(const Place& schema, const Json& instance, const std::string& path) const;
  Findings CheckOtherProperties(const Place& schema, const Json& instance, const std::string& path) const;
  Findings CheckItems(const Place& schema, const Json& instance, const std::string& path) const;
  Place Resolve(const std::string& reference, const Place& from) const;

  std::map<std::string, Json> documents_;
  std::string main_;
};

}  // namespace tuckerseg
