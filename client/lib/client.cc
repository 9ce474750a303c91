#include "client/lib/client.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "client/lib/call_context.h"
#include "client/lib/comparison.h"
#include "client/lib/error_of.h"
#include "client/lib/segment_attempt.h"
#include "client/lib/send_again.h"
#include "engine/error.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tuckerseg/v1/model.grpc.pb.h"
#include "tuckerseg/v1/server_info.grpc.pb.h"

namespace tuckerseg {

Client::Client(const ClientOptions& options) : channel_(MakeChannel(options)), token_(ShownToken(options)) {}

Client::Client(const std::string& address) : Client(ClientOptions{.server = address}) {}

Client::Client(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}

Client::~Client() = default;

v1::Summary Client::Segment(const v1::SegmentHeader& header, const ByteProducer& volume, const SegmentEvents& events,
                            const CallLimits& limits) {
  const Deadline deadline = DeadlineOf(limits);  // of all attempts together
  SendAgain again(*channel_, limits, deadline, SendAgain::kServerReturns, was_there_);
  v1::SegmentHeader sent = header;
  for (;;) {
    CallContext context(limits, token_, deadline);
    SegmentAttempt attempt = SendSegment(channel_, context.get(), sent, volume, events);
    if (attempt.server_was_there) was_there_ = true;
    if (attempt.status.ok()) return *std::move(attempt.summary);
    // Without a key the work might be done twice; without `again` a caller would take two beginnings for one label map.
    const bool possible = !header.idempotency_key().empty() && (!attempt.label_map_has_begun || events.again);
    if (!possible || !again.Wait(attempt)) throw ErrorOf(attempt.status);
    // A server that knows nothing of this attempt might choose another level: its label map would be another one.
    if (!attempt.variant.empty()) sent.set_resume_level(attempt.variant);
    if (events.again) events.again(again.attempts() + 1);
  }
}

std::vector<v1::LevelResult> Client::Compare(const v1::CompareHeader& header, const ByteProducer& volume, const CompareEvents& events, const CallLimits& limits) {
  CallContext context(limits, token_);
  return SendComparison(channel_, context.get(), header, volume, events);
}

v1::ListModelsResponse Client::ListModels(const CallLimits& limits) {
  CallContext context(limits, token_);
  v1::ListModelsResponse response;
  ThrowUnlessOk(v1::ModelService::NewStub(channel_)->ListModels(context.get(), {}, &response));
  return response;
}

v1::GetModelResponse Client::GetModel(const std::string& task, const CallLimits& limits) {
  CallContext context(limits, token_);
  v1::GetModelRequest request;
  request.set_task(task);
  v1::GetModelResponse response;
  ThrowUnlessOk(v1::ModelService::NewStub(channel_)->GetModel(context.get(), request, &response));
  return response;
}

v1::ListVariantsResponse Client::ListVariants(const std::string& task, const CallLimits& limits) {
  CallContext context(limits, token_);
  v1::ListVariantsRequest request;
  request.set_task(task);
  v1::ListVariantsResponse response;
  ThrowUnlessOk(v1::ModelService::NewStub(channel_)->ListVariants(context.get(), request, &response));
  return response;
}

v1::Variant Client::LoadVariant(const std::string& task, const std::string& variant, const std::string& device, const CallLimits& limits) {
  CallContext context(limits, token_);
  v1::LoadVariantRequest request;
  request.set_task(task);
  request.set_name(variant);
  request.set_device(device);
  v1::LoadVariantResponse response;
  ThrowUnlessOk(v1::ModelService::NewStub(channel_)->LoadVariant(context.get(), request, &response));
  return std::move(*response.mutable_variant());
}

v1::Variant Client::UnloadVariant(const std::string& task, const std::string& variant, const std::string& device, const CallLimits& limits) {
  CallContext context(limits, token_);
  v1::UnloadVariantRequest request;
  request.set_task(task);
  request.set_name(variant);
  request.set_device(device);
  v1::UnloadVariantResponse response;
  ThrowUnlessOk(v1::ModelService::NewStub(channel_)->UnloadVariant(context.get(), request, &response));
  return std::move(*response.mutable_variant());
}

void Client::WatchVariants(const std::function<void(const v1::Variant&)>& sink, const CallLimits& limits) {
  CallContext context(limits, token_);
  const auto stub = v1::ModelService::NewStub(channel_);
  const auto reader = stub->WatchVariants(context.get(), {});
  try {
    for (v1::WatchVariantsResponse response; reader->Read(&response);) sink(response.variant());
  } catch (...) {
    context.get()->TryCancel();
    for (v1::WatchVariantsResponse unused; reader->Read(&unused);) {
    }
    reader->Finish();
    throw;
  }
  ThrowUnlessOk(reader->Finish());
}

v1::GetServerInfoResponse Client::GetServerInfo(const CallLimits& limits) {
  CallContext context(limits, token_);
  v1::GetServerInfoResponse response;
  ThrowUnlessOk(v1::ServerService::NewStub(channel_)->GetServerInfo(context.get(), {}, &response));
  return response;
}

bool Client::IsServing(const std::string& service, const CallLimits& limits) {
  CallContext context(limits, token_);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  ThrowUnlessOk(grpc::health::v1::Health::NewStub(channel_)->Check(context.get(), request, &response));
  return response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

void Client::ThrowUnlessOk(const grpc::Status& status) {
  if (!status.ok()) throw ErrorOf(status);
  was_there_ = true;
}

}  // namespace tuckerseg
