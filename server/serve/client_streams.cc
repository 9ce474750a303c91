#include "server/serve/client_streams.h"

#include "engine/error.h"
#include "server/client_share.h"

namespace tuckerseg {

ClientStreams::ClientStreams(int64_t most, double client_share) : most_of_client_(PlacesOfOneClient(most, client_share)), are_counted_(most_of_client_ < most) {}

void ClientStreams::Add(const std::string& client) {
  if (!are_counted_) return;
  const std::lock_guard lock(mutex_);
  int64_t& open = open_[client];
  if (open >= most_of_client_) throw Error(ErrorCode::kResourceExhausted, ShareIsHeld("streams", most_of_client_)).RetryAfter(5);
  ++open;
}

void ClientStreams::Remove(const std::string& client) {
  if (!are_counted_) return;
  const std::lock_guard lock(mutex_);
  const auto own = open_.find(client);
  if (--own->second == 0) open_.erase(own);
}

ClientStreams::Open::Open(ClientStreams& streams, const std::string& client) : streams_(streams), client_(client) { streams_.Add(client_); }

ClientStreams::Open::~Open() { streams_.Remove(client_); }

}  // namespace tuckerseg
