#include "engine/model/json_text.h"

#include <algorithm>
#include <vector>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxKeys = size_t{1} << 14;

/// What a text would cost. Known before parsing: the parser's values are destroyed level by level, and, as keys keep their
/// order, a key is compared with all of its object's that came before.
struct Cost {
  size_t depth = 0;
  size_t key_comparisons = 0;
};

/// Counts brackets and colons outside strings.
Cost CostOf(std::string_view text) {
  Cost cost;
  std::vector<size_t> open;  // brackets, with the number of keys so far
  bool in_string = false;
  for (size_t i = 0; i < text.size() && cost.depth <= kMaxDepth; ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      open.push_back(0);
      cost.depth = std::max(cost.depth, open.size());
    } else if ((c == '}' || c == ']') && !open.empty()) {
      open.pop_back();
    } else if (c == ':' && !open.empty()) {
      cost.key_comparisons += open.back()++;
    }
  }
  return cost;
}

}  // namespace

Json ParseJson(std::string_view text, const std::string& what) {
  if (text.size() > kMaxBytes) throw Error(ErrorCode::kInvalidArgument, what + ": must be at most 64 MiB of JSON");
  const Cost cost = CostOf(text);
  if (cost.depth > kMaxDepth) throw Error(ErrorCode::kInvalidArgument, what + ": must be nested at most 64 levels deep");
  if (cost.key_comparisons > kMaxKeys * kMaxKeys / 2) {
    throw Error(ErrorCode::kInvalidArgument, what + ": must have at most 16384 keys in an object, fewer where several are so large");
  }
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(ErrorCode::kInvalidArgument, what + ": not JSON at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorCode::kInvalidArgument, what + ": not JSON (a number out of range)");
  }
}

}  // namespace tuckerseg
