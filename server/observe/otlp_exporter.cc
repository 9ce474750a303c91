#include "server/observe/otlp_exporter.h"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "server/observe/bounded_stream.h"
#include "server/observe/log.h"

namespace tuckerseg {
namespace {

constexpr const char* kQueue = "queue";
constexpr const char* kCollector = "collector";

/// Headers included. Collectors answer with some hundred bytes; httplib matches the first line with a regular expression that takes stack for each of its characters.
constexpr size_t kMostAnswerBytes = 8192;

/// Bounds a whole message and a whole answer: httplib's own would wait for ever for a collector that answers a byte at a time, and keep all that it says.
class Collector final : public httplib::ClientImpl {
 public:
  explicit Collector(const OtlpOptions& options) : httplib::ClientImpl(options.collector.host, options.collector.port), patience_(options.patience) {
    set_connection_timeout(patience_);
    set_decompress(false);  // nobody reads what the answer says, and few bytes may become many
  }

 private:
  bool process_socket(const Socket& connection, std::function<bool(httplib::Stream&)> exchange) override {
    const BoundedStream::Clock::time_point begin = BoundedStream::Clock::now();
    BoundedStream stream(connection.sock, {.read_until = begin + 2 * patience_, .write_until = begin + patience_, .most_read = kMostAnswerBytes});
    return exchange(stream);
  }

  const std::chrono::milliseconds patience_;
};

}  // namespace

/// The way to the collector; says in the log when it breaks and when it is whole again, not each time.
class OtlpExporter::Connection {
 public:
  explicit Connection(const OtlpOptions& options) : options_(options), collector_(options) {}

  /// Whether the collector has taken them.
  bool Send(const std::vector<Span>& spans) {
    const std::string problem = ProblemOf(spans);
    TellOfTheChange(problem);
    whole_ = problem.empty();
    return whole_;
  }

 private:
  void TellOfTheChange(const std::string& problem) const noexcept {
    LogIfPossible([&] {
      if (!problem.empty() && whole_) Log(LogLevel::kWarning, "traces_not_taken", {{"reason", problem}});
      if (problem.empty() && !whole_) Log(LogLevel::kInfo, "traces_taken_again", nlohmann::json::object());
    });
  }

  std::string ProblemOf(const std::vector<Span>& spans) {
    try {
      httplib::Request request;
      request.method = "POST";
      request.path = options_.collector.path;
      request.headers.emplace("Content-Type", "application/json");
      request.body = OtlpJson(spans, options_.source);
      httplib::Response answer;
      httplib::Error error = httplib::Error::Success;
      const bool is_whole = collector_.send(request, answer, error);
      const bool has_status = answer.status > 0;  // it may have come where the rest has not
      if (has_status && (answer.status < 200 || answer.status > 299)) return std::string("status ").append(std::to_string(answer.status));
      if (!is_whole) return std::string(has_status ? "no whole answer: " : "no answer: ").append(httplib::to_string(error));
      return "";
    } catch (const std::exception& failure) {
      return failure.what();
    }
  }

  const OtlpOptions& options_;
  Collector collector_;
  bool whole_ = true;
};

OtlpExporter::OtlpExporter(OtlpOptions options, DropCounter dropped)
    : options_(std::move(options)), dropped_(std::move(dropped)), thread_([this](const std::stop_token& stop) { Work(stop); }) {
  for (const char* reason : {kQueue, kCollector}) Drop(reason, 0);
}

OtlpExporter::~OtlpExporter() = default;

void OtlpExporter::Take(std::vector<Span> spans) {
  const size_t count = spans.size();
  try {
    const std::lock_guard lock(mutex_);
    // Those of a request go together or not at all: half a trace misleads. An insertion that fails leaves none of them.
    if (waiting_.size() + count <= options_.most_waiting) {
      waiting_.insert(waiting_.end(), std::make_move_iterator(spans.begin()), std::make_move_iterator(spans.end()));
      changed_.notify_one();
      return;
    }
  } catch (const std::bad_alloc&) {  // requests may have what memory there is
  }
  Drop(kQueue, count);
}

void OtlpExporter::Work(const std::stop_token& stop) {
  Connection connection(options_);
  for (;;) {
    try {
      const std::vector<Span> spans = Gather(stop);
      if (spans.empty()) return;
      if (connection.Send(spans)) continue;
      Drop(kCollector, spans.size());
    } catch (const std::bad_alloc&) {
      DropAll(kQueue);  // what waits is memory that others need
    }
    if (stop.stop_requested()) return DropAll(kCollector);
  }
}

std::vector<Span> OtlpExporter::Gather(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
  changed_.wait_for(lock, stop, options_.gather, [this] { return waiting_.size() >= options_.most_at_once; });
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), options_.most_at_once));
  std::vector<Span> spans(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return spans;
}

void OtlpExporter::Drop(const char* reason, size_t spans) const noexcept {
  try {
    dropped_(reason, spans);
  } catch (...) {  // a span more or less in a count must end neither a call nor the server
  }
}

void OtlpExporter::DropAll(const char* reason) noexcept {
  size_t left = 0;
  {
    const std::lock_guard lock(mutex_);
    left = waiting_.size();
    waiting_.clear();
  }
  if (left > 0) Drop(reason, left);
}

}  // namespace tuckerseg
