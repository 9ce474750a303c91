/// Clients that send what no honest one would, to every call that a server offers: each call ends with a status that says so, tells nothing of the server's files, and leaves nothing behind.
#include "tests/server/serve/hostile_messages.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/nifti_reader.h"
#include "server/security/role.h"
#include "server/serve/rpc_interceptor.h"
#include "server/serve/status_of.h"
#include "tests/server/security/contract_methods.h"
#include "tests/server/security/raw_call.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/encoded_call.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/metric_page.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using google::protobuf::MethodDescriptor;
using testing::AnyOf;
using testing::Not;

constexpr int kCallsOfAMethod = 200;

/// For calls that have no end but this.
constexpr std::chrono::milliseconds kImpatient{50};

/// What honest clients send, by the type of their messages.
std::map<std::string, std::vector<std::string>> RealConversations() {
  InferRequest infer = RawRequest(kDhw, RandomVoxels<int16_t>());
  infer.set_model_name("tiny");
  return {{v1::SegmentRequest::descriptor()->full_name(), EncodedUpload<v1::SegmentRequest>({}, SmallCt().Bytes())},
          {v1::CompareRequest::descriptor()->full_name(), EncodedUpload<v1::CompareRequest>(Comparing({"original", "quick"}), SmallCt().Gzip())},
          {InferRequest::descriptor()->full_name(), {infer.SerializeAsString()}}};
}

/// A server with all that it can offer, reflection included, and memory for small volumes alone.
class HostileClients : public testing::Test {
 protected:
  /// After whatever a client did, an honest one is served, and nothing is held.
  void TearDown() override {
    v1::SegmentHeader header;
    header.mutable_level()->set_name("original");
    const Answer answer = Segment(served_.channel(), ct_, header);
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    Segmenter engine(TinyServedBundle(), PlainExecutorFactory());
    EXPECT_EQ(DecodedLabels(answer.file), engine.Segment(ReadNifti(ct_).volume, {}).label_map.labels);
    EXPECT_TRUE(served_.BecomesIdle()) << "no call, no place in the queue, no memory";
    EXPECT_TRUE(WaitUntil([this] {
      const std::string page = served_.metrics().Text();
      return SumOf(page, "grpc_server_started_total{") == SumOf(page, "grpc_server_handled_total{");
    })) << "every handler has come to its end";
    EXPECT_EQ(SumOf(served_.metrics().Text(), R"(grpc_server_handled_total{grpc_code="Internal")"), 0);
  }

  /// Of every service, health and reflection among them.
  std::vector<const MethodDescriptor*> Methods() {
    std::vector<const MethodDescriptor*> methods;
    for (const RpcMethod& method : ServedMethods(served_.parts().config)) {
      methods.push_back(google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(method.service + "." + method.method));
    }
    return methods;
  }

  void ExpectAnswered(const Heard& heard, bool may_be_late) const {
    const std::string& message = heard.status.error_message();
    EXPECT_THAT(NameOf(heard.status.error_code()), Not(AnyOf("UNKNOWN", "INTERNAL", "UNAVAILABLE"))) << message;
    if (!may_be_late) {
      EXPECT_NE(NameOf(heard.status.error_code()), "DEADLINE_EXCEEDED") << message;
    }
    const std::string models = disk_.models().string();
    for (const std::string& told : {message, heard.status.error_details(), heard.answers}) EXPECT_EQ(told.find(models), std::string::npos) << message;
  }

  /// By an honest client's messages, or else any of the method's type; not all of them are spoilt.
  EncodedCall CallOf(const MethodDescriptor& method, HostileMessages& hostile) const {
    const auto real = conversations_.find(method.input_type()->full_name());
    EncodedCall call;
    call.messages = real != conversations_.end() ? real->second : std::vector<std::string>{hostile.Message(*method.input_type())};
    for (size_t left = hostile.Below(4); left > 0; --left) hostile.Spoil(call.messages, *method.input_type());
    if (hostile.OnceIn(8)) call.ending = Ending::kCancel;
    if (hostile.OnceIn(100)) call.ending = Ending::kNeither;
    call.cancels_when_answered = HasNoEnd(method) && !hostile.OnceIn(40);
    if (call.ending == Ending::kNeither || (HasNoEnd(method) && !call.cancels_when_answered)) call.deadline = kImpatient;
    return call;
  }

  /// Stops at a failure: one is enough to look at.
  void CallOften(const MethodDescriptor& method, unsigned seed) const {
    const std::string path = PathOf(method);
    HostileMessages hostile(seed);
    for (int i = 0; i < kCallsOfAMethod && !HasFailure(); ++i) {
      SCOPED_TRACE(path + ", seed " + std::to_string(seed) + ", call " + std::to_string(i));
      const EncodedCall call = CallOf(method, hostile);
      // Work may take its time, or more than its client grants; all else must not keep anybody waiting.
      const bool may_be_late = call.deadline == kImpatient || RoleOf(path) == Role::kSegment;
      ExpectAnswered(MakeCall(call, path, served_.channel()), may_be_late);
    }
  }

  ServedOptions Options() const {
    disk_.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
    ServedOptions options;
    options.models = disk_.models();
    options.config.memory_limit_bytes = int64_t{16} << 20;
    options.config.allow_phantom_quality = true;
    options.config.reflection = true;
    return options;
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  const std::map<std::string, std::vector<std::string>> conversations_ = RealConversations();
  ServedModel served_{Options()};
};

TEST_F(HostileClients, MayCallWhateverIsServed) {
  std::vector<std::string> paths;
  for (const MethodDescriptor* method : Methods()) {
    ASSERT_NE(method, nullptr);
    paths.push_back(PathOf(*method));
    EXPECT_NE(NameOf(RawCall(served_.channel(), paths.back()).error_code()), "UNIMPLEMENTED") << paths.back();
  }
  EXPECT_THAT(paths, testing::IsSupersetOf(ContractMethods())) << "none is left out below";
}

TEST_F(HostileClients, GetAStatusFromEveryCall) {
  const char* seconds = std::getenv("TUCKERSEG_FUZZ_SECONDS");  // `make fuzz` goes on for so long
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds != nullptr ? std::stod(seconds) : 0);
  unsigned seed = 0;
  do {
    for (const MethodDescriptor* method : Methods()) CallOften(*method, ++seed);
  } while (!HasFailure() && std::chrono::steady_clock::now() < end);
}

TEST_F(HostileClients, AreToldThatWhatTheySendCannotBeRead) {
  for (const MethodDescriptor* method : Methods()) {
    const std::string path = PathOf(*method);
    for (const std::vector<std::string>& messages : {std::vector<std::string>{"\xFF\xFF\xFF"}, std::vector<std::string>{}}) {
      if (method->client_streaming() && PathOf(*method).starts_with("/grpc.")) continue;  // gRPC's own: what cannot be read ends the client's side of its streams
      SCOPED_TRACE(path + (messages.empty() ? ", no message" : ", no message of its type"));
      const Heard heard = MakeCall({.messages = messages}, path, served_.channel());
      EXPECT_EQ(NameOf(heard.status.error_code()), "INVALID_ARGUMENT") << heard.status.error_message();
      EXPECT_FALSE(heard.status.error_message().empty());
    }
  }
}

}  // namespace
}  // namespace tuckerseg
