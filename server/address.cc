#include "server/address.h"

#include <algorithm>
#include <charconv>

#include "engine/error.h"
#include "server/known_keys.h"

namespace tuckerseg {
namespace {

bool IsBlankOrControl(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; }

}  // namespace

Address ParseAddress(const std::string& key, const std::string& text) {
  const size_t colon = text.rfind(':');
  Address address;
  const char* end = text.data() + text.size();
  const char* begin = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto result = std::from_chars(begin, end, address.port);
  const bool is_written_oddly = std::any_of(text.begin(), text.end(), IsBlankOrControl);
  if (colon == 0 || begin == end || result.ec != std::errc() || result.ptr != end || address.port < 0 || address.port > 65535 || is_written_oddly) {
    throw Error(ErrorCode::kInvalidArgument, key + " = " + ShownKey(text) + ": must be HOST:PORT with a port in [0, 65535]");
  }
  address.host = text.substr(0, colon);
  if (address.host.front() == '[' && address.host.back() == ']') address.host = address.host.substr(1, address.host.size() - 2);
  return address;
}

}  // namespace tuckerseg
