#include "server/serve/rpc_interceptor.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/interceptor.h>

#include <chrono>
#include <string>

#include "grpc/health/v1/health.pb.h"
#include "server/serve/own_services.h"
#include "server/serve/status_of.h"
#include "server/serve/unread_message.h"

namespace tuckerseg {
namespace {

using grpc::experimental::InterceptionHookPoints;

std::string TypeOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? "bidi_stream" : "client_stream";
  return method.server_streaming() ? "server_stream" : "unary";
}

/// gRPC's own health service calls a request that it cannot read INTERNAL, and one that is not there. INTERNAL of ours names an id (StatusOf).
bool IsOfAnUnreadableRequest(const grpc::Status& status) {
  const std::string& message = status.error_message();
  return status.error_code() == grpc::StatusCode::INTERNAL && (message == "Couldn't initialize byte buffer reader" || message == "could not parse request");
}

/// What ours is told then.
const grpc::Status& UnreadableRequest() {
  static const grpc::Status status = StatusOf([] { throw UnreadableMessage(); });
  return status;
}

/// Lives as long as one RPC.
class CountingInterceptor final : public grpc::experimental::Interceptor {
 public:
  CountingInterceptor(const RpcSeries& series, AnswerHolds& answers, const grpc::ServerContextBase* context)
      : series_(series), answers_(answers), context_(context) {
    series_.Started();
  }
  /// A call that ends without a status of ours: its client went away before there was one.
  ~CountingInterceptor() override {
    if (!handled_) Handled(grpc::StatusCode::CANCELLED);
    answers_.LetGo(context_);  // of a call that was over before its handler
  }
  CountingInterceptor(const CountingInterceptor&) = delete;
  CountingInterceptor& operator=(const CountingInterceptor&) = delete;

  /// Before the status is on its way: a client that has it finds it counted.
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      if (IsOfAnUnreadableRequest(methods->GetSendStatus())) methods->ModifySendStatus(UnreadableRequest());
      Handled(methods->GetSendStatus().error_code());
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE) && methods->GetRecvMessage() != nullptr) series_.MessageReceived();  // null: none came any more
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) series_.MessageSent();
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_CLOSE)) answers_.LetGo(context_);
    methods->Proceed();
  }

 private:
  void Handled(grpc::StatusCode code) {
    handled_ = true;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started_at_;
    series_.Handled(static_cast<size_t>(code), seconds.count());
  }

  const RpcSeries& series_;
  AnswerHolds& answers_;
  const grpc::ServerContextBase* const context_;
  const std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
  bool handled_ = false;
};

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  Factory(const RpcMetrics& metrics, AnswerHolds& answers) : metrics_(metrics), answers_(answers) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    return new CountingInterceptor(metrics_.SeriesOf(info->method()), answers_, info->server_context());  // gRPC takes it over
  }

 private:
  const RpcMetrics& metrics_;
  AnswerHolds& answers_;
};

}  // namespace

std::vector<RpcMethod> ServedMethods(const ServerConfig& config) {
  // gRPC serves health without protobuf: this alone puts the service's descriptor into the program.
  grpc::health::v1::HealthCheckRequest::descriptor();
  std::vector<std::string> services = OwnServices(config);
  services.emplace_back("grpc.health.v1.Health");
  if (config.reflection) services.emplace_back("grpc.reflection.v1alpha.ServerReflection");
  std::vector<RpcMethod> methods;
  for (const std::string& name : services) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) continue;
    for (int i = 0; i < service->method_count(); ++i) {
      const auto& method = *service->method(i);
      methods.push_back({service->full_name(), method.name(), TypeOf(method)});
    }
  }
  return methods;
}

std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> CountingInterceptors(const RpcMetrics& metrics, AnswerHolds& answers) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<Factory>(metrics, answers));
  return factories;
}

}  // namespace tuckerseg
