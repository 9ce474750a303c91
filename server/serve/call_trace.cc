#include "server/serve/call_trace.h"

#include <iterator>
#include <optional>
#include <string_view>

#include "server/observe/trace_context.h"
#include "server/random_id.h"

namespace tuckerseg {

CallTrace TraceOf(const grpc::ServerContext& context) {
  const auto [begin, end] = context.client_metadata().equal_range("traceparent");
  if (std::distance(begin, end) == 1) {
    const std::optional<TraceContext> client = ParseTraceparent(std::string_view(begin->second.data(), begin->second.size()));
    if (client) return {client->trace_id, client->parent_id, client->sampled};
  }
  return {.trace_id = RandomId(), .parent_id = "", .sampled = true};
}

}  // namespace tuckerseg
