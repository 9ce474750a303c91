#include "server/observe/text_endpoint.h"

#include <httplib.h>

#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "server/address.h"
#include "server/observe/log.h"

namespace tuckerseg {
namespace {

/// A page takes milliseconds, but a client that connects and says nothing takes a thread until it is given up: a probe must find another one.
constexpr size_t kThreads = 8;
constexpr std::chrono::seconds kSilence{2};
/// No page takes a body.
constexpr size_t kMostBodyBytes = 1024;

/// Pages load nothing and run nothing, whatever a text in them may be taken for.
const httplib::Headers kHeaders{{"Cache-Control", "no-store"},
                                {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
                                {"X-Content-Type-Options", "nosniff"}};

void Configure(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };  // httplib takes it over
  // Its own default would share the port with another server that asks for the same.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  server.set_keep_alive_max_count(1);
  server.set_keep_alive_timeout(kSilence.count());
  server.set_read_timeout(kSilence);
  server.set_payload_max_length(kMostBodyBytes);
  server.set_default_headers(kHeaders);
  // Its own default writes the exception's text into a header.
  server.set_exception_handler([](const httplib::Request&, httplib::Response& response, const std::exception_ptr& exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "page_failed", {{"what", error.what()}});
    } catch (...) {
      Log(LogLevel::kError, "page_failed", nlohmann::json::object());
    }
    response.status = 500;
    response.set_content("internal error\n", "text/plain; charset=utf-8");
  });
}

}  // namespace

struct TextEndpoint::State {
  httplib::Server server;
  int port = 0;
  std::jthread thread;
};

TextEndpoint::TextEndpoint(const std::string& address, std::vector<TextPage> pages) : state_(std::make_unique<State>()) {
  httplib::Server& server = state_->server;
  Configure(server);
  for (TextPage& page : pages) {
    server.Get(page.path, [answer = std::move(page.answer)](const httplib::Request&, httplib::Response& response) {
      const TextAnswer text = answer();
      response.status = text.status;
      response.set_content(text.text, text.content_type);
    });
  }
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
