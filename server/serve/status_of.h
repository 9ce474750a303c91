/// The only place that turns an Error into a gRPC status.
#pragma once

#include <grpcpp/support/status.h>

#include <exception>
#include <functional>
#include <string>

namespace tuckerseg {

/// Runs `handler`; an Error becomes its status, with google.rpc details (ErrorInfo, whose metadata have the field, the numbers of a limit of bytes and the
/// stage; BadRequest with the field; RetryInfo where waiting helps). Anything else becomes INTERNAL with a random id that the log has beside the reason, and
/// without details.
/// Never throws: where there is no memory to word a status it is RESOURCE_EXHAUSTED.
/// `stage`: asked, once `handler` has failed, for the name of the stage that the request was in; null, or an empty function: of none.
grpc::Status StatusOf(const std::function<void()>& handler, const std::function<const char*()>& stage = {});

/// The field that a message of an Error begins with: up to its value, or to what is said of it.
std::string FieldOf(const std::string& message);

/// gRPC's name of a status code, e.g. "INVALID_ARGUMENT".
std::string NameOf(grpc::StatusCode code);

}  // namespace tuckerseg
