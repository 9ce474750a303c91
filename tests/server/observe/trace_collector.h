/// A collector of traces in this process, one that is dead, and one whose answer has no end.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tuckerseg {

/// Takes what is sent to /v1/traces, and answers with a status of the test's choice. Thread-safe.
class TraceCollector {
 public:
  TraceCollector() {
    server_.Post("/v1/traces", [this](const httplib::Request& request, httplib::Response& response) {
      EXPECT_EQ(request.get_header_value("Content-Type"), "application/json");
      const std::lock_guard lock(mutex_);
      messages_.push_back(nlohmann::json::parse(request.body));
      response.status = status_;
      response.set_content("{}", "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~TraceCollector() { server_.stop(); }
  TraceCollector(const TraceCollector&) = delete;
  TraceCollector& operator=(const TraceCollector&) = delete;

  int port() const { return port_; }
  void AnswerWith(int status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  size_t messages() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }
  /// All spans that have come, in order.
  std::vector<nlohmann::json> spans() const {
    const std::lock_guard lock(mutex_);
    std::vector<nlohmann::json> spans;
    for (const nlohmann::json& message : messages_)
      for (const nlohmann::json& resource : message.at("resourceSpans"))
        for (const nlohmann::json& scope : resource.at("scopeSpans"))
          for (const nlohmann::json& span : scope.at("spans")) spans.push_back(span);
    return spans;
  }

 private:
  httplib::Server server_;
  mutable std::mutex mutex_;
  std::vector<nlohmann::json> messages_;
  int status_ = 200;
  int port_ = 0;
  std::jthread thread_;
};

/// Connections can be made to it, and nothing is ever answered.
class DeadCollector {
 public:
  DeadCollector() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(socket_, 100), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~DeadCollector() { close(socket_); }
  DeadCollector(const DeadCollector&) = delete;
  DeadCollector& operator=(const DeadCollector&) = delete;

  int port() const { return port_; }
  /// What it listens at.
  int listening() const { return socket_; }

 private:
  int socket_;
  int port_ = 0;
};

/// Answers every connection, one at a time, with `begin`, and then with `piece` again and again until it is closed.
class EndlessCollector {
 public:
  EndlessCollector(std::string begin, std::string piece, std::chrono::milliseconds pause)
      : begin_(std::move(begin)), piece_(std::move(piece)), pause_(pause), thread_([this](const std::stop_token& stop) { Work(stop); }) {}

  int port() const { return dead_.port(); }

 private:
  void Work(const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
      pollfd coming{dead_.listening(), POLLIN, 0};
      if (poll(&coming, 1, /*timeout=*/5) <= 0) continue;
      const int connection = accept(dead_.listening(), nullptr, nullptr);
      bool is_open = Say(connection, begin_);
      while (is_open && !stop.stop_requested()) {
        is_open = Say(connection, piece_);
        std::this_thread::sleep_for(pause_);
      }
      close(connection);
    }
  }
  /// False once the other side has closed. What finds no room is left out.
  static bool Say(int connection, const std::string& text) { return send(connection, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN; }

  const DeadCollector dead_;
  const std::string begin_, piece_;
  const std::chrono::milliseconds pause_;
  const std::jthread thread_;  // last: it uses the others
};

}  // namespace tuckerseg
