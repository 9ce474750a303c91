/// Nothing of a patient, and no word of a client, is left with the server or with those who watch it: canaries go in at every door, and are searched for in
/// log, metrics, pages, traces, records, files and settings of the process.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/serve/rpc_interceptor.h"
#include "server/serve/status_of.h"
#include "tests/fault/canary_files.h"
#include "tests/fault/canary_search.h"
#include "tests/fault/running_server.h"
#include "tests/fault/text_places.h"
#include "tests/integration/program.h"
#include "tests/server/observe/trace_collector.h"
#include "tests/server/security/contract_methods.h"
#include "tests/server/security/raw_call.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/encoded_call.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"
#include "tuckerseg/v1/model.pb.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

std::string TextOf(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Names of all files below a folder.
std::set<std::string> FilesBelow(const fs::path& folder) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) names.insert(fs::relative(entry.path(), folder).string());
  return names;
}

/// What the descriptors of a process lead to; nothing where they may not be seen.
std::set<std::string> OpenFiles(const std::string& process) {
  std::set<std::string> links;
  std::error_code hidden;
  for (fs::directory_iterator it("/proc/" + process + "/fd", hidden), end; !hidden && it != end; it.increment(hidden)) {
    std::error_code gone;
    links.insert(fs::read_symlink(it->path(), gone).string());
  }
  return links;
}

/// What an honest client sends, by the type of its messages, where a call goes further with it than with a text alone.
std::map<std::string, std::vector<std::string>> HonestMessages() {
  const std::vector<std::byte> ct = CanaryNifti().Bytes();
  v1::LoadVariantRequest load;
  load.set_name("coarse");
  v1::UnloadVariantRequest unload;
  unload.set_name("coarse");
  return {{v1::SegmentRequest::descriptor()->full_name(), EncodedUpload<v1::SegmentRequest>({}, ct)},
          {v1::CompareRequest::descriptor()->full_name(), EncodedUpload<v1::CompareRequest>(Comparing({"original", "coarse"}), ct)},
          {v1::LoadVariantRequest::descriptor()->full_name(), {load.SerializeAsString()}},
          {v1::UnloadVariantRequest::descriptor()->full_name(), {unload.SerializeAsString()}},
          {InferRequest::descriptor()->full_name(), {RawRequest(kDhw, RandomVoxels<int16_t>()).SerializeAsString()}}};
}

/// A second level for the model of the folder.
void AddCoarseLevel(const ModelFolder& models) {
  const Bundle bundle = LoadBundle(models.bundle());
  SaveVariant(TinyVariant(bundle.model, {{"coarse", 0.3, true, 1}}, 11), bundle.model, models.bundle() / "variants" / "coarse");
}

class Privacy : public testing::Test {
 protected:
  Privacy() {
    AddCoarseLevel(models_);
    // The server takes both from this process. Whatever it should make there is found there.
    fs::create_directories(folder_.path() / "temporary");
    fs::create_directories(folder_.path() / "working");
    setenv("TMPDIR", (folder_.path() / "temporary").c_str(), 1);
    fs::current_path(folder_.path() / "working");
    server_.emplace(models_.Arguments(R"({"choices_file": ")" + choices_ + R"(", "traces": {"endpoint": "http://127.0.0.1:)" + std::to_string(collector_.port()) +
                                      R"(/v1/traces"}, "reflection": true})"));
  }
  ~Privacy() override {
    unsetenv("TMPDIR");
    fs::current_path(fs::temp_directory_path());
  }

  /// A connection of a client that says its name in every call.
  std::shared_ptr<grpc::Channel> NewChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetUserAgentPrefix(Canary("agent"));
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), arguments);
  }

  static std::multimap<std::string, std::string> Metadata() {
    return {{"x-patient", Canary("metadata")},        {"authorization", "Bearer " + std::string(kCanary)}, {"tracestate", "vendor=" + std::string(kCanary)},
            {"baggage", "p=" + std::string(kCanary)}, {"x-patient-bin", Canary("binary metadata")},        {std::string("x-") + std::string(kCanary), "1"},
            {"traceparent", Canary("traceparent")}};
  }
  /// As Segment() and Compare(), with canaries in the call's metadata.
  Answer Ask(const v1::SegmentHeader& header, const std::vector<std::byte>& ct) {
    SegmentConversation conversation(channel_, std::chrono::system_clock::time_point::max(), Metadata());
    if (conversation.SendHeader(header)) conversation.SendFile(ct);
    return conversation.Finish();
  }
  CompareAnswer AskToCompare(const v1::CompareHeader& header, const std::vector<std::byte>& ct) {
    CompareConversation conversation(channel_, std::chrono::system_clock::time_point::max(), Metadata());
    if (conversation.SendHeader(header)) conversation.SendFile(ct);
    return conversation.Finish();
  }

  void SegmentEverywhere();
  void CompareEverywhere();
  void InferEverywhere();
  void AskEverywhere();
  std::set<std::string> FillEveryText();
  void SegmentDicom();

  const ModelFolder models_;
  const TemporaryDirectory folder_;
  const std::string choices_ = folder_.path() / "choices.jsonl";
  TraceCollector collector_;
  std::optional<RunningServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

