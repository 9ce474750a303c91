#include "server/serve/taken_calls.h"

#include "engine/error.h"
#include "server/stopping_error.h"

namespace tuckerseg {

void ThrowUnlessCallsAreTaken(const ServiceParts& parts) {
  if (parts.draining) throw StoppingError();
  if (parts.starting) throw Error(ErrorCode::kUnavailable, "the server is starting: its models are being loaded; try again later, or another one").RetryAfter(2);
}

}  // namespace tuckerseg
