/// http://HOST:PORT/PATH, as a server is told whom to send to.
#pragma once

#include <string>

namespace tuckerseg {

struct HttpUrl {
  std::string host;  ///< without the brackets of an IPv6 address
  int port = 0;
  std::string path;  ///< from its '/' on
};

/// `key` names the setting in the message. Errors: kInvalidArgument for what is not http://HOST:PORT/PATH: another scheme (there is no TLS here),
/// no port, a user or password (a configuration file is no place for one), a fragment. Messages do not show the text: a password or a collector's key may stand in any part of it.
HttpUrl ParseHttpUrl(const std::string& key, const std::string& text);

}  // namespace tuckerseg
