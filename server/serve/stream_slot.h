/// A call's place among those that may hold a volume at once.
#pragma once

#include <optional>
#include <string>

#include "server/serve/service_parts.h"

namespace tuckerseg {

/// Given back at the end of its scope.
class StreamSlot {
 public:
  /// `client`: who calls. Errors: kUnavailable while the server starts or stops; kResourceExhausted with a time to try again if `max_streams` have one, or its client as many
  /// as it may.
  StreamSlot(ServiceParts& parts, const std::string& client);
  ~StreamSlot();
  StreamSlot(const StreamSlot&) = delete;
  StreamSlot& operator=(const StreamSlot&) = delete;

 private:
  ServiceParts& parts_;
  std::optional<ClientStreams::Open> own_;
};

}  // namespace tuckerseg
