/// HOST:PORT, as servers are told where to listen.
#pragma once

#include <string>

namespace tuckerseg {

struct Address {
  std::string host;  ///< without the brackets of an IPv6 address
  int port = 0;
};

/// `key` names the setting in the message. Errors: kInvalidArgument if `text` is not HOST:PORT with a port in [0, 65535].
Address ParseAddress(const std::string& key, const std::string& text);

}  // namespace tuckerseg
