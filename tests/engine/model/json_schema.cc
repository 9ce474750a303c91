#include "tests/engine/model/json_schema.h"

#include <cmath>
#include <regex>
#include <set>
#include <stdexcept>
#include <utility>

namespace tuckerseg {
namespace {

bool HasType(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number() && value.get<double>() == std::floor(value.get<double>());
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  throw std::logic_error("type " + type);
}

bool HasOneOfTypes(const Json& value, const Json& types) {
  if (types.is_string()) return HasType(value, types.get<std::string>());
  for (const Json& type : types)
    if (HasType(value, type.get<std::string>())) return true;
  return false;
}

bool IsOneOf(const Json& value, const Json& values) {
  for (const Json& candidate : values)
    if (candidate == value) return true;
  return false;
}

bool AreUnique(const Json& list) {
  for (size_t i = 0; i < list.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (list[i] == list[j]) return false;
  return true;
}

/// Keywords that look at the value alone. Those for another type than the value's hold, as the standard says.
bool HoldsOf(const Json& value, const std::string& keyword, const Json& rule) {
  if (keyword == "type") return HasOneOfTypes(value, rule);
  if (keyword == "const") return value == rule;
  if (keyword == "enum") return IsOneOf(value, rule);
  if (keyword == "minimum") return !value.is_number() || value.get<double>() >= rule.get<double>();
  if (keyword == "maximum") return !value.is_number() || value.get<double>() <= rule.get<double>();
  if (keyword == "exclusiveMinimum") return !value.is_number() || value.get<double>() > rule.get<double>();
  if (keyword == "multipleOf") return !value.is_number() || std::fmod(value.get<double>(), rule.get<double>()) == 0;
  if (keyword == "minLength") return !value.is_string() || value.get<std::string>().size() >= rule.get<size_t>();
  if (keyword == "pattern") return !value.is_string() || std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()));
  if (keyword == "minItems") return !value.is_array() || value.size() >= rule.get<size_t>();
  if (keyword == "maxItems") return !value.is_array() || value.size() <= rule.get<size_t>();
  if (keyword == "uniqueItems") return !value.is_array() || AreUnique(value);
  throw std::logic_error("keyword " + keyword);
}

bool SaysNothing(const std::string& keyword) {
  return keyword == "$schema" || keyword == "title" || keyword == "description" || keyword == "$defs" || keyword == "default";
}

}  // namespace

/// `seen`: the object's keys that some property rule has looked at.
struct JsonSchema::Findings {
  std::vector<std::string> errors;
  std::set<std::string> seen;

  /// Of a rule for the same object.
  void Take(Findings other) {
    TakeErrors(other);
    seen.merge(other.seen);
  }
  /// Of a rule for a value within it.
  void TakeErrors(const Findings& other) { errors.insert(errors.end(), other.errors.begin(), other.errors.end()); }
};

/// A schema and the file that it stands in.
struct JsonSchema::Place {
  const Json* schema;
  std::string document;
  Place At(const std::string& key) const { return {&schema->at(key), document}; }
  Place At(size_t index) const { return {&schema->at(index), document}; }
};

JsonSchema::JsonSchema(std::map<std::string, Json> documents, std::string main) : documents_(std::move(documents)), main_(std::move(main)) {}

std::vector<std::string> JsonSchema::Errors(const Json& instance) const {
  return Check({&documents_.at(main_), main_}, instance, "").errors;
}

JsonSchema::Place JsonSchema::Resolve(const std::string& reference, const Place& from) const {
  const size_t hash = reference.find('#');
  const std::string document = hash == 0 ? from.document : reference.substr(0, hash);
  return {&documents_.at(document).at(nlohmann::ordered_json::json_pointer(reference.substr(hash + 1))), document};
}

