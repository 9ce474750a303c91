/// The last requests that a server has answered, for people who look at it.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace tuckerseg {

struct StageSeconds {
  std::string stage;
  double seconds = 0;
};

/// One request: nothing of a patient, no word of a client. Task and variant are names that this server serves, empty where the request came to none.
struct RequestEntry {
  std::chrono::system_clock::time_point started;
  std::string request_id;  ///< ours
  std::string task;
  std::string variant;
  std::string reason;  ///< why this variant; empty where none was chosen
  std::string device;
  std::string code;
  double seconds = 0;
  std::vector<StageSeconds> stages;  ///< the same ones in every entry
};

/// Keeps the newest and forgets the others: its size never grows with the number of requests. Thread-safe.
class RequestRing {
 public:
  explicit RequestRing(size_t capacity = 50) : capacity_(capacity) {}

  void Add(RequestEntry entry);
  /// The newest first.
  std::vector<RequestEntry> Newest() const;

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<RequestEntry> entries_;  // the newest first
};

}  // namespace tuckerseg
