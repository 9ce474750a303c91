/// A connection with bounds on all that is read from it and on when: httplib's own hold for each read and each write, and none for the length of a line.
#pragma once

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

namespace tuckerseg {

/// Does not own the connection. Blocks until there is something to read, room to write, or no time left; not thread-safe.
class BoundedStream final : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;

  struct Bounds {
    Clock::time_point read_until;  ///< what has come by then is read afterwards, too
    Clock::time_point write_until;
    size_t most_read = 0;  ///< bytes
  };

  BoundedStream(socket_t connection, const Bounds& bounds) : connection_(connection), bounds_(bounds), left_(bounds.most_read) {}

  bool is_readable() const override { return Wait(POLLIN, bounds_.read_until); }
  bool is_writable() const override { return Clock::now() < bounds_.write_until && Wait(POLLOUT, bounds_.write_until); }
  ssize_t read(char* bytes, size_t size) override {
    if (left_ == 0 || !is_readable()) return -1;
    const ssize_t count = recv(connection_, bytes, std::min(size, left_), MSG_DONTWAIT);
    if (count > 0) left_ -= static_cast<size_t>(count);
    return count;
  }
  ssize_t write(const char* bytes, size_t size) override {
    return is_writable() ? send(connection_, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) : -1;  // a part: httplib asks again for the rest
  }
  // Nobody here asks who the other side is.
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib refuses numbers that its select() could not take, which a server of many connections comes to. It selects on none of these.
  socket_t socket() const override { return 0; }

 private:
  bool Wait(short event, Clock::time_point end) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd awaited{connection_, event, 0};
    return poll(&awaited, 1, left > 0 ? static_cast<int>(left) : 0) > 0;
  }

  const socket_t connection_;
  const Bounds bounds_;
  size_t left_;
};

}  // namespace tuckerseg
