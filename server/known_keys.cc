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

std::set<std::string> RepeatedKeys(const std::string& text, const std::string& root) {
  struct Object {
    std::string path;
    std::string key;  // the last that was read
    std::set<std::string> seen;
  };
  std::vector<Object> open;  // the innermost last
  std::set<std::string> repeated;
  const Json::parser_callback_t look = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      open.push_back({open.empty() ? root : open.back().path + "." + ShownKey(open.back().key), {}, {}});
    } else if (event == Json::parse_event_t::object_end) {
      open.pop_back();
    } else if (event == Json::parse_event_t::key) {
      Object& object = open.back();
      object.key = parsed.get<std::string>();
      if (!object.seen.insert(object.key).second) repeated.insert(object.path + "." + ShownKey(object.key));
    }
    return true;
  };
  const Json unused = Json::parse(text, look);
  return repeated;
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
    reader->second(object.At(item.key()));
  }
}

}  // namespace tuckerseg
