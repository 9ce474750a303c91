/// The program `tuckerseg-server` as operators run it: start, metrics, memory over many requests, stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "engine/error.h"
#include "engine/model/part_weights.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/free_port.h"
#include "tests/integration/segment_file.h"
#include "tests/integration/server_process.h"
#include "tests/integration/steady_growth.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A directory with one bundle: patches of 32^3, 20 channels, so that a request takes tens of megabytes and of milliseconds.
class ServerProcessTest : public testing::Test {
 protected:
  ServerProcessTest() { SaveBundle(TinyBundle(TinyUnet(16, 20), {32, 32, 32}, 3), folder_ / "models" / "tiny"); }

  std::vector<std::string> Arguments() const {
    return {"--models", folder_ / "models", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"};
  }
  /// Starts a server, with these settings and WithoutDrainDelay(), and connects to it.
  void Start(const std::string& config = "{}") {
    std::vector<std::string> arguments = Arguments();
    arguments.push_back("--config");
    arguments.push_back(directory_.Write("start.json", WithoutDrainDelay(config)));
    server_.emplace(arguments);
    const auto serving = server_->WaitForEvent("serving");
    ASSERT_TRUE(serving) << server_->Errors();
    port_ = serving->at("port");
    client_.emplace("127.0.0.1:" + std::to_string(port_));
    metrics_port_ = serving->at("metrics_port");
  }
  /// To warm it up takes a while; loaded after `tiny`.
  void SaveSlowBundle() const {
    Bundle slow = TinyBundle(TinyUnet(48, 20), {80, 80, 80}, 3);
    slow.model.name = slow.model.task = "warm";
    SaveBundle(slow, folder_ / "models" / "warm");
  }
  /// Of the operators'. Status -1 where no answer comes.
  httplib::Response PageAt(const std::string& path) const {
    const httplib::Result answer = httplib::Client("127.0.0.1", metrics_port_).Get(path);
    return answer ? *answer : httplib::Response();
  }
  /// By calls, of the memory of the only device; 0 where no page comes.
  int64_t ReservedBytes() const {
    const std::string page = PageAt("/metrics").body;
    const std::string series = R"(tuckerseg_device_memory_bytes{device="cpu",kind="reserved"} )";
    const size_t at = page.find("\n" + series);
    return at == std::string::npos ? 0 : static_cast<int64_t>(std::stod(page.substr(at + 1 + series.size())));
  }

  const TemporaryDirectory directory_;
  const std::filesystem::path& folder_ = directory_.path();
  std::optional<ServerProcess> server_;
  std::optional<Client> client_;
  int port_ = 0;
  int metrics_port_ = 0;
};

/// Resident memory at the end of each of 100 rounds. The first ten fill caches of the allocator and of LibTorch.
void ExpectFlat(std::vector<int64_t> resident) {
  resident.erase(resident.begin(), resident.begin() + 10);
  const double growth = 100 * SteadyGrowth(resident);
  const auto size = static_cast<double>(resident.front());
  std::cout << "resident: " << resident.front() / 1048576 << " to " << resident.back() / 1048576 << " MiB over rounds 11 to 100; " << growth / 1048576 << " MiB steadily in 100 rounds\n";
#ifndef __SANITIZE_ADDRESS__  // its quarantine keeps what has been freed; leaks are its own to find
  EXPECT_LE(growth, 0.03 * size);
#endif
}

std::vector<std::byte> Ct(int64_t length) { return NiftiBuilder().Shape({length, length, length}).Spacing({1, 1, 1}).Gzip(); }

TEST_F(ServerProcessTest, IsScrapedByPrometheus) {
  Start();
  SegmentFile(*client_, Ct(40));
  // As LibTorch's libraries are in this process, threads with small stacks crash here.
  httplib::Client http("127.0.0.1", metrics_port_);
  for (int scrape = 0; scrape < 3; ++scrape) {
    const auto page = http.Get("/metrics");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->status, 200);
    EXPECT_THAT(page->body, HasSubstr(R"(tuckerseg_requests_total{code="OK",device="cpu",method="Segment",task="tiny",variant="original"} 1)"));
    EXPECT_THAT(page->body, HasSubstr("tuckerseg_queue_depth"));
  }
  EXPECT_EQ(PageAt("/healthz").body, "ok");
  EXPECT_EQ(PageAt("/readyz").status, 200);
  const httplib::Response page = PageAt("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("<strong>ready</strong>"));
  EXPECT_THAT(page.body, HasSubstr("<td>tiny</td>"));
  EXPECT_EQ(PageAt("/nothing").status, 404);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(_GLIBCXX_TSAN)  // their memory lies where such a stack may grow to
TEST_F(ServerProcessTest, SurvivesTheLongestQuestionOfRangesWhereStacksHaveNoLimit) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_STACK, &before), 0);
  const rlimit none{RLIM_INFINITY, before.rlim_max};
  if (setrlimit(RLIMIT_STACK, &none) != 0) GTEST_SKIP() << "there is a hard limit on stacks";
  Start();  // with this process' limits
  EXPECT_EQ(setrlimit(RLIMIT_STACK, &before), 0);
  const httplib::Headers longest{{"Range", "bytes=" + std::string(8170, '0') + "-"}};
  const httplib::Result page = httplib::Client("127.0.0.1", metrics_port_).Get("/metrics", longest);
  ASSERT_TRUE(page) << "threads would have 2 MiB then, and it needs more";
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(PageAt("/healthz").body, "ok");
}
#endif

