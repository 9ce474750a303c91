#include "server/observe/text_endpoint.h"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "server/address.h"
#include "server/known_keys.h"
#include "server/observe/bounded_stream.h"
#include "server/observe/log.h"

namespace tuckerseg {
namespace {

/// A page takes milliseconds, but a client that connects and says nothing takes a thread until it is given up: a probe must find another one.
constexpr size_t kThreads = 8;
/// Threads that may be at pages which are no probes: one that waits for a lock or a disk, or for whoever reads it, must not keep a probe waiting.
constexpr size_t kMostAtPages = kThreads - 2;
/// Connections that may wait for one. Of more the one that has waited longest goes: whoever asks now has its turn within the time that others have for a question.
constexpr size_t kMostWaiting = 64;
/// For a whole question, and to the end of the answer, both from when its connection came.
constexpr std::chrono::seconds kForAQuestion{2};
constexpr std::chrono::seconds kForAPage{30};
/// A browser's with its cookies has some thousands. httplib's regular expressions take stack for each of them: EnsureThreadStacks() sees to that.
constexpr size_t kMostAskedBytes = 16384;
/// From one try to have the port again to the next.
constexpr std::chrono::milliseconds kBeforeListeningAgain{100};

/// Pages load nothing and run nothing, whatever a text in them may be taken for.
const httplib::Headers kHeaders{{"Cache-Control", "no-store"},
                                {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
                                {"X-Content-Type-Options", "nosniff"}};

using Clock = BoundedStream::Clock;

/// A connection, and when it came.
struct Arrival {
  socket_t connection;
  Clock::time_point at;
};

/// Runs httplib's jobs where they come up. They only hand a connection to PageServer's own threads.
class AtOnce final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> job) override { job(); }
  void shutdown() override {}
};

/// Answers one question of each connection, within BoundedStream's bounds, on threads of its own: httplib's queue has no end, tells nobody how long a job has waited, and
/// is worked off before a server stops.
class PageServer final : public httplib::Server {
 public:
  PageServer() {
    new_task_queue = [] { return new AtOnce; };  // httplib takes it over
    waiting_.reserve(kMostWaiting);
    at_pages_.reserve(kMostAtPages);
    for (size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  }
  /// Lets running answers end. Whoever waits for one gets none.
  ~PageServer() override {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
    for (const Arrival& arrival : waiting_) Close(arrival.connection);
  }

  /// Whether the calling thread, which is one of this server's, may make a page that is no probe. If so, it is at that page until its connection is closed.
  bool MayMakeAPage() {
    const std::lock_guard lock(mutex_);
    if (at_pages_.size() == kMostAtPages) return false;
    at_pages_.push_back(std::this_thread::get_id());
    return true;
  }

 private:
  bool process_and_close_socket(socket_t connection) override {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() == kMostWaiting) {
        Close(waiting_.front().connection);
        waiting_.erase(waiting_.begin());
      }
      waiting_.push_back({connection, Clock::now()});  // its memory is there
    }
    changed_.notify_one();
    return true;
  }

  void Work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) && !stop.stop_requested()) {
      const Arrival next = waiting_.front();
      waiting_.erase(waiting_.begin());
      lock.unlock();
      Answer(next);
      lock.lock();
    }
  }

  void Answer(const Arrival& arrival) {
    try {
      // What has come is read even when the time for a question is over: it may have waited for a thread until then.
      BoundedStream stream(arrival.connection, {.read_until = arrival.at + kForAQuestion, .write_until = arrival.at + kForAPage, .most_read = kMostAskedBytes});
      bool closed = false;
      // Whoever asks for parts of a page gets all of it, as HTTP allows: httplib would copy it once for each of thousands of ranges.
      process_request(stream, /*close_connection=*/true, closed, [](httplib::Request& request) { request.ranges.clear(); });
    } catch (...) {  // of memory: whoever asks next may find some
    }
    {
      const std::lock_guard lock(mutex_);
      std::erase(at_pages_, std::this_thread::get_id());
    }
    Close(arrival.connection);
  }

  static void Close(socket_t connection) {
    shutdown(connection, SHUT_RDWR);
    close(connection);
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Arrival> waiting_;  // guarded by the mutex; in the order in which they came
  std::vector<std::thread::id> at_pages_;  // likewise: those that make or send a page that is no probe
  std::vector<std::jthread> threads_;  // last: they use the others
};

void LogFailure(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "page_failed", {{"what", error.what()}});
  } catch (...) {
    Log(LogLevel::kError, "page_failed", nlohmann::json::object());
  }
}

TextAnswer Busy() { return {.text = "busy: as many pages are being made or read as may be at a time; ask again later\n", .status = 503}; }

void Configure(httplib::Server& server) {
  // Its own default would share the port with another server that asks for the same.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  // Bodies are not read at all: httplib reads them before it looks for a page, and bounds none whose length is not announced.
  server.set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
    if (request.method == "GET" || request.method == "HEAD") return httplib::Server::HandlerResponse::Unhandled;
    response.status = 404;
    return httplib::Server::HandlerResponse::Handled;
  });
  server.set_default_headers(kHeaders);
  // Its own default writes the exception's text into a header.
  server.set_exception_handler([](const httplib::Request&, httplib::Response& response, const std::exception_ptr& exception) {
    LogIfPossible([&] { LogFailure(exception); });
    response.status = 500;
    response.set_content("internal error\n", "text/plain; charset=utf-8");
  });
}

}  // namespace

struct TextEndpoint::State {
  /// Until a stop is asked for. httplib gives its port up at an unusual error of accept(), want of memory for one, which passes: it is taken again.
  void Listen(const std::stop_token& stop) {
    while (!server.listen_after_bind()) {
      if (!stop.stop_requested()) LogIfPossible([] { Log(LogLevel::kError, "pages_interrupted", nlohmann::json::object()); });
      do {
        if (stop.stop_requested()) return;
        std::this_thread::sleep_for(kBeforeListeningAgain);
      } while (!server.bind_to_port(host, port));
    }
  }

  PageServer server;
  std::string host;
  int port = 0;
  std::atomic<bool> ended = false;  // the thread listens no more
  std::jthread thread;
};

TextEndpoint::TextEndpoint(const std::string& address, std::vector<TextPage> pages) : state_(std::make_unique<State>()) {
  PageServer& server = state_->server;
  Configure(server);
  for (TextPage& page : pages) {
    server.Get(page.path, [&server, is_probe = page.is_probe, answer = std::move(page.answer)](const httplib::Request&, httplib::Response& response) {
      const TextAnswer text = is_probe || server.MayMakeAPage() ? answer() : Busy();
      response.status = text.status;
      response.set_content(text.text, text.content_type);
    });
  }
  const auto [host, port] = ParseAddress("metrics", address);
  state_->host = host;
  if (port == 0) {
    state_->port = server.bind_to_any_port(host);
  } else if (server.bind_to_port(host, port)) {
    state_->port = port;
  }
  if (state_->port <= 0) {
    throw Error(ErrorCode::kInternal, "metrics = " + ShownKey(address) + ": cannot be listened at; must be a free HOST:PORT of this machine");
  }
  state_->thread = std::jthread([state = state_.get()](const std::stop_token& stop) {
    state->Listen(stop);
    state->ended = true;
  });
}

TextEndpoint::~TextEndpoint() {
  state_->thread.request_stop();
  // Stopping a server that does not listen yet would be forgotten, and its thread waited for without end.
  while (!state_->server.is_running() && !state_->ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  state_->server.stop();
}

int TextEndpoint::port() const { return state_->port; }

}  // namespace tuckerseg
