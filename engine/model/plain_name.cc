#include "engine/model/plain_name.h"

#include <algorithm>
#include <cctype>

namespace tuckerseg {

bool IsPlainName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

std::string ParsePlainName(const JsonField& field) {
  const std::string name = field.Text();
  if (!IsPlainName(name)) field.Refuse("must be letters, digits, '_', '-' and '.'");
  return name;
}

}  // namespace tuckerseg
