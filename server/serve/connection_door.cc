#include "server/serve/connection_door.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"
#include "server/address.h"
#include "server/observe/log.h"

namespace tuckerseg {
namespace {

/// Where no descriptor is left, poll() would return at once again.
constexpr int kRestMs = 50;
/// A door that stays full must not fill the log.
constexpr std::chrono::minutes kBetweenWords{1};
/// As gRPC sets it with our keepalive: a connection whose bytes nobody acknowledges is given up then.
constexpr unsigned kUnacknowledgedMs = 20'000;

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

int PortOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
}

/// A socket that listens at one address; -1 where it cannot be had. Connections take its options over.
int ListenerAt(const addrinfo& address) {
  const int listener = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return -1;
  // Not SO_REUSEPORT: two servers on one port would share its calls at random.
  SetOption(listener, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(listener, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMs);
  if (address.ai_family == AF_INET6) SetOption(listener, IPPROTO_IPV6, IPV6_V6ONLY, 0);  // [::] is for IPv4 too
  if (bind(listener, address.ai_addr, address.ai_addrlen) == 0 && listen(listener, SOMAXCONN) == 0) return listener;
  close(listener);
  return -1;
}

}  // namespace

ConnectionDoor::ConnectionDoor(const std::string& address, int64_t most) : most_(most) {
  Listen(address);
  bell_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (listeners_.empty() || bell_ < 0) {
    for (const int listener : listeners_) close(listener);
    throw Error(ErrorCode::kInternal, "listen = " + address + ": cannot be listened at; must be a free HOST:PORT");
  }
}

ConnectionDoor::~ConnectionDoor() {
  if (thread_.joinable()) {
    thread_.request_stop();
    eventfd_write(bell_, 1);
    thread_.join();
  }
  for (const int listener : listeners_) close(listener);
  close(bell_);
}

void ConnectionDoor::Listen(const std::string& address) {
  const Addresses addresses = Resolve(ParseAddress("listen", address));
  for (addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    if (port_ != 0) SetPort(at->ai_addr, port_);  // all addresses of a name get the port that the first one has
    const int listener = ListenerAt(*at);
    if (listener < 0) continue;
    listeners_.push_back(listener);
    port_ = PortOf(listener);
  }
}

void ConnectionDoor::Open(LetIn let_in) {
  let_in_ = std::move(let_in);
  thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
}

void ConnectionDoor::Work(const std::stop_token& stop) {
  std::vector<pollfd> awaited;
  for (const int listener : listeners_) awaited.push_back({listener, POLLIN, 0});
  awaited.push_back({bell_, POLLIN, 0});
  while (!stop.stop_requested()) {
    if (poll(awaited.data(), awaited.size(), -1) < 0) continue;  // interrupted
    for (size_t i = 0; i + 1 < awaited.size() && !stop.stop_requested(); ++i)
      if (awaited[i].revents != 0) Accept(awaited[i].fd);
  }
}

void ConnectionDoor::Accept(int listener) {
  const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) {
    // It has gone already; or there is no descriptor or memory for it now: it waits outside.
    pollfd bell{bell_, POLLIN, 0};
    if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) poll(&bell, 1, kRestMs);
    return;
  }
  struct stat status {};
  if (!HasRoom() || fstat(socket, &status) != 0 || !Remember({socket, status.st_dev, status.st_ino})) {
    close(socket);
    return TellThatItIsFull();
  }
  let_in_(socket);
}

bool ConnectionDoor::Remember(const Inside& inside) {
  try {
    inside_.push_back(inside);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool ConnectionDoor::HasRoom() {
  if (static_cast<int64_t>(inside_.size()) < most_) return true;
  // Whoever was let in is closed by others, who tell nobody.
  std::erase_if(inside_, [](const Inside& inside) {
    struct stat status {};
    return fstat(inside.socket, &status) != 0 || status.st_dev != inside.device || status.st_ino != inside.number;
  });
  return most_ <= 0 || static_cast<int64_t>(inside_.size()) < most_;
}

void ConnectionDoor::TellThatItIsFull() {
  const auto now = std::chrono::steady_clock::now();
  if (told_full_at_ != std::chrono::steady_clock::time_point{} && now - told_full_at_ < kBetweenWords) return;
  told_full_at_ = now;
  LogIfPossible([this] { Log(LogLevel::kWarning, "connections_refused", {{"most", most_}}); });
}

}  // namespace tuckerseg
