#include "server/serve/stream_slot.h"

#include <string>

#include "engine/error.h"

namespace tuckerseg {

StreamSlot::StreamSlot(ServiceParts& parts) : parts_(parts) {
  const int64_t others = parts_.streams.fetch_add(1);
  try {
    if (parts_.draining) throw Error(ErrorCode::kUnavailable, "the server is stopping: try another one");
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

}  // namespace tuckerseg