TEST_F(ServerProcessTest, KeepsItsMemoryFlatOver100RequestsAndClientsThatDisappear) {
  Start();
  // Of two patches alone, which take nearly all of the time, and many voxels, of which a leak would be made.
  const std::vector<std::byte> file = NiftiBuilder().Shape({96, 64, 64}).Spacing({0.5, 0.5, 0.5}).Gzip();
  std::vector<int64_t> resident;
  for (int request = 0; request < 100; ++request) {
    SegmentFile(*client_, file);
    if (request % 10 == 9) {
      // Half a file, then the client is gone without a word.
      Client lost("127.0.0.1:" + std::to_string(port_));
      EXPECT_ANY_THROW(lost.Segment({}, [&](const ByteSink& sink) {
        sink(std::span(file).first(file.size() / 2));
        throw std::runtime_error("gone");
      }, {}));
    }
    resident.push_back(server_->ResidentBytes());
  }
  ExpectFlat(resident);
}

TEST_F(ServerProcessTest, KeepsItsMemoryFlatOver100LoadsAndUnloadsOfALevel) {
  Bundle wide = TinyBundle(TinyUnet(64, 20), {16, 16, 16}, 3);  // 2 MB of weights: a hundred of them would show
  wide.model.name = wide.model.task = "wide";
  SaveBundle(wide, folder_ / "models" / "wide");
  Start();
  std::vector<int64_t> resident;
  for (int cycle = 0; cycle < 100; ++cycle) {
    EXPECT_EQ(client_->UnloadVariant("wide", "original", "").state(), v1::VARIANT_STATE_AVAILABLE);
    resident.push_back(server_->ResidentBytes());
    EXPECT_EQ(client_->LoadVariant("wide", "original", "").state(), v1::VARIANT_STATE_LOADED);
  }
  ExpectFlat(resident);
}

