#include "engine/model/json_text.h"

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;
constexpr int kMaxDepth = 64;

/// Depth of brackets outside strings. Checked before parsing: the parser's values are destroyed level by level.
int Depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Json ParseJson(std::string_view text, const std::string& what) {
  if (text.size() > kMaxBytes) throw Error(ErrorCode::kInvalidArgument, what + ": must be at most 64 MiB of JSON");
  if (Depth(text) > kMaxDepth) throw Error(ErrorCode::kInvalidArgument, what + ": must be nested at most 64 levels deep");
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(ErrorCode::kInvalidArgument, what + ": not JSON at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorCode::kInvalidArgument, what + ": not JSON (a number out of range)");
  }
}

}  // namespace tuckerseg
