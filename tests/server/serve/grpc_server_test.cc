#include "server/serve/grpc_server.h"

#include <gmock/gmock.h>
#include <google/protobuf/dynamic_message.h>
#include <grpc/support/log.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "server/observe/span.h"
#include "server/serve/rpc_interceptor.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/fault/hold.h"
#include "tests/server/security/raw_call.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/metric_page.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"
#include "tuckerseg/v1/model.grpc.pb.h"

namespace tuckerseg {
namespace {

using grpc::health::v1::HealthCheckResponse;
using testing::HasSubstr;

constexpr const char* kServices[] = {"", "tuckerseg.v1.SegmentationService", "tuckerseg.v1.ModelService",
                                     "tuckerseg.v1.ServerService", "inference.GRPCInferenceService"};

/// What the server says of `service`; nothing where it does not know it.
std::optional<HealthCheckResponse::ServingStatus> HealthOf(const ServedModel& served,
                                                           const std::string& service) {
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  const grpc::Status status =
      grpc::health::v1::Health::NewStub(served.channel())->Check(&context, request, &response);
  return status.ok() ? std::optional(response.status()) : std::nullopt;
}

/// The answer of server reflection to `list_services`, as text. Its messages are those that gRPC's own
/// library registers.
std::string ReflectedServices(const std::shared_ptr<grpc::Channel>& channel) {
  const auto make = [](const char* name) {
    const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
    return std::unique_ptr<google::protobuf::Message>(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  };
  const auto request = make("grpc.reflection.v1alpha.ServerReflectionRequest");
  request->GetReflection()->SetString(request.get(),
                                      request->GetDescriptor()->FindFieldByName("list_services"), "*");
  const grpc::Slice slice(request->SerializeAsString());
  const grpc::ByteBuffer sent(&slice, 1);

  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  grpc::GenericStub stub(channel);
  auto call =
      stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  call->StartCall(nullptr);
  queue.Next(&tag, &ok);
  call->Write(sent, nullptr);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer received;
  call->Read(&received, nullptr);
  queue.Next(&tag, &ok);
  std::vector<grpc::Slice> slices;
  received.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& piece : slices)
    bytes.append(reinterpret_cast<const char*>(piece.begin()), piece.size());
  const auto response = make("grpc.reflection.v1alpha.ServerReflectionResponse");
  response->ParseFromString(bytes);

  call->WritesDone(nullptr);
  queue.Next(&tag, &ok);
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  queue.Shutdown();
  return response->DebugString();
}

TEST(GrpcServer, IsHealthyAsAWholeAndInEachService) {
  const ServedModel served;
  for (const char* service : kServices)
    EXPECT_EQ(HealthOf(served, service), HealthCheckResponse::SERVING) << service;
  EXPECT_EQ(HealthOf(served, "liveness"), HealthCheckResponse::SERVING);
  EXPECT_EQ(HealthOf(served, "tuckerseg.v1.NoService"), std::nullopt);
}

TEST(GrpcServer, AnswersReflectionWhereItIsWanted) {
  ServedOptions options;
  options.config.reflection = true;
  const ServedModel served(std::move(options));
  const std::string services = ReflectedServices(served.channel());
  for (const char* service : kServices) EXPECT_THAT(services, HasSubstr(service));
  EXPECT_THAT(services, HasSubstr("grpc.health.v1.Health"));
}

TEST(GrpcServer, HasSeriesForEveryMethodThatItServesFromTheStart) {
  ServedOptions options;
  options.config.reflection = true;
  ServedModel served(std::move(options));
  const std::string page = served.metrics().Text();
  const std::vector<RpcMethod> methods = ServedMethods(served.parts().config);
  EXPECT_EQ(methods.size(), 18U) << "two of segmentation, six of models, one of the server, six of inference, two of health, one of reflection";
  for (const RpcMethod& method : methods) {
    const std::string labels = "{grpc_method=\"" + method.method + "\",grpc_service=\"" + method.service + "\",grpc_type=\"" + method.type + "\"}";
    EXPECT_THAT(page, HasSubstr("grpc_server_started_total" + labels + " 0"));
    EXPECT_THAT(page, HasSubstr("grpc_server_handling_seconds_count" + labels + " 0"));
  }
  EXPECT_THAT(page, HasSubstr(R"(grpc_method="Segment",grpc_service="tuckerseg.v1.SegmentationService",grpc_type="bidi_stream")"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_method="Watch",grpc_service="grpc.health.v1.Health",grpc_type="server_stream")"));
}

TEST(ExpectCalls, GivesAPageWithoutAServerTheSeriesThatOneWillCountIn) {
  ServerConfig config;
  Metrics metrics("test", {"cpu"});
  Devices devices;
  devices.Add({.queue_capacity = 7}, {PlainExecutorFactory()}, int64_t{1} << 30);
  ExpectCalls(config, devices, metrics);
  const std::string page = metrics.Text();
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="0"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_queue_capacity{device="cpu",priority="all"} 7)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_in_flight{device="cpu"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_rejected_total{reason="RESOURCE_EXHAUSTED"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_cancelled_total{stage="queue"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_stages_stalled_total{device="cpu",stage="infer"} 0)"));
  const std::string segment = R"(grpc_method="Segment",grpc_service="tuckerseg.v1.SegmentationService",grpc_type="bidi_stream"})";
  EXPECT_THAT(page, HasSubstr("grpc_server_started_total{" + segment + " 0"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_handled_total{grpc_code="ResourceExhausted",)" + segment + " 0"));
}

TEST(ExpectCalls, AddsNothingToThePageOfAServerAndChangesNothingThere) {
  ServedModel served;
  ASSERT_FALSE(Segment(served.channel(), BytesOf("no volume at all")).status.ok());
  ASSERT_TRUE(served.BecomesIdle());
  const std::set<std::string> before = SeriesOf(served.metrics().Text());
  ExpectCalls(served.parts().config, served.parts().devices, served.metrics());
  const std::string page = served.metrics().Text();
  EXPECT_EQ(SeriesOf(page), before);
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_rejected_total{reason="INVALID_ARGUMENT"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_started_total{grpc_method="Segment",grpc_service="tuckerseg.v1.SegmentationService",grpc_type="bidi_stream"} 1)"));
}

TEST(GrpcServer, HasNoSeriesForADoorThatIsClosed) {
  ServedOptions options;
  options.config.open_inference = false;
  ServedModel served(std::move(options));
  EXPECT_THAT(served.metrics().Text(), testing::Not(HasSubstr("GRPCInferenceService")));
  EXPECT_THAT(served.metrics().Text(), testing::Not(HasSubstr("ServerReflection"))) << "not unless it is wanted";
}

TEST(GrpcServer, CountsTheMessagesOfCalls) {
  ServedModel served;
  const Answer answer = Segment(served.channel(), SmallCt().Bytes());
  ASSERT_TRUE(answer.status.ok());
  ASSERT_EQ(HealthOf(served, ""), HealthCheckResponse::SERVING);
  const std::string page = served.metrics().Text();
  const std::string segment = R"({grpc_method="Segment",grpc_service="tuckerseg.v1.SegmentationService",grpc_type="bidi_stream"} )";
  const std::string check = R"({grpc_method="Check",grpc_service="grpc.health.v1.Health",grpc_type="unary"} 1)";
  EXPECT_THAT(page, HasSubstr("grpc_server_msg_received_total" + segment + "2")) << "the header and a chunk";
  EXPECT_THAT(page, HasSubstr("grpc_server_msg_sent_total" + segment + std::to_string(answer.order.size())));
  EXPECT_THAT(page, HasSubstr("grpc_server_msg_received_total" + check));
  EXPECT_THAT(page, HasSubstr("grpc_server_msg_sent_total" + check));
}

TEST(GrpcServer, CountsEveryCallByMethodAndCode) {
  ServedModel served;
  ASSERT_TRUE(Segment(served.channel(), SmallCt().Bytes()).status.ok());
  ASSERT_FALSE(Segment(served.channel(), BytesOf("no volume at all")).status.ok());
  ASSERT_EQ(HealthOf(served, ""), HealthCheckResponse::SERVING);
  ASSERT_EQ(RawCall(served.channel(), "/tuckerseg.v1.SegmentationService/Compare").error_code(), grpc::INVALID_ARGUMENT);
  ASSERT_EQ(RawCall(served.channel(), "/tuckerseg.v1.SegmentationService/Enlarge").error_code(), grpc::UNIMPLEMENTED);
  const std::string page = served.metrics().Text();
  const std::string segment = R"(grpc_method="Segment",grpc_service="tuckerseg.v1.SegmentationService",grpc_type="bidi_stream"})";
  EXPECT_THAT(page, HasSubstr("grpc_server_started_total{" + segment + " 2"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_handled_total{grpc_code="OK",)" + segment + " 1"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_handled_total{grpc_code="InvalidArgument",)" + segment + " 1"));
  EXPECT_THAT(page, HasSubstr("grpc_server_handling_seconds_count{" + segment + " 2"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_handled_total{grpc_code="OK",grpc_method="Check",grpc_service="grpc.health.v1.Health",grpc_type="unary"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_handled_total{grpc_code="InvalidArgument",grpc_method="Compare",grpc_service="tuckerseg.v1.SegmentationService",grpc_type="bidi_stream"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_started_total{grpc_method="unknown",grpc_service="unknown",grpc_type="unknown"} 1)"));
}

TEST(GrpcServer, AnswersNoReflectionUnlessItIsWanted) {
  ServedOptions options;
  options.config.reflection = true;
  const ServedModel with_it(std::move(options));
  const ServedModel served;
  const char* method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  EXPECT_EQ(RawCall(served.channel(), method).error_code(), grpc::UNIMPLEMENTED);
  EXPECT_EQ(HealthOf(served, ""), HealthCheckResponse::SERVING) << "the other services are there";
}

TEST(GrpcServer, EndsConnectionsOfTheAgeThatWasSetAndServesThemAnew) {
  ServedOptions options;
  options.config.max_connection_age_s = 0.2;
  const ServedModel served(std::move(options));
  const auto channel = served.NewChannel();
  for (int connection = 0; connection < 2; ++connection) {
    ASSERT_TRUE(RawCall(channel, "/tuckerseg.v1.ServerService/GetServerInfo").ok());
    EXPECT_TRUE(WaitUntil([&] { return channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_IDLE; })) << "the server has said goodbye";
  }
}

TEST(GrpcServer, LetsCallsOfAnOldConnectionEnd) {
  ServedOptions options;
  options.config.max_connection_age_s = 0.2;
  HeldModel held(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  SegmentConversation running(held.served().channel());
  running.SendHeader({});
  running.SendFile(ct);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  held.gate().Open();
  const Answer answer = running.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

TEST(GrpcServer, CutsCallsOfAnOldConnectionAfterTheGraceThatWasSet) {
  ServedOptions options;
  options.config.max_connection_age_s = 0.5;
  options.config.max_connection_age_grace_s = 1.5;
  HeldModel held(std::move(options));
  SegmentConversation running(held.served().channel());
  running.SendHeader({});
  running.SendFile(SmallCt().Bytes());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  EXPECT_FALSE(running.Finish().status.ok());
  held.gate().Open();
  EXPECT_TRUE(held.served().BecomesIdle());
}

TEST(GrpcServer, AnswersInsideTheProcess) {
  ServedModel served;
  EXPECT_TRUE(Segment(served.server().InProcessChannel(), SmallCt().Bytes()).status.ok());
}

TEST(GrpcServer, RefusesAnAddressThatAnotherServerHas) {
  ServedModel served;
  const std::string address = "127.0.0.1:" + std::to_string(served.server().port());
  ExpectError(ErrorCode::kInternal,
              "listen = " + address + ": cannot be listened at; must be a free HOST:PORT of this machine",
              [&] { GrpcServer(served.parts(), address); });
}

TEST(GrpcMessages, ShowNothingThatAClientHasSent) {
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);  // as gRPC does once it is started
  LogGrpcMessages();
  testing::internal::CaptureStdout();
  // As gRPC says it of a header that it cannot read.
  gpr_log(GPR_ERROR, "Error parsing metadata: %s", "error=invalid value key=content-type value=Doe^Jane");
  gpr_log(GPR_ERROR, "%s", "Compression algorithm 'gzip' is disabled.");
  gpr_log(GPR_ERROR, "%s", "no more sockets");
  const std::string log = testing::internal::GetCapturedStdout();
  gpr_set_log_function(nullptr);  // gRPC's own again
  EXPECT_THAT(log, HasSubstr("key=content-type"));
  EXPECT_THAT(log, HasSubstr("no more sockets"));
  EXPECT_THAT(log, testing::Not(HasSubstr("Doe")));
  EXPECT_THAT(log, testing::Not(HasSubstr("gzip"))) << "whoever can connect could fill the log";
}

/// True once the server has told the channel's client to connect anew.
bool HasSaidGoodbye(grpc::Channel& channel) {
  return WaitUntil([&] { return channel.GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_IDLE; });
}

TEST(GrpcServerStop, LetsRunningCallsEndAndSendsClientsToTheNextServer) {
  HeldModel held;
  ServedModel& served = held.served();
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const auto channel = served.NewChannel();
  SegmentConversation running(channel);
  running.SendHeader({});
  running.SendFile(ct);
  ASSERT_TRUE(held.gate().WaitForPatch(1));

  std::jthread stopping([&] { served.server().Stop(kLimit); });
  ASSERT_TRUE(HasSaidGoodbye(*channel)) << "though a call of it runs";
  EXPECT_EQ(Segment(channel, ct).status.error_code(), grpc::UNAVAILABLE) << "there is none yet";
  {
    ServedOptions same_port;
    same_port.listen = served.address();
    const ServedModel next(std::move(same_port));
    EXPECT_TRUE(WaitUntil([&] { return Segment(channel, ct).status.ok(); }));
  }
  held.gate().Open();
  const Answer answer = running.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.order.back(), 's');
  stopping.join();
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(GrpcServerStart, IsAliveAndTellsOfItsModelsButTakesNoWorkWhileTheyAreLoaded) {
  ServedModel served;
  served.parts().starting = true;  // as main has it until the first models are loaded
  served.server().SetCanServe(true);
  for (const char* service : kServices) EXPECT_EQ(HealthOf(served, service), HealthCheckResponse::NOT_SERVING) << service;
  EXPECT_EQ(HealthOf(served, "liveness"), HealthCheckResponse::SERVING);
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const Answer refused = Segment(served.channel(), ct);
  EXPECT_EQ(refused.status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("is starting"));
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(refused.status));
  const auto models = v1::ModelService::NewStub(served.channel());
  {
    grpc::ClientContext context;
    v1::LoadVariantRequest request;
    request.set_name("original");
    v1::LoadVariantResponse response;
    EXPECT_EQ(models->LoadVariant(&context, request, &response).error_code(), grpc::UNAVAILABLE);
  }
  {
    grpc::ClientContext context;
    v1::UnloadVariantRequest request;
    request.set_name("original");
    v1::UnloadVariantResponse response;
    EXPECT_EQ(models->UnloadVariant(&context, request, &response).error_code(), grpc::UNAVAILABLE);
  }
  {
    grpc::ClientContext context;
    v1::ListModelsResponse response;
    EXPECT_TRUE(models->ListModels(&context, {}, &response).ok());
    EXPECT_EQ(response.models_size(), 1);
  }
  served.parts().starting = false;
  served.server().SetCanServe(true);
  EXPECT_EQ(HealthOf(served, ""), HealthCheckResponse::SERVING);
  EXPECT_TRUE(Segment(served.channel(), ct).status.ok());
}

TEST(GrpcServerStop, IsNotServingFromItsBeginAndAliveUntilItsDelayIsOver) {
  ServedModel served;
  std::jthread stopping([&] { served.server().Stop(kLimit, std::chrono::seconds(3)); });
  for (const char* service : kServices) {
    EXPECT_TRUE(WaitUntil([&] { return HealthOf(served, service) == HealthCheckResponse::NOT_SERVING; })) << service;
  }
  EXPECT_EQ(HealthOf(served, "liveness"), HealthCheckResponse::SERVING);
  EXPECT_TRUE(HasSaidGoodbye(*served.channel()));
  EXPECT_EQ(HealthOf(served, "liveness"), std::nullopt) << "who looks at the port finds it closed";
}

TEST(GrpcServerStop, TakesCallsUntilItsDelayIsOverThoughItIsNotServing) {
  HeldModel held;
  ServedModel& served = held.served();
  const std::vector<std::byte> ct = SmallCt().Bytes();
  std::jthread stopping([&] { served.server().Stop(kLimit, std::chrono::seconds(3)); });
  ASSERT_TRUE(WaitUntil([&] { return HealthOf(served, "") == HealthCheckResponse::NOT_SERVING; }));
  SegmentConversation late(served.channel());
  late.SendHeader({});
  late.SendFile(ct);
  ASSERT_TRUE(held.gate().WaitForPatch(1)) << "a load balancer that has not looked yet sends it";
  ASSERT_TRUE(HasSaidGoodbye(*served.channel()));
  EXPECT_EQ(Segment(served.channel(), ct).status.error_code(), grpc::UNAVAILABLE);
  held.gate().Open();
  const Answer answer = late.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

TEST(GrpcServerStop, EndsThoseThatWatchVariantsAtOnce) {
  ServedModel served;
  grpc::ClientContext context;
  const auto stub = v1::ModelService::NewStub(served.channel());
  const auto reader = stub->WatchVariants(&context, {});
  v1::WatchVariantsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  served.server().Stop(std::chrono::seconds(0));
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::UNAVAILABLE);
}

TEST(GrpcServerStop, LosesNoStatusOfTheLastCall) {
  // The call's handler returns just when the server waits for the last one: the status must reach the client
  // all the same.
  const std::vector<std::byte> ct = SmallCt().Bytes();
  for (int i = 0; i < 20; ++i) {
    HeldModel held;
    SegmentConversation conversation(held.served().channel());
    conversation.SendHeader({});
    conversation.SendFile(ct);
    ASSERT_TRUE(held.gate().WaitForPatch(1));
    std::jthread stopping([&] { held.served().server().Stop(kLimit); });
    ASSERT_TRUE(WaitUntil([&] { return held.served().parts().draining.load(); }));
    held.gate().Open();
    const Answer answer = conversation.Finish();
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  }
}

/// Holds the thread of the call that has spans to give away.
class HeldSpans final : public SpanSink {
 public:
  void Take(std::vector<Span>) override { hold_.Wait(); }
  Hold& hold() { return hold_; }

 private:
  Hold hold_;
};

TEST(GrpcServerStop, GivesUpOnACallThatHangsThoughItWasCancelled) {
  HeldSpans spans;  // before the server, whose thread waits there
  ServedModel served(TracedTo(spans));
  SegmentConversation conversation(served.channel());
  conversation.SendHeader({});
  conversation.SendFile(SmallCt().Bytes());
  ASSERT_TRUE(spans.hold().IsReached());
  EXPECT_FALSE(served.server().Stop(std::chrono::seconds(0), {}, std::chrono::milliseconds(300)));
  spans.hold().Release();
  EXPECT_TRUE(served.server().Stop(std::chrono::seconds(0))) << "in the end it does not hang";
}

TEST(GrpcServerStop, WaitsForALevelThatIsBeingLoadedByName) {
  Hold loading;  // before the server, whose thread waits there
  ServedOptions options;
  options.load_at_start = false;
  options.executor = [&loading, make = options.executor](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    loading.Wait();
    return make(graph, weights, prefix);
  };
  ServedModel served(std::move(options));
  const std::jthread load([&served] {
    grpc::ClientContext context;
    v1::LoadVariantRequest request;
    request.set_name("original");
    v1::LoadVariantResponse response;
    v1::ModelService::NewStub(served.channel())->LoadVariant(&context, request, &response);
  });
  EXPECT_TRUE(loading.IsReached());
  auto stopped = std::async(std::launch::async, [&served] { return served.server().Stop(std::chrono::seconds(0), {}, std::chrono::milliseconds(200)); });
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(2)), std::future_status::timeout) << "it could be done at any moment";
  loading.Release();
  EXPECT_TRUE(stopped.get());
}

TEST(GrpcServerStop, CancelsWhatRunsAfterTheGrace) {
  HeldModel held;
  SegmentConversation running(held.served().channel());
  running.SendHeader({});
  running.SendFile(SmallCt().Bytes());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  held.served().server().Stop(std::chrono::milliseconds(10));
  const Answer answer = running.Finish();
  EXPECT_FALSE(answer.status.ok());
  EXPECT_THAT(answer.order, testing::Not(HasSubstr("s")));
  EXPECT_EQ(held.served().parts().streams, 0);
  held.gate().Open();
  EXPECT_TRUE(held.served().BecomesIdle());
  EXPECT_EQ(held.gate().arrived(), 1) << "the patch that ran was the last";
}

}  // namespace
}  // namespace tuckerseg
