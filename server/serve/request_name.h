/// What a client calls a request that it may send again.
#pragma once

#include <compare>
#include <string>

namespace tuckerseg {

/// A key names a request for its client alone.
struct RequestName {
  std::string client;  ///< its identity (Access::IdentityOf)
  std::string key;
  auto operator<=>(const RequestName&) const = default;
};

}  // namespace tuckerseg
