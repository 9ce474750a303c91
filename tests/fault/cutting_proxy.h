/// Stands between a client and a server on this machine, and cuts their connection after a byte of the test's choice, in the middle of a frame if need be.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tuckerseg {

/// When a connection is cut: after so many bytes from the client, or from the server.
struct Cut {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  int64_t up = kNever;
  int64_t down = kNever;
};

/// Its first connection is cut. Those that come later are let through whole, or closed at once.
class CuttingProxy {
 public:
  enum class Later { kPass, kAreClosed };

  CuttingProxy(int server_port, const Cut& cut, Later later) : server_port_(server_port), cut_(cut), later_(later), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Loopback(0);
    EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener_, 100), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { Accept(); });
  }
  ~CuttingProxy() {
    shutdown(listener_, SHUT_RDWR);  // accept() returns
    acceptor_.join();
    for (const auto& connection : connections_) connection->Break();
    pumps_.clear();
    close(listener_);
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  int port() const { return port_; }

 private:
  /// The two sockets of a connection, closed when nobody uses them any more.
  class Connection {
   public:
    Connection(int client, int server) : client_(client), server_(server) {}
    ~Connection() {
      close(client_);
      close(server_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int client() const { return client_; }
    int server() const { return server_; }
    void Break() const {
      shutdown(client_, SHUT_RDWR);
      shutdown(server_, SHUT_RDWR);
    }

   private:
    const int client_;
    const int server_;
  };

  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    return address;
  }

  void Accept() {
    for (bool first = true;; first = false) {
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      if (!first && later_ == Later::kAreClosed) {
        close(client);
        continue;
      }
      const int server = socket(AF_INET, SOCK_STREAM, 0);
      const sockaddr_in address = Loopback(server_port_);
      const auto connection = std::make_shared<const Connection>(client, server);
      if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) continue;
      connections_.push_back(connection);
      const Cut cut = first ? cut_ : Cut{};
      pumps_.emplace_back([connection, cut] { Pump(connection->client(), connection->server(), cut.up, *connection); });
      pumps_.emplace_back([connection, cut] { Pump(connection->server(), connection->client(), cut.down, *connection); });
    }
  }

  static void Pump(int from, int to, int64_t left, const Connection& connection) {
    char bytes[4096];
    while (left > 0) {
      const ssize_t count = recv(from, bytes, static_cast<size_t>(std::min<int64_t>(left, sizeof(bytes))), 0);
      if (count <= 0 || !SendAll(to, bytes, count)) break;
      left -= count;
    }
    connection.Break();
  }

  static bool SendAll(int to, const char* bytes, ssize_t size) {
    for (ssize_t sent = 0; sent < size;) {
      const ssize_t count = send(to, bytes + sent, static_cast<size_t>(size - sent), MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += count;
    }
    return true;
  }

  const int server_port_;
  const Cut cut_;
  const Later later_;
  const int listener_;
  int port_ = 0;
  std::vector<std::shared_ptr<const Connection>> connections_;  // of the acceptor, until it has ended
  std::vector<std::jthread> pumps_;                             // likewise
  std::jthread acceptor_;
};

}  // namespace tuckerseg
