#include "server/config_keys.h"

namespace tuckerseg {

void ReadKeys(const JsonField& object, const ConfigKeys& keys) {
  if (!object.json().is_object()) object.Refuse("must be an object");
  for (const auto& [key, value] : object.json().items()) {
    const std::string path = object.path() + "." + key;
    const auto read = keys.find(key);
    if (read == keys.end()) {
      std::string known;
      for (const auto& [name, unused] : keys) known += (known.empty() ? "" : ", ") + name;
      throw Error(ErrorCode::kInvalidArgument, path + ": unknown key; must be one of " + known);
    }
    read->second(JsonField(value, path));
  }
}

}  // namespace tuckerseg