TEST_F(ServerProcessTest, FollowsItsModelsWithoutARestart) {
  Start(R"({"models_rescan_s": 0.1})");
  EXPECT_EQ(PageAt("/readyz").status, 200);
  Bundle lung = TinyBundle(TinyUnet(4, 3), {16, 16, 16}, 4);
  lung.model.name = lung.model.task = "lung";
  SaveBundle(lung, folder_ / "models" / "lung");
  EXPECT_TRUE(WaitUntil([this] { return client_->ListModels().models_size() == 2; }));
  v1::SegmentHeader header;
  header.set_task("lung");
  EXPECT_EQ(SegmentFile(*client_, Ct(20), header).summary.provenance().task(), "lung");

  std::filesystem::remove_all(folder_ / "models" / "lung");
  EXPECT_TRUE(WaitUntil([this] { return client_->ListModels().models_size() == 1; }));
  EXPECT_THROW(SegmentFile(*client_, Ct(20), header), Error);
  std::filesystem::remove_all(folder_ / "models" / "tiny");
  EXPECT_TRUE(WaitUntil([this] { return PageAt("/readyz").status == 503; }));
  EXPECT_THAT(PageAt("/readyz").body, StartsWith("no models: "));
  EXPECT_EQ(PageAt("/healthz").status, 200);
}

TEST_F(ServerProcessTest, EndsARequestWithTheModelThatItBeganWithThoughItsFilesAreReplacedOrGone) {
  Start(R"({"models_rescan_s": 0.1})");
  const std::vector<std::byte> file = Ct(144);
  const std::filesystem::path served = folder_ / "models" / "tiny";
  Bundle other = TinyBundle(TinyUnet(16, 20), {32, 32, 32}, 99);
  other.model.provenance.weights_sha256 = PartWeightsSha256(other.weights);
  const auto replace = [&] {
    std::filesystem::remove_all(served);
    SaveBundle(other, served);
    ASSERT_TRUE(WaitUntil([&] {
      const v1::ListVariantsResponse variants = client_->ListVariants("");
      return variants.variants_size() == 1 && variants.variants(0).weights_sha256() == other.model.provenance.weights_sha256 && variants.variants(0).state() == v1::VARIANT_STATE_LOADED;
    }));
  };
  const auto take_away = [&] {
    std::filesystem::remove_all(served);
    ASSERT_TRUE(WaitUntil([this] { return client_->ListModels().models_size() == 0; }));
  };
  // The hash of the label map of a call during which this is done.
  const auto hash_while = [&](const std::function<void()>& change) {
    SegmentEvents events;
    std::string hash;
    bool changed = false;
    events.progress = [&](const v1::Progress& progress) {
      if (changed || progress.patches_done() == 0) return;
      changed = true;
      change();
      EXPECT_THAT(PageAt("/metrics").body, HasSubstr(R"(tuckerseg_requests_in_flight{device="cpu"} 1)")) << "the call runs still";
    };
    events.label_map_header = [&](const v1::LabelMapHeader& header) { hash = header.sha256(); };
    client_->Segment({}, [&](const ByteSink& sink) { sink(file); }, events);
    EXPECT_TRUE(changed);
    return hash;
  };
  const std::string before = SegmentFile(*client_, file).header.sha256();
  EXPECT_EQ(hash_while(replace), before);
  const Answer after = SegmentFile(*client_, file);
  EXPECT_EQ(after.summary.variant_weights_sha256(), other.model.provenance.weights_sha256);
  EXPECT_NE(after.header.sha256(), before) << "or nothing is told by their being equal";
  EXPECT_EQ(hash_while(take_away), after.header.sha256());
  EXPECT_THROW(SegmentFile(*client_, file), Error) << "there is none any more";
}

TEST_F(ServerProcessTest, ServesOnWithABrokenBundleBesideAGoodOne) {
  directory_.Write("models/broken/model.json", "{");
  Start();
  EXPECT_EQ(SegmentFile(*client_, Ct(20)).summary.variant(), "original");
  const v1::ListVariantsResponse variants = client_->ListVariants("");
  ASSERT_EQ(variants.variants_size(), 2);
  EXPECT_EQ(variants.variants(1).task(), "broken");
  EXPECT_EQ(variants.variants(1).state(), v1::VARIANT_STATE_FAILED);
  EXPECT_THAT(PageAt("/metrics").body, HasSubstr(R"(tuckerseg_variant_failed{device="",model="broken",variant="original"} 1)"));
}

