/// A call's place among those that may hold a volume at once.
#pragma once

#include "server/serve/service_parts.h"

namespace tuckerseg {

/// Given back at the end of its scope.
class StreamSlot {
 public:
  /// Errors: kUnavailable while the server stops; kResourceExhausted with a time to try again if `max_streams` have one.
  explicit StreamSlot(ServiceParts& parts);
  ~StreamSlot() { parts_.streams.fetch_sub(1); }
  StreamSlot(const StreamSlot&) = delete;
  StreamSlot& operator=(const StreamSlot&) = delete;

 private:
  ServiceParts& parts_;
};

}  // namespace tuckerseg
