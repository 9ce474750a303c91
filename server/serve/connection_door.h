/// The port that clients connect to: lets so many connections in and turns the next ones away, until some have gone.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace tuckerseg {

/// gRPC's own listener lets everybody in, and where the process has no descriptor left for a connection it never listens again (1.51: tcp_server_posix.cc, on_read): a few
/// hundred idle clients would shut all others out for good. This one keeps descriptors for everything else, and goes on after any such error.
class ConnectionDoor {
 public:
  /// Takes over the socket of a connection, which does not block. Called from the door's thread; must not throw.
  using LetIn = std::function<void(int socket)>;

  /// Listens at HOST:PORT (port 0: any free one), as ListenAt() does. Connections wait at the door until Open(). `most`: that may be inside at once; 0: no
  /// limit. Errors: kInvalidArgument for what is no address, kInternal if it cannot be had.
  ConnectionDoor(const std::string& address, int64_t most);
  /// Lets nobody in any more. Those inside are not touched.
  ~ConnectionDoor();
  ConnectionDoor(const ConnectionDoor&) = delete;
  ConnectionDoor& operator=(const ConnectionDoor&) = delete;

  int port() const { return port_; }

  /// Once.
  void Open(LetIn let_in);

 private:
  /// A socket that was let in. Its descriptor may be another file's by now: the number behind it tells.
  struct Inside {
    int socket;
    dev_t device;
    ino_t number;
  };

  void Work(const std::stop_token& stop);
  void Accept(int listener);
  bool HasRoom();
  /// False where there is no memory for it.
  bool Remember(const Inside& inside);
  void TellThatItIsFull();

  const int64_t most_;
  std::vector<int> listeners_;
  int port_ = 0;
  int bell_ = -1;  // an eventfd: rung at the end
  LetIn let_in_;
  std::vector<Inside> inside_;                              // of the thread
  std::chrono::steady_clock::time_point told_full_at_{};    // likewise
  std::jthread thread_;
};

}  // namespace tuckerseg
