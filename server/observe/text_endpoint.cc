#include "server/observe/text_endpoint.h"

#include <httplib.h>

#include <chrono>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "server/address.h"

namespace tuckerseg {
namespace {

/// A scrape takes milliseconds: two at a time are plenty.
constexpr size_t kThreads = 2;

}  // namespace

struct TextEndpoint::State {
  httplib::Server server;
  int port = 0;
  std::jthread thread;
};

TextEndpoint::TextEndpoint(const std::string& address, const std::string& path, const std::string& content_type,
                           std::function<std::string()> text)
    : state_(std::make_unique<State>()) {
  httplib::Server& server = state_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };  // httplib takes it over
  // Its own default would share the port with another server that asks for the same.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  server.Get(path, [content_type, text = std::move(text)](const httplib::Request&, httplib::Response& response) {
    response.set_content(text(), content_type);
  });
  const auto [host, port] = ParseAddress("metrics", address);
  if (port == 0) {
    state_->port = server.bind_to_any_port(host);
  } else if (server.bind_to_port(host, port)) {
    state_->port = port;
  }
  if (state_->port <= 0) {
    throw Error(ErrorCode::kInternal, "metrics = " + address + ": cannot be listened at; must be a free HOST:PORT");
  }
  state_->thread = std::jthread([&server] { server.listen_after_bind(); });
  // Stopping a server that does not listen yet would be forgotten, and its thread waited for without end.
  while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TextEndpoint::~TextEndpoint() { state_->server.stop(); }

int TextEndpoint::port() const { return state_->port; }

}  // namespace tuckerseg
