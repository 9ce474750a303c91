#include "server/known_keys.h"

#include <optional>

#include "engine/error.h"
#include "server/nearest_word.h"

namespace tuckerseg {

std::string ShownKey(const std::string& key) {
  const std::string quoted = Json(key).dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string text = quoted.substr(1, quoted.size() - 2);
  return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

std::string UnknownKey(const std::string& object, const std::string& key, const std::vector<std::string>& names) {
  const std::string unknown = object + "." + ShownKey(key) + ": unknown key; ";
  if (const auto meant = NearestWord(key, names)) return unknown + "did you mean " + *meant + "?";
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return unknown + "must be one of " + list;
}

void ReadKeys(const JsonField& object, const KeyReaders& readers) {
  if (!object.json().is_object()) object.Refuse("must be an object");
  for (const auto& item : object.json().items()) {
    const auto reader = readers.find(item.key());
    if (reader == readers.end()) {
      std::vector<std::string> names;
      for (const auto& [name, unused] : readers) names.push_back(name);
      throw Error(ErrorCode::kInvalidArgument, UnknownKey(object.path(), item.key(), names));
    }
    reader->second(JsonField(item.value(), object.path() + "." + item.key()));
  }
}

}  // namespace tuckerseg