/// Segment: served, refused, broken off.
void Privacy::SegmentEverywhere() {
  const std::vector<std::byte> ct = CanaryNifti().Bytes();
  v1::SegmentHeader served;
  served.set_idempotency_key(Canary("key"));
  served.mutable_output()->set_compression(v1::COMPRESSION_NONE);
  served.mutable_output()->set_statistics(true);
  served.mutable_output()->set_preview(true);
  const Answer answer = Ask(served, ct);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(TextOf(answer.file), testing::HasSubstr(Canary("comment"))) << "canaries do travel: a label map keeps its input's header, for its own client";
  ExpectNoCanary("preview", answer.preview);
  EXPECT_EQ(Ask(served, CanaryNifti().Scaling(2, 0).Bytes()).status.error_code(), grpc::INVALID_ARGUMENT) << "the key is another volume's";

  v1::SegmentHeader task;
  task.set_task(Canary("task"));
  EXPECT_EQ(Ask(task, ct).status.error_code(), grpc::NOT_FOUND);
  v1::SegmentHeader level;
  level.mutable_level()->set_name(Canary("level"));
  EXPECT_EQ(Ask(level, ct).status.error_code(), grpc::NOT_FOUND);
  v1::SegmentHeader resumed;
  resumed.set_resume_level(Canary("resumed level"));
  EXPECT_EQ(Ask(resumed, ct).status.error_code(), grpc::NOT_FOUND);
  v1::SegmentHeader structure;
  structure.add_structures(Canary("structure"));
  EXPECT_EQ(Ask(structure, ct).status.error_code(), grpc::INVALID_ARGUMENT);
  v1::SegmentHeader checksum;
  checksum.set_sha256(Canary("sha256"));
  EXPECT_EQ(Ask(checksum, ct).status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(Ask({}, CanaryNifti().Pixdim(3, 0).Bytes()).status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(Ask({}, CanaryNifti().Magic(kCanary.substr(0, 3)).Bytes()).status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_FALSE(Ask({}, BytesOf(Canary("no volume at all"))).status.ok());
  std::vector<std::byte> cut = ct;
  cut.resize(cut.size() - 1);
  EXPECT_EQ(Ask({}, cut).status.error_code(), grpc::DATA_LOSS);

  SegmentConversation given_up(channel_);
  given_up.SendHeader(served);
  given_up.SendChunk(std::span(ct).first(ct.size() / 2));
  given_up.Cancel();
  EXPECT_EQ(given_up.Finish().status.error_code(), grpc::CANCELLED);
}

/// Compare: served, refused, broken off.
void Privacy::CompareEverywhere() {
  const std::vector<std::byte> ct = CanaryNifti().Bytes();
  const v1::CompareHeader both = Comparing({"original", "coarse"});
  v1::CompareHeader served = both;
  served.set_label_maps(true);
  const CompareAnswer answer = AskToCompare(served, ct);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  for (const AnsweredLevel& level : answer.levels) ExpectNoCanary("result", level.result.DebugString());

  EXPECT_EQ(AskToCompare(Comparing({"original", Canary("level")}), ct).status.error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(AskToCompare(Comparing({"auto", Canary("level")}), ct).status.error_code(), grpc::INVALID_ARGUMENT);
  v1::CompareHeader task = both;
  task.set_task(Canary("task"));
  EXPECT_EQ(AskToCompare(task, ct).status.error_code(), grpc::NOT_FOUND);
  v1::CompareHeader checksum = both;
  checksum.set_sha256(Canary("sha256"));
  EXPECT_EQ(AskToCompare(checksum, ct).status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(AskToCompare(both, CanaryNifti().Pixdim(3, 0).Bytes()).status.error_code(), grpc::INVALID_ARGUMENT);

  CompareConversation given_up(channel_);
  given_up.SendHeader(both);
  given_up.SendChunk(std::span(ct).first(ct.size() / 2));
  given_up.Cancel();
  EXPECT_EQ(given_up.Finish().status.error_code(), grpc::CANCELLED);
}

/// The Open Inference Protocol.
void Privacy::InferEverywhere() {
  const auto ask = [this](const auto& change) {
    InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
    change(request);
    return Infer(channel_, request).status;
  };
  EXPECT_TRUE(ask([](InferRequest& request) { request.set_id(Canary("id")); }).ok());
  EXPECT_TRUE(ask([](InferRequest& request) { (*request.mutable_parameters())["triton_" + std::string(kCanary)].set_string_param(Canary("hint")); }).ok());
  EXPECT_FALSE(ask([](InferRequest& request) { request.set_model_name(Canary("model")); }).ok());
  EXPECT_FALSE(ask([](InferRequest& request) { request.set_model_version(Canary("version")); }).ok());
  EXPECT_FALSE(ask([](InferRequest& request) { request.mutable_inputs(0)->set_name(Canary("tensor")); }).ok());
  EXPECT_FALSE(ask([](InferRequest& request) { request.mutable_inputs(0)->set_datatype(Canary("type")); }).ok());
  EXPECT_FALSE(ask([](InferRequest& request) { (*request.mutable_parameters())[Canary("parameter")].set_string_param(Canary("value")); }).ok());
  EXPECT_FALSE(ask([](InferRequest& request) { (*request.mutable_parameters())["min_quality"].set_string_param(Canary("number")); }).ok());
  EXPECT_FALSE(ask([](InferRequest& request) { request.add_outputs()->set_name(Canary("output")); }).ok());
}

/// Every text of every message that any call takes, health and reflection among them, one at a time: the first that is refused would hide the others. Returns their places.
std::set<std::string> Privacy::FillEveryText() {
  ServerConfig config;
  config.reflection = true;
  const auto honest = HonestMessages();
  std::vector<std::string> paths;
  std::set<std::string> filled;
  for (const RpcMethod& served : ServedMethods(config)) {
    const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(served.service + "." + served.method);
    if (method == nullptr) {
      ADD_FAILURE() << served.service << "." << served.method;
      continue;
    }
    paths.push_back(PathOf(*method));
    const auto known = honest.find(method->input_type()->full_name());
    for (const TextPlace& place : TextPlacesOf(*method->input_type())) {
      EncodedCall call;
      call.messages = known != honest.end() ? known->second : std::vector<std::string>{""};
      call.messages.front() = WithText(call.messages.front(), place, Canary(NameOf(place)));
      call.cancels_when_answered = HasNoEnd(*method);
      call.metadata = Metadata();
      const grpc::Status status = MakeCall(call, paths.back(), channel_).status;
      EXPECT_THAT(NameOf(status.error_code()), testing::Not(testing::AnyOf("UNKNOWN", "INTERNAL", "UNAVAILABLE", "UNIMPLEMENTED", "DEADLINE_EXCEEDED")))
          << paths.back() << ", " << NameOf(place) << ": " << status.error_message();
      filled.insert(NameOf(place));
    }
  }
  EXPECT_THAT(paths, testing::IsSupersetOf(ContractMethods())) << "none is left out";
  return filled;
}

/// Calls of no service, and the operators' pages.
void Privacy::AskEverywhere() {
  EXPECT_EQ(RawCall(channel_, "/" + std::string(kCanary) + ".Service/Method").error_code(), grpc::UNIMPLEMENTED);
  EXPECT_EQ(RawCall(channel_, "/tuckerseg.v1.SegmentationService/" + std::string(kCanary)).error_code(), grpc::UNIMPLEMENTED);
  httplib::Client operators("127.0.0.1", server_->metrics_port());
  const httplib::Headers headers{{"Referer", Canary("referer")}};
  const auto page = operators.Get("/" + std::string(kCanary) + "?name=" + std::string(kCanary), headers);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 404);
}

/// DICOM through the client's program: what leaves the machine that has it, and what comes back.
void Privacy::SegmentDicom() {
  const fs::path series = folder_.path() / (std::string(kCanary) + "_series");
  WriteCanarySeries(series);
  const TemporaryDirectory results;
  const std::string name = std::string(kCanary) + "_labels.nii";
  const Outcome outcome = RunProgram(TUCKERSEG_CLIENT, "segment " + series.string() + " -o " + name + " --quiet --json --statistics statistics.json --server " + server_->address(),
                                     results.path());
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  ExpectNoCanary("the client's JSON", outcome.out);
  ExpectNoCanary("the client's errors", outcome.err);
  ExpectNoCanary("the statistics", FileText(results.path() / "statistics.json"));
  const std::string label_map = FileText(results.path() / name);
  EXPECT_GT(label_map.size(), 352U);
  ExpectNoCanary("the label map of a series", label_map);
}

TEST_F(Privacy, LeavesNoCanaryAnywhere) {
  ASSERT_GT(server_->port(), 0);
  const std::set<std::string> models_before = FilesBelow(models_.path());
  channel_ = NewChannel();
  SegmentEverywhere();
  CompareEverywhere();
  InferEverywhere();
  AskEverywhere();
  EXPECT_THAT(FillEveryText(), testing::IsSupersetOf({"tuckerseg.v1.SegmentRequest.header.structures", "tuckerseg.v1.CompareRequest.header.levels", "tuckerseg.v1.ListVariantsRequest.task",
                                                      "tuckerseg.v1.LoadVariantRequest.device", "tuckerseg.v1.UnloadVariantRequest.name", "inference.ModelReadyRequest.name",
                                                      "inference.ModelMetadataRequest.version", "inference.ModelInferRequest.inputs.parameters.key", "grpc.health.v1.HealthCheckRequest.service",
                                                      "grpc.reflection.v1alpha.ServerReflectionRequest.file_containing_symbol"}))
      << "at any depth, of gRPC's own services too";
  SegmentDicom();
  if (testing::Test::HasFatalFailure()) return;
  ExpectNoCanaryOnPages(server_->metrics_port());

  // Settings of the process, while it still has all that.
  const std::string process = std::to_string(server_->process().id());
  const std::string limits = FileText("/proc/" + process + "/limits");
  EXPECT_THAT(limits, testing::ContainsRegex("Max core file size +0 +0 ")) << "a core would hold volumes";
  std::set<std::string> open = OpenFiles(process);
  for (const std::string& own : OpenFiles("self")) open.erase(own);  // taken over from this process
  for (const std::string& file : open) {
    if (file.empty() || file.front() != '/' || file.starts_with("/dev/") || file.starts_with("/proc/")) continue;
    EXPECT_EQ(file, choices_) << "no other file is open";
  }

  const std::string log = StopAndExpectNoCanary(*server_);
  EXPECT_GE(std::count(log.begin(), log.end(), '\n'), 20) << "a line for each call";
  const std::string choices = FileText(choices_);
  EXPECT_GE(std::count(choices.begin(), choices.end(), '\n'), 3);
  ExpectNoCanary("records of choices", choices);
  EXPECT_GT(collector_.spans().size(), 20U);
  ExpectNoCanaryIn(collector_);

  EXPECT_THAT(FilesBelow(folder_.path() / "temporary"), testing::IsEmpty()) << "no temporary files";
  EXPECT_THAT(FilesBelow(folder_.path() / "working"), testing::IsEmpty()) << "none where it was started";
  EXPECT_EQ(FilesBelow(models_.path()), models_before) << "none beside the models";
}

}  // namespace
}  // namespace tuckerseg