TEST_F(ServerProcessTest, ServesOnSeveralDevicesThatShareTheProcessor) {
  Start(R"({"devices": [{"name": "left", "threads": 1}, {"name": "right", "threads": 1}]})");
  SegmentFile(*client_, Ct(20));
  const std::string page = PageAt("/metrics").body;
  for (const char* device : {"left", "right"}) {
    EXPECT_THAT(page, HasSubstr(std::string(R"(tuckerseg_queue_capacity{device=")") + device + R"(",priority="all"} 16)"));
    EXPECT_THAT(page, HasSubstr(std::string(R"(tuckerseg_variant_loaded{device=")") + device + R"(",model="tiny",variant="original"} 1)"));
  }
}

TEST_F(ServerProcessTest, LetsARunningRequestEndWhenItIsAskedToStop) {
  Start();
  SegmentEvents events;
  events.accepted = [this](const v1::Accepted&) { server_->Signal(SIGTERM); };
  const std::vector<std::byte> file = Ct(48);
  EXPECT_NO_THROW(client_->Segment({}, [&](const ByteSink& sink) { sink(file); }, events));
  EXPECT_TRUE(server_->WaitForEvent("stopped"));
  EXPECT_EQ(server_->WaitForEnd(), 0) << server_->Errors();
}

TEST_F(ServerProcessTest, CancelsWhatRunsLongerThanItIsGivenToEnd) {
  Start(R"({"drain_s": 0.5})");
  SegmentEvents events;
  std::optional<std::chrono::steady_clock::time_point> asked;
  events.accepted = [&](const v1::Accepted&) {
    server_->Signal(SIGTERM);
    asked = std::chrono::steady_clock::now();
  };
  const std::vector<std::byte> file = Ct(160);  // hundreds of patches
  try {
    client_->Segment({}, [&](const ByteSink& sink) { sink(file); }, events);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable) << error.what();
  }
  ASSERT_TRUE(asked) << "the request was accepted";
  EXPECT_EQ(server_->WaitForEnd(), 0) << server_->Errors();
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - *asked).count(), 8) << "the patches would take far longer";
}

TEST_F(ServerProcessTest, IsHealthyAndNotReadyWhileRunningRequestsEnd) {
  Start();
  // More than one chunk: the volume's header arrives, and memory is set aside, before the last byte leaves.
  const std::vector<std::byte> file = NiftiBuilder().Shape({80, 80, 80}).Spacing({1, 1, 1}).Bytes();
  httplib::Response ready;
  httplib::Response health;
  const auto look_before_the_last_byte = [&](const ByteSink& sink) {
    sink(std::span(file).first(file.size() - 1));
    ASSERT_TRUE(WaitUntil([this] { return ReservedBytes() > 0; })) << "the request runs";
    server_->Signal(SIGTERM);
    const auto stopping = server_->WaitForEvent("stopping");
    ASSERT_TRUE(stopping) << server_->Errors();
    EXPECT_EQ(stopping->at("running").get<int>(), 1);
    ready = PageAt("/readyz");
    health = PageAt("/healthz");
    sink(std::span(file).last(1));
  };
  EXPECT_NO_THROW(client_->Segment({}, look_before_the_last_byte, {})) << "it was let end";
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, StartsWith("draining: "));
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, "ok");
  EXPECT_EQ(server_->WaitForEnd(), 0) << server_->Errors();
}

/// What a server is sent, one after the other.
struct TwoSignals {
  int first = 0;
  int second = 0;
};

class ServerThatIsAskedTwice : public ServerProcessTest, public testing::WithParamInterface<TwoSignals> {};

