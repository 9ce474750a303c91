#include "server/http_url.h"

#include <algorithm>
#include <string_view>

#include "engine/error.h"
#include "server/address.h"

namespace tuckerseg {
namespace {

constexpr std::string_view kScheme = "http://";

/// Those of a host, of a port and of the brackets around an IPv6 address: so no '@' behind a password.
bool BelongsToAddress(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view(".-_:[]").find(c) != std::string_view::npos;
}

/// What may stand in the first line of a request as it is.
bool BelongsToPath(char c) { return c > ' ' && c < '\x7F' && std::string_view("\"#<>\\^`{|}").find(c) == std::string_view::npos; }

}  // namespace

HttpUrl ParseHttpUrl(const std::string& key, const std::string& text) {
  const Error wrong(ErrorCode::kInvalidArgument, key + ": must be http://HOST:PORT/PATH with a port in [1, 65535], without user and password");
  if (!text.starts_with(kScheme)) throw wrong;
  const size_t slash = text.find('/', kScheme.size());
  if (slash == std::string::npos) throw wrong;
  const std::string address = text.substr(kScheme.size(), slash - kScheme.size());
  HttpUrl url{.host = "", .port = 0, .path = text.substr(slash)};
  if (!std::all_of(address.begin(), address.end(), BelongsToAddress) || !std::all_of(url.path.begin(), url.path.end(), BelongsToPath)) throw wrong;
  try {
    const Address parsed = ParseAddress(key, address);
    url.host = parsed.host;
    url.port = parsed.port;
  } catch (const Error&) {
    throw wrong;  // of the whole value, not of a part
  }
  if (url.port == 0 || url.host.empty()) throw wrong;
  return url;
}

}  // namespace tuckerseg
