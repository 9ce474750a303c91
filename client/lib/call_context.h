/// The context of one gRPC call, within the caller's limits.
#pragma once

#include <grpcpp/client_context.h>

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "client/lib/client.h"

namespace tuckerseg {

/// In time that only goes on: the time of day may be set between two attempts.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// When a call that begins now must have ended.
inline Deadline DeadlineOf(const CallLimits& limits) {
  return limits.deadline ? Deadline(std::chrono::steady_clock::now() + *limits.deadline) : std::nullopt;
}

/// Cancelled when the caller's stop is asked for.
class CallContext {
 public:
  /// `token`: shown with the call; empty: none.
  CallContext(const CallLimits& limits, const std::string& token) : CallContext(limits, token, DeadlineOf(limits)) {}
  CallContext(const CallLimits& limits, const std::string& token, Deadline deadline) : cancel_(limits.stop, [this] { context_.TryCancel(); }) {
    if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
    if (deadline) context_.set_deadline(std::chrono::system_clock::now() + (*deadline - std::chrono::steady_clock::now()));
  }
  grpc::ClientContext* get() { return &context_; }

 private:
  grpc::ClientContext context_;
  std::stop_callback<std::function<void()>> cancel_;
};

}  // namespace tuckerseg