TEST_P(ServerThatIsAskedTwice, EndsAtOnceThoughARequestRuns) {
  Start();
  std::optional<int> status;
  std::chrono::duration<double> taken{0};
  SegmentEvents events;
  events.accepted = [&](const v1::Accepted&) {
    server_->Signal(GetParam().first);
    const auto stopping = server_->WaitForEvent("stopping");
    ASSERT_TRUE(stopping) << server_->Errors();
    EXPECT_EQ(stopping->at("signal").get<int>(), GetParam().first);
    EXPECT_EQ(stopping->at("running").get<int>(), 1);
    const auto asked = std::chrono::steady_clock::now();
    server_->Signal(GetParam().second);
    status = server_->WaitForEnd();
    taken = std::chrono::steady_clock::now() - asked;
  };
  const std::vector<std::byte> file = Ct(160);  // hundreds of patches: the server would wait for them for long
  EXPECT_THROW(client_->Segment({}, [&](const ByteSink& sink) { sink(file); }, events), Error) << "its server has gone";
  ASSERT_TRUE(status) << "the request was accepted";
  EXPECT_EQ(*status, 1) << server_->Errors();
  EXPECT_LT(taken.count(), 5) << "the patches would take far longer";
  EXPECT_THAT(server_->RestOfLog(), testing::Not(HasSubstr(R"("event":"stopped")")));
}

INSTANTIATE_TEST_SUITE_P(ByAnyTwoSignals, ServerThatIsAskedTwice,
                         testing::Values(TwoSignals{SIGTERM, SIGTERM}, TwoSignals{SIGINT, SIGINT}, TwoSignals{SIGTERM, SIGINT}, TwoSignals{SIGINT, SIGTERM}));

TEST_F(ServerProcessTest, TakesCallsUntilItsDelayIsOverUnlessItIsAskedTwice) {
  Start(R"({"drain_delay_s": 600})");
  server_->Signal(SIGTERM);
  ASSERT_TRUE(server_->WaitForEvent("stopping")) << server_->Errors();
  EXPECT_EQ(PageAt("/readyz").status, 503);
  EXPECT_NO_THROW(SegmentFile(*client_, Ct(20))) << "sent by who has not noticed yet";
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->WaitForEnd(), 1) << server_->Errors();
}

