/// Open streams by client, so that none of them holds them all.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace tuckerseg {

/// Thread-safe.
class ClientStreams {
 public:
  /// `client_share`: of `most` streams that may be open, that one client's may be (PlacesOfOneClient). Nothing is counted where that is all of them.
  ClientStreams(int64_t most, double client_share);
  ClientStreams(const ClientStreams&) = delete;
  ClientStreams& operator=(const ClientStreams&) = delete;

  /// A stream that is open until the end of its scope.
  class Open {
   public:
    /// `streams` must outlive it. Errors: kResourceExhausted with a time to try again if all that `client` may have are open.
    Open(ClientStreams& streams, const std::string& client);
    ~Open();
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

   private:
    ClientStreams& streams_;
    const std::string client_;
  };

 private:
  void Add(const std::string& client);
  void Remove(const std::string& client);

  const int64_t most_of_client_;
  const bool are_counted_;
  std::mutex mutex_;
  std::map<std::string, int64_t> open_;  // of clients that have one at least
};

}  // namespace tuckerseg
