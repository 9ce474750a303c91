#include "server/serve/connection_door.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"
#include "server/address.h"
#include "server/observe/log.h"
#include "server/serve/listening_sockets.h"

namespace tuckerseg {
namespace {

/// Where no descriptor is left, poll() would return at once again.
constexpr int kRestMs = 50;
/// A door that stays full must not fill the log.
constexpr std::chrono::minutes kBetweenWords{1};

}  // namespace

ConnectionDoor::ConnectionDoor(const std::string& address, int64_t most) : most_(most) {
  listeners_ = ListenAt(ParseAddress("listen", address));
  if (!listeners_.empty()) port_ = PortOf(listeners_.front());
  bell_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (listeners_.empty() || bell_ < 0) {
    for (const int listener : listeners_) close(listener);
    if (bell_ >= 0) close(bell_);
    throw Error(ErrorCode::kInternal, "listen = " + address + ": cannot be listened at; must be a free HOST:PORT of this machine");
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
