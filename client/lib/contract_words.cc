#include "client/lib/contract_words.h"

#include <algorithm>
#include <cctype>

namespace tuckerseg {
namespace {

/// "STAGE_INFER" -> "infer".
std::string WithoutPrefix(const std::string& name, const std::string& prefix) {
  std::string text = name.substr(std::min(prefix.size(), name.size()));
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string NameOf(v1::Stage stage) { return WithoutPrefix(v1::Stage_Name(stage), "STAGE_"); }

std::string NameOf(v1::LevelReason reason) { return WithoutPrefix(v1::LevelReason_Name(reason), "LEVEL_REASON_"); }

}  // namespace tuckerseg