TEST_F(ServerProcessTest, IsScrapedWhileModelsAreLoaded) {
  SaveSlowBundle();
  metrics_port_ = FreePort();
  const int port = FreePort();
  ServerProcess server({"--models", folder_ / "models", "--listen", "127.0.0.1:" + std::to_string(port), "--metrics", "127.0.0.1:" + std::to_string(metrics_port_)});
  ASSERT_TRUE(server.WaitForEvent("variant_loaded")) << server.Errors();
  const httplib::Response ready = PageAt("/readyz");
  const std::string page = PageAt("/metrics").body;
  Client client("127.0.0.1:" + std::to_string(port));
  EXPECT_TRUE(client.IsServing("liveness")) << "whoever restarts what is not alive must let it load";
  EXPECT_FALSE(client.IsServing(""));
  EXPECT_EQ(client.ListModels().models_size(), 2);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForEnd(), 0) << server.Errors();
  ASSERT_THAT(server.RestOfLog(), testing::Not(HasSubstr(R"("event":"serving")"))) << "the pages came while it was loading";
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, "starting: loading models");
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="0"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_queue_capacity{device="cpu",priority="all"} 16)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_rejected_total{reason="RESOURCE_EXHAUSTED"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_cancelled_total{stage="queue"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_stages_stalled_total{device="cpu",stage="infer"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_started_total{grpc_method="Segment",grpc_service="tuckerseg.v1.SegmentationService",grpc_type="bidi_stream"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_loaded{device="cpu",model="tiny",variant="original"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_loaded{device="cpu",model="warm",variant="original"} 0)"));
}

TEST_F(ServerProcessTest, EndsAtOnceWhileModelsAreLoaded) {
  SaveSlowBundle();
  ServerProcess server(Arguments());
  ASSERT_TRUE(server.WaitForEvent("variant_loaded")) << server.Errors();
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForEnd(), 0) << server.Errors();
  const std::string log = server.RestOfLog();
  EXPECT_THAT(log, HasSubstr(R"("event":"stopped")"));
  EXPECT_THAT(log, testing::Not(HasSubstr(R"("event":"serving")")));
}

TEST_F(ServerProcessTest, ChecksSettingsAndModelsWithoutServing) {
  std::vector<std::string> arguments = Arguments();
  arguments.push_back("--check-config");
  EXPECT_EQ(ServerProcess(arguments).WaitForEnd(), 0);

  std::filesystem::resize_file(folder_ / "models" / "tiny" / "weights.safetensors", 1000);
  ServerProcess damaged(arguments);
  EXPECT_EQ(damaged.WaitForEnd(), 1);
  EXPECT_THAT(damaged.Errors(), StartsWith("error: bundle tiny: "));
}

TEST_F(ServerProcessTest, ChecksWhetherItMayRecordItsChoicesAndRecordsNone) {
  std::vector<std::string> arguments = Arguments();
  arguments.insert(arguments.end(), {"--check-config", "--config", ""});
  const auto check = [&](const std::filesystem::path& choices) {
    arguments.back() = directory_.Write("config.json", R"({"choices_file": ")" + choices.string() + "\"}");
    ServerProcess server(arguments);
    server.WaitForEnd();
    return server.Errors();
  };
  EXPECT_EQ(check(folder_ / "choices.jsonl"), "");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "choices.jsonl"));

  // Not even root can write to a socket as to a file.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ / "socket";
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  const int socket_there = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(socket_there, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(check(path), "error: choices_file: cannot be opened for writing; must be a file that this server may write\n");
  close(socket_there);
}

TEST_F(ServerProcessTest, RecordsItsChoicesWhereItIsTold) {
  const std::filesystem::path choices = folder_ / "choices.jsonl";
  const std::string config = directory_.Write("config.json", WithoutDrainDelay(R"({"choices_file": ")" + choices.string() + "\"}"));
  std::vector<std::string> arguments = Arguments();
  arguments.push_back("--config");
  arguments.push_back(config);
  ServerProcess server(arguments);
  const auto serving = server.WaitForEvent("serving");
  ASSERT_TRUE(serving) << server.Errors();
  Client client("127.0.0.1:" + std::to_string(serving->at("port").get<int>()));
  SegmentFile(client, Ct(40));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForEnd(), 0);
  const auto record = nlohmann::json::parse(FileText(choices));
  EXPECT_EQ(record.at("chosen").at("level"), "original");
  EXPECT_EQ(record.at("chosen").at("reason"), "only");
}

TEST_F(ServerProcessTest, ExplainsEveryMistakeOfItsConfiguration) {
  const std::string config = directory_.Write("config.json", R"({"threads": -1, "quee_capacity": 4, "listen": "nowhere", "drain_s": 1, "drain_s": 2})");
  const std::vector<std::string> arguments{"--models", folder_ / "models", "--config", config, "--check-config"};
  ServerProcess server(arguments);
  EXPECT_EQ(server.WaitForEnd(), 1);
  EXPECT_EQ(server.Errors(),
            "error: config.drain_s: stands there more than once; must be given once\n"
            "error: config.threads = -1: must be a whole number in [0, 1024]\n"
            "error: config.quee_capacity: unknown key; did you mean queue_capacity?\n"
            "error: listen = nowhere: must be HOST:PORT with a port in [0, 65535]\n");
}

