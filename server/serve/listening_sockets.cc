#include "server/serve/listening_sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

namespace tuckerseg {
namespace {

/// As gRPC sets it with our keepalive: a connection whose bytes nobody acknowledges is given up then.
constexpr unsigned kUnacknowledgedMs = 20'000;
/// Free ports that are tried: one that is free at the first address may be another's at the next.
constexpr int kFreePorts = 10;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses Resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list) != 0) return nullptr;
  return Addresses(list);
}

void SetOption(int socket, int level, int option, unsigned value) { setsockopt(socket, level, option, &value, sizeof(value)); }

void SetPort(sockaddr* address, int port) {
  const auto number = htons(static_cast<uint16_t>(port));
  if (address->sa_family == AF_INET) reinterpret_cast<sockaddr_in*>(address)->sin_port = number;
  if (address->sa_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(address)->sin6_port = number;
}

/// A socket that listens at one address; -1, with the reason in errno, where it cannot be had. Connections take its options over. `for_ipv4_too`: what [::]
/// is for.
int ListenerAt(const addrinfo& address, bool for_ipv4_too) {
  const int listener = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return -1;
  // Not SO_REUSEPORT: two servers on one port would share its calls at random.
  SetOption(listener, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(listener, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMs);
  if (address.ai_family == AF_INET6) SetOption(listener, IPPROTO_IPV6, IPV6_V6ONLY, for_ipv4_too ? 0 : 1);
  if (bind(listener, address.ai_addr, address.ai_addrlen) == 0 && listen(listener, SOMAXCONN) == 0) return listener;
  const int reason = errno;
  close(listener);
  errno = reason;
  return -1;
}

bool AreEqual(const addrinfo& one, const addrinfo& other) {
  return one.ai_addrlen == other.ai_addrlen && std::memcmp(one.ai_addr, other.ai_addr, one.ai_addrlen) == 0;
}

/// Each once, with that port: a name may have one twice, in /etc/hosts say, and the second time it would be taken by ourselves.
std::vector<addrinfo*> Distinct(addrinfo* addresses, int port) {
  std::vector<addrinfo*> distinct;
  for (addrinfo* at = addresses; at != nullptr; at = at->ai_next) {
    SetPort(at->ai_addr, port);
    if (std::none_of(distinct.begin(), distinct.end(), [at](const addrinfo* other) { return AreEqual(*at, *other); })) distinct.push_back(at);
  }
  return distinct;
}

/// Of an address of another machine, of a network interface that is not there, of a family that the kernel lacks.
bool IsNotThisMachines(int reason) { return reason == EADDRNOTAVAIL || reason == EAFNOSUPPORT || reason == EINVAL || reason == ENODEV; }

/// Nothing, with the reason in errno, where one of them cannot be had. Port 0: the one that the first has got.
std::vector<int> TryEach(const std::vector<addrinfo*>& addresses, int port) {
  // Beside [::] 0.0.0.0 would be taken by ourselves: `*` is both.
  const bool has_ipv4 = std::any_of(addresses.begin(), addresses.end(), [](const addrinfo* at) { return at->ai_family == AF_INET; });
  std::vector<int> listeners;
  for (addrinfo* at : addresses) {
    SetPort(at->ai_addr, port);
    const int listener = ListenerAt(*at, /*for_ipv4_too=*/!has_ipv4);
    if (listener >= 0) {
      listeners.push_back(listener);
      port = PortOf(listener);
    } else if (const int reason = errno; !IsNotThisMachines(reason)) {
      for (const int had : listeners) close(had);
      errno = reason;
      return {};
    }
  }
  return listeners;
}

}  // namespace

std::vector<int> ListenAt(const Address& address) { return ListenAtEach(Resolve(address).get(), address.port); }

std::vector<int> ListenAtEach(addrinfo* addresses, int port) {
  const std::vector<addrinfo*> distinct = Distinct(addresses, port);
  std::vector<int> listeners;
  int tries = port == 0 ? kFreePorts : 1;
  do {
    listeners = TryEach(distinct, port);
  } while (listeners.empty() && errno == EADDRINUSE && --tries > 0);
  return listeners;
}

int PortOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
}

}  // namespace tuckerseg
