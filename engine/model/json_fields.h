/// Reads fields of a JSON object with errors that name the path, the value and what would be right.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/model/json_text.h"

namespace tuckerseg {

/// A place in a JSON document; cheap to copy, must not outlive the document.
class JsonField {
 public:
  JsonField(const Json& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const Json& json() const { return *value_; }
  const std::string& path() const { return path_; }
  bool IsNull() const { return value_->is_null(); }
  bool Has(const std::string& key) const { return value_->is_object() && value_->contains(key); }

  /// The same place. Refusals of it, and of all that is reached from it, tell the type of a value and not the value, which may be a secret.
  JsonField Secret() const {
    JsonField field = *this;
    field.is_secret_ = true;
    return field;
  }

  [[noreturn]] void Refuse(const std::string& right) const {
    if (is_secret_) throw Error(ErrorCode::kInvalidArgument, path_ + ": is " + TypeWords() + "; " + right);
    std::string text = value_->dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    throw Error(ErrorCode::kInvalidArgument, path_ + " = " + text + ": " + right);
  }

  JsonField At(const std::string& key) const {
    if (!value_->is_object()) Refuse("must be an object");
    const auto found = value_->find(key);
    if (found == value_->end()) throw Error(ErrorCode::kInvalidArgument, path_ + "." + key + ": missing");
    return Within(*found, path_ + "." + key);
  }
  JsonField At(size_t index) const {
    if (!value_->is_array() || index >= value_->size()) Refuse("must be a list of more than " + std::to_string(index));
    return Within((*value_)[index], path_ + "[" + std::to_string(index) + "]");
  }
  size_t Size() const {
    if (!value_->is_array()) Refuse("must be a list");
    return value_->size();
  }

  double Number() const {
    if (!value_->is_number() || !std::isfinite(value_->get<double>())) Refuse("must be a finite number");
    return value_->get<double>();
  }
  /// A whole number; nnU-Net's planner writes some as floats.
  int64_t Integer(int64_t low, int64_t high) const {
    const double number = Number();
    if (number != std::floor(number) || number < static_cast<double>(low) || number > static_cast<double>(high)) {
      Refuse("must be a whole number in [" + std::to_string(low) + ", " + std::to_string(high) + "]");
    }
    return static_cast<int64_t>(number);
  }
  bool Boolean() const {
    if (!value_->is_boolean()) Refuse("must be true or false");
    return value_->get<bool>();
  }
  std::string Text() const {
    if (!value_->is_string()) Refuse("must be a string");
    return value_->get<std::string>();
  }
  /// The place of the text in `names`.
  size_t OneOf(std::initializer_list<const char*> names) const {
    const std::string text = Text();
    std::string right = "must be one of";
    size_t place = 0;
    for (const char* name : names) {
      if (text == name) return place;
      ++place;
      right += std::string(" ") + name;
    }
    Refuse(right);
  }
  std::array<int64_t, 3> Integers3(int64_t low, int64_t high) const {
    if (Size() != 3) Refuse("must have three entries");
    return {At(size_t{0}).Integer(low, high), At(1).Integer(low, high), At(2).Integer(low, high)};
  }
  std::array<double, 3> Numbers3() const {
    if (Size() != 3) Refuse("must have three entries");
    return {At(size_t{0}).Number(), At(1).Number(), At(2).Number()};
  }
  template <typename Read>
  auto Each(Read&& read) const {
    std::vector<decltype(read(*this))> values;
    const size_t size = Size();
    values.reserve(size);
    for (size_t i = 0; i < size; ++i) values.push_back(read(At(i)));
    return values;
  }

 private:
  JsonField Within(const Json& value, std::string path) const {
    JsonField field(value, std::move(path));
    field.is_secret_ = is_secret_;
    return field;
  }
  std::string TypeWords() const {
    switch (value_->type()) {
      case Json::value_t::null: return "null";
      case Json::value_t::object: return "an object";
      case Json::value_t::array: return value_->empty() ? "an empty list" : "a list";
      case Json::value_t::string: return "a string";
      case Json::value_t::boolean: return "a boolean";
      default: return "a number";
    }
  }

  const Json* value_;
  std::string path_;
  bool is_secret_ = false;
};

}  // namespace tuckerseg