TEST_F(ServerProcessTest, ExplainsThemAllHoweverManyTheyAre) {
  constexpr int kMistakes = 300;
  std::string keys;
  for (int i = 0; i < kMistakes; ++i) keys += (i == 0 ? "" : ", ") + std::string("\"mistake_") + std::to_string(i) + "\": 1";
  const std::string config = directory_.Write("config.json", "{" + keys + "}");
  ServerProcess server({"--models", folder_ / "models", "--config", config, "--check-config"});
  EXPECT_EQ(server.WaitForEnd(), 1);
  const std::string errors = server.Errors();
  EXPECT_GT(errors.size(), 10000U) << "more than one piece of what is read";
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), kMistakes);
  EXPECT_EQ(server.Errors(), errors) << "and told again";
}

TEST_F(ServerProcessTest, DoesNotRepeatWhatAnUnknownOptionHolds) {
  const std::vector<std::vector<std::string>> lines{{"--token", "hunter2"}, {"--token=hunter2"}, {"-p", "hunter2"}, {"hunter2"}};
  for (const std::vector<std::string>& arguments : lines) {
    ServerProcess server(arguments);
    EXPECT_EQ(server.WaitForEnd(), 2);
    EXPECT_THAT(server.Errors(), HasSubstr("no option of this program"));
    EXPECT_THAT(server.Errors(), testing::Not(HasSubstr("hunter2")));
  }
}

TEST_F(ServerProcessTest, FailsWhereItsVersionCannotBePrinted) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  ServerProcess server({"--version"}, "/dev/full");
  EXPECT_EQ(server.WaitForEnd(), 1);
  EXPECT_THAT(server.Errors(), StartsWith("error: output: cannot be written"));
}

TEST_F(ServerProcessTest, EndsWithOneLineWhenItCannotServe) {
  const auto expect_error = [](const std::vector<std::string>& arguments, int status, const std::string& message) {
    ServerProcess server(arguments);
    EXPECT_EQ(server.WaitForEnd(), status);
    const std::string errors = server.Errors();
    EXPECT_THAT(errors, StartsWith("error: "));
    EXPECT_THAT(errors, HasSubstr(message));
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  };
  expect_error({}, 2, "--models (or `models` in --config) is required");
  expect_error({"--models", folder_, "--listen", "127.0.0.1:99999"}, 1, "listen = 127.0.0.1:99999: must be HOST:PORT with a port in [0, 65535]");
  expect_error({"--models", folder_ / "none", "--metrics", "127.0.0.1:0"}, 1, "is no directory; must be one that holds bundles");
  expect_error({"--models", folder_, "--metrics", "127.0.0.1:0", "--check-config"}, 1, "models: holds no bundle");
  expect_error({"--models", folder_ / "models", "--config", folder_, "--check-config"}, 1, "--config: is a folder; must be a readable file");
  expect_error({"--models", folder_ / "models", "--config", folder_ / "none.json", "--check-config"}, 1, "--config: cannot be opened; must be a readable file");
  expect_error({"--models"}, 2, "--models");
  const std::string no_certificate = directory_.Write("tls.json", R"({"tls": {"certificate": "none.pem", "key": "none.pem"}})");
  expect_error({"--models", folder_ / "models", "--config", no_certificate}, 1, "tls.certificate: cannot be read; must be a PEM file");
  const std::string no_tokens = directory_.Write("auth.json", R"({"auth": {"tokens_file": "none.json"}})");
  expect_error({"--models", folder_ / "models", "--config", no_tokens, "--check-config"}, 1, "auth.tokens_file: cannot be read");
  expect_error({"--models", folder_ / "models", "--config", no_tokens, "--listen", "0.0.0.0:0"}, 1, "auth.tokens_file: tokens would travel in the clear");
  Start();
  expect_error({"--models", folder_ / "models", "--listen", "127.0.0.1:" + std::to_string(port_), "--metrics", "127.0.0.1:0"}, 1, "listen = ");
  expect_error({"--models", folder_ / "models", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:" + std::to_string(metrics_port_)}, 1, "metrics = ");
}

}  // namespace
}  // namespace tuckerseg
