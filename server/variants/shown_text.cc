#include "server/variants/shown_text.h"

#include <nlohmann/json.hpp>

namespace tuckerseg {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostBytes = 300;

}  // namespace

std::string ShownText(const std::string& text) {
  const bool cut = text.size() > kMostBytes;
  // What the JSON library writes is valid, a character that the cut has halved included.
  const std::string json = Json(cut ? text.substr(0, kMostBytes) : text).dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::parse(json).get<std::string>() + (cut ? "..." : "");
}

}  // namespace tuckerseg
