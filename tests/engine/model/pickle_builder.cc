#include "tests/engine/model/pickle_builder.h"

#include "tests/engine/model/byte_strings.h"

namespace tuckerseg::pickled {
namespace {

std::string Joined(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) joined += part;
  return joined;
}

std::string Items(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string joined = "(";
  for (const auto& [key, value] : items) joined += Text(key) + value;
  return joined + "u";
}

}  // namespace

std::string None() { return "N"; }
std::string Boolean(bool value) { return value ? "\x88" : "\x89"; }

std::string Integer(int64_t value) {
  if (value >= 0 && value < 256) return "K" + BytesOfValue(static_cast<uint8_t>(value));
  if (value >= 0 && value < 65536) return "M" + BytesOfValue(static_cast<uint16_t>(value));
  if (value >= INT32_MIN && value <= INT32_MAX) return "J" + BytesOfValue(static_cast<int32_t>(value));
  return "\x8a\x08" + BytesOfValue(value);
}

std::string Text(const std::string& value) { return "X" + BytesOfValue(static_cast<uint32_t>(value.size())) + value; }
std::string Tuple(const std::vector<std::string>& items) { return "(" + Joined(items) + "t"; }
std::string List(const std::vector<std::string>& items) { return "](" + Joined(items) + "e"; }

std::string Integers(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (const int64_t value : values) items.push_back(Integer(value));
  return Tuple(items);
}

std::string Dict(const std::vector<std::pair<std::string, std::string>>& items) { return "}" + Items(items); }

std::string OrderedDict(const std::vector<std::pair<std::string, std::string>>& items) {
  return Global("collections", "OrderedDict") + ")R" + Items(items);
}

std::string Global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }

std::string Call(const std::string& callable, const std::vector<std::string>& arguments) {
  return callable + Tuple(arguments) + "R";
}

std::string Persistent(const std::string& id) { return id + "Q"; }

std::string Document(const std::string& value) { return "\x80\x02" + value + "."; }

}  // namespace tuckerseg::pickled
