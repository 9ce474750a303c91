/// A service whose methods read their clients' messages themselves, each within a bound.
#pragma once

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/method_handler.h>
#include <grpcpp/support/sync_stream.h>

#include <cstdint>

#include "server/serve/status_of.h"
#include "server/serve/unread_message.h"

namespace tuckerseg {

/// Derived classes add each method of theirs, as protoc's own service classes do. Those have gRPC read the messages, of unary calls before a handler is asked: whoever may connect could send what is far
/// larger in memory than on the wire (2 MB of empty fields that nobody knows become 49).
/// `method`: "/package.Service/Method", a literal. `most`: what a message may take in memory. A message that cannot be read, or would take more, ends its call with StatusOf what ReadInto throws.
class BoundedService : public grpc::Service {
 protected:
  /// `told_of_unread`: is told of such an end; null: nobody is.
  template <typename Service, typename Request, typename Response>
  void AddUnary(const char* method, grpc::Status (Service::*handle)(grpc::ServerContext*, const Request*, Response*), int64_t most = kMostOfARequest,
                void (Service::*told_of_unread)(const grpc::Status&) = nullptr) {
    const auto read = [handle, most, told_of_unread](Service* service, grpc::ServerContext* context, const UnreadMessage* unread, Response* response) {
      Request request;
      const grpc::Status status = StatusOf([&] { unread->ReadInto(request, most); });
      if (status.ok()) return (service->*handle)(context, &request, response);
      if (told_of_unread != nullptr) (service->*told_of_unread)(status);
      return status;
    };
    using Handler = grpc::internal::RpcMethodHandler<Service, UnreadMessage, Response>;
    Add(method, grpc::internal::RpcMethod::NORMAL_RPC, new Handler(read, static_cast<Service*>(this)));
  }

  template <typename Service, typename Request, typename Response>
  void AddServerStream(const char* method, grpc::Status (Service::*handle)(grpc::ServerContext*, const Request*, grpc::ServerWriter<Response>*)) {
    const auto read = [handle](Service* service, grpc::ServerContext* context, const UnreadMessage* unread, grpc::ServerWriter<Response>* writer) {
      Request request;
      const grpc::Status status = StatusOf([&] { unread->ReadInto(request, kMostOfARequest); });
      return status.ok() ? (service->*handle)(context, &request, writer) : status;
    };
    using Handler = grpc::internal::ServerStreamingHandler<Service, UnreadMessage, Response>;
    Add(method, grpc::internal::RpcMethod::SERVER_STREAMING, new Handler(read, static_cast<Service*>(this)));
  }

  /// `handle` reads each message when it wants it.
  template <typename Service, typename Response>
  void AddStream(const char* method, grpc::Status (Service::*handle)(grpc::ServerContext*, grpc::ServerReaderWriter<Response, UnreadMessage>*)) {
    const auto run = [handle](Service* service, grpc::ServerContext* context, grpc::ServerReaderWriter<Response, UnreadMessage>* stream) { return (service->*handle)(context, stream); };
    using Handler = grpc::internal::BidiStreamingHandler<Service, UnreadMessage, Response>;
    Add(method, grpc::internal::RpcMethod::BIDI_STREAMING, new Handler(run, static_cast<Service*>(this)));
  }

 private:
  /// gRPC takes both over.
  void Add(const char* method, grpc::internal::RpcMethod::RpcType type, grpc::internal::MethodHandler* handler) { AddMethod(new grpc::internal::RpcServiceMethod(method, type, handler)); }
};

}  // namespace tuckerseg