JsonSchema::Findings JsonSchema::Check(const Place& schema, const Json& instance, const std::string& path) const {
  Findings findings;
  if (schema.schema->is_boolean()) {
    if (!schema.schema->get<bool>()) findings.errors.push_back(path + ": must not be there");
    return findings;
  }
  for (const auto& [keyword, rule] : schema.schema->items())
    if (!SaysNothing(keyword) && keyword != "unevaluatedProperties") findings.Take(CheckKeyword(keyword, schema, instance, path));
  if (schema.schema->contains("unevaluatedProperties") && instance.is_object()) {
    for (const auto& [key, value] : instance.items())
      if (!findings.seen.contains(key)) findings.errors.push_back(path + "." + key + ": must not be there");
  }
  return findings;
}

JsonSchema::Findings JsonSchema::CheckKeyword(const std::string& keyword, const Place& schema, const Json& instance, const std::string& path) const {
  Findings findings;
  const Json& rule = schema.schema->at(keyword);
  if (keyword == "$ref") return Check(Resolve(rule.get<std::string>(), schema), instance, path);
  if (keyword == "properties") return CheckProperties(schema, instance, path);
  if (keyword == "items") return CheckItems(schema, instance, path);
  if (keyword == "additionalProperties") return CheckOtherProperties(schema, instance, path);
  if (keyword == "then") return findings;  // looked at with "if"
  if (keyword == "required") {
    for (const Json& key : rule)
      if (instance.is_object() && !instance.contains(key.get<std::string>())) findings.errors.push_back(path + "." + key.get<std::string>() + ": missing");
  } else if (keyword == "allOf") {
    for (size_t i = 0; i < rule.size(); ++i) findings.Take(Check(schema.At(keyword).At(i), instance, path));
  } else if (keyword == "oneOf") {
    size_t valid = 0;
    for (size_t i = 0; i < rule.size(); ++i) valid += Check(schema.At(keyword).At(i), instance, path).errors.empty() ? 1 : 0;
    if (valid != 1) findings.errors.push_back(path + ": is " + std::to_string(valid) + " of oneOf");
  } else if (keyword == "not") {
    if (Check(schema.At(keyword), instance, path).errors.empty()) findings.errors.push_back(path + ": is what it must not be");
  } else if (keyword == "if") {
    const Findings condition = Check(schema.At(keyword), instance, path);
    if (condition.errors.empty()) {
      findings.Take(condition);
      findings.Take(Check(schema.At("then"), instance, path));
    }
  } else if (!HoldsOf(instance, keyword, rule)) {
    findings.errors.push_back(path + " = " + instance.dump() + ": " + keyword + " " + rule.dump());
  }
  return findings;
}

JsonSchema::Findings JsonSchema::CheckProperties(const Place& schema, const Json& instance, const std::string& path) const {
  Findings findings;
  if (!instance.is_object()) return findings;
  const Place properties = schema.At("properties");
  for (const auto& [key, value] : instance.items()) {
    if (!properties.schema->contains(key)) continue;
    findings.TakeErrors(Check(properties.At(key), value, path + "." + key));
    findings.seen.insert(key);
  }
  return findings;
}

JsonSchema::Findings JsonSchema::CheckOtherProperties(const Place& schema, const Json& instance, const std::string& path) const {
  Findings findings;
  if (!instance.is_object()) return findings;
  for (const auto& [key, value] : instance.items()) {
    if (schema.schema->contains("properties") && schema.schema->at("properties").contains(key)) continue;
    findings.TakeErrors(Check(schema.At("additionalProperties"), value, path + "." + key));
    findings.seen.insert(key);
  }
  return findings;
}

JsonSchema::Findings JsonSchema::CheckItems(const Place& schema, const Json& instance, const std::string& path) const {
  Findings findings;
  if (!instance.is_array()) return findings;
  for (size_t i = 0; i < instance.size(); ++i) findings.TakeErrors(Check(schema.At("items"), instance[i], path + "[" + std::to_string(i) + "]"));
  return findings;
}

}  // namespace tuckerseg
