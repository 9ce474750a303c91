#include "server/serve/stream_slot.h"

#include "engine/error.h"
#include "server/serve/taken_calls.h"

namespace tuckerseg {

StreamSlot::StreamSlot(ServiceParts& parts, const std::string& client) : parts_(parts) {
  ThrowUnlessCallsAreTaken(parts_);
  // First among its client's: who asks again and again for more than those must not, even for a moment, count among all.
  own_.emplace(parts_.client_streams, client);
  const int64_t others = parts_.streams.fetch_add(1);
  try {
    ThrowUnlessCallsAreTaken(parts_);  // once more: whoever stops the server waits for those alone that it has seen counted
    if (others >= parts_.config.max_streams) {
      throw Error(ErrorCode::kResourceExhausted, "streams: " + std::to_string(others) + " are open: must be fewer than " +
                                                     std::to_string(parts_.config.max_streams) + "; try again later")
          .RetryAfter(5);
    }
  } catch (...) {
    parts_.streams.fetch_sub(1);
    throw;
  }
}

StreamSlot::~StreamSlot() {
  own_.reset();  // who sees that there is one less finds its client's place free
  parts_.streams.fetch_sub(1);
}

}  // namespace tuckerseg
