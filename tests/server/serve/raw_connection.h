/// A TCP connection to a port on this machine, byte by byte.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/server/wait_until.h"

namespace tuckerseg {

class RawConnection {
 public:
  explicit RawConnection(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawConnection() { close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void Send(std::string_view bytes) const { EXPECT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size())); }
  /// Says that it will send no more.
  void HalfClose() const { shutdown(socket_, SHUT_WR); }

  /// What has come, as soon as something has; nothing if the other side has closed, or says nothing for so long.
  std::string Receive(std::chrono::milliseconds patience = kLimit) const {
    const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    char bytes[4096];
    const ssize_t count = recv(socket_, bytes, sizeof(bytes), 0);
    return count > 0 ? std::string(bytes, static_cast<size_t>(count)) : std::string();
  }
  /// True once the other side has closed, whatever it has said before.
  bool IsClosed() const {
    return WaitUntil([this] {
      char bytes[4096];
      const ssize_t count = recv(socket_, bytes, sizeof(bytes), MSG_DONTWAIT);
      return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
    });
  }
  /// Whether the other side has not closed it, whatever it has said.
  bool IsOpen() const {
    char bytes[4096];
    ssize_t count = 0;
    while ((count = recv(socket_, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR);
  }

 private:
  const int socket_;
};

}  // namespace tuckerseg
