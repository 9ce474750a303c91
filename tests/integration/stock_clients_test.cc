/// Clients that are not ours, with their stock settings, against a real server. The commands are those of docs/clients.md, run as they stand there; what
/// they get is compared with what our own client gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/demo_files.h"
#include "tests/integration/golden_files.h"
#include "tests/integration/page_blocks.h"
#include "tests/integration/program.h"
#include "tests/integration/server_process.h"

namespace tuckerseg {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// The headings of the page with commands below them.
constexpr const char* kPython = "Python";
constexpr const char* kTriton = "Triton's Python client";
constexpr const char* kGrpcurlQuestions = "What is served, by grpcurl";
constexpr const char* kGrpcurlVolume = "A volume, by grpcurl";
constexpr const char* kGrpcurlInference = "The Open Inference Protocol, by grpcurl";
constexpr const char* kGhz = "Load, by ghz";

/// Where the page has its server.
const std::string kPageAddress = "127.0.0.1:50051";

/// What gRPC takes as one message unless told otherwise. Volumes and label maps of these tests are larger.
constexpr uintmax_t kDefaultMessageBytes = uintmax_t{4} << 20;

/// Debian's Python goes first: its packages of gRPC are no other's.
const std::string kPath = "export PATH=\"/usr/bin:/bin:$PATH\"\n";

const std::filesystem::path kSource = TUCKERSEG_SOURCE_DIR;
const std::string kPyPi = "export PYTHONPATH=" + (kSource / "build" / "tools" / "python").string() + "\n";

bool Succeeds(const std::string& commands) { return std::system((kPath + "{ " + commands + "; } > /dev/null 2>&1").c_str()) == 0; }
bool HasTriton() { return Succeeds(kPyPi + "python3 -c 'import SimpleITK, tritonclient.grpc'"); }
constexpr const char* kNoTriton = "no Triton client: scripts/fetch_python_clients.sh brings it in";

bool IsThere(const std::string& program) { return Succeeds("command -v " + program); }

class StockClientsTest : public testing::Test {
 protected:
  /// A folder that is to the page's commands what the repository's root is to a reader's, and a server.
  void Start() {
    for (const char* name : {"proto", "client"}) std::filesystem::create_directory_symlink(kSource / name, folder_ / name);
    CopyDemoModel(folder_);
    const std::string config = directory_.Write("server.json", R"({"reflection": true})");
    server_.emplace(std::vector<std::string>{"--models", folder_ / "models", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--config", config});
    const auto serving = server_->WaitForEvent("serving");
    ASSERT_TRUE(serving) << server_->Errors();
    address_ = "127.0.0.1:" + std::to_string(serving->at("port").get<int>());
  }

  /// As Start(), with a CT in the folder.
  void StartWithACt() {
    DrawPhantom(folder_, "--seed 1 --spacing 2 --orientation LPS");
    Start();
  }

  /// A script of the shell in the folder.
  Outcome RunScript(const std::string& commands) const {
    directory_.Write("commands.sh", "set -eu\n" + kPath + commands);
    return RunProgram("sh", "commands.sh", folder_);
  }

  /// All commands that the page has under a heading, after `before`.
  Outcome RunThePage(const std::string& heading, const std::string& before = "") const {
    std::string commands;
    for (const PageBlock& block : BlocksOf(kSource / "docs" / "clients.md"))
      if (block.language == "sh" && block.heading == heading) commands += block.text;
    EXPECT_NE(commands, "") << "docs/clients.md has no commands under \"" << heading << '"';
    for (size_t at = 0; (at = commands.find(kPageAddress, at)) != std::string::npos; at += address_.size()) commands.replace(at, kPageAddress.size(), address_);
    return RunScript(before + commands);
  }

  /// The label map that `tuckerseg segment` writes for the same CT.
  std::filesystem::path OurOwn(const std::string& name) const {
    const Outcome outcome = RunProgram(TUCKERSEG_CLIENT, "segment ct.nii.gz -o " + name + " --quiet --server " + address_, folder_);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return folder_ / name;
  }

  const TemporaryDirectory directory_;
  const std::filesystem::path& folder_ = directory_.path();
  std::optional<ServerProcess> server_;
  std::string address_;
};

TEST_F(StockClientsTest, PythonMadeOfTheContractGetsTheSameFile) {
  if (!IsThere("protoc") || !IsThere("grpc_python_plugin") || !Succeeds("python3 -c 'import google.protobuf, grpc'")) {
    GTEST_SKIP() << "no gRPC for Python: Debian's packages python3-grpcio, python3-protobuf, protobuf-compiler and protobuf-compiler-grpc have it";
  }
  StartWithACt();
  const Outcome outcome = RunThePage(kPython);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("liver +[0-9]+\\.[0-9] ml"));
  EXPECT_THAT(outcome.out, ContainsRegex("infer +[0-9]+\\.[0-9]+ s"));
  EXPECT_THAT(outcome.out, HasSubstr("original: "));
  EXPECT_TRUE(BytesOfFile(folder_ / "labels.nii.gz") == BytesOfFile(OurOwn("ours.nii.gz")));
  EXPECT_GT(std::filesystem::file_size(folder_ / "ct.nii.gz"), kDefaultMessageBytes) << "a volume that would do as one message shows nothing";
}

TEST_F(StockClientsTest, GrpcurlGetsTheSameFile) {
  if (!IsThere("grpcurl")) GTEST_SKIP() << "grpcurl is not on the PATH: scripts/build_go_tools.sh builds it";
  StartWithACt();
  const Outcome outcome = RunThePage(kGrpcurlVolume);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("labels.nii: OK")) << "the checksum that was announced";
  EXPECT_THAT(outcome.out, HasSubstr("\"qualityStatement\""));
  EXPECT_TRUE(BytesOfFile(folder_ / "labels.nii") == BytesOfFile(OurOwn("ours.nii")));
  EXPECT_GT(std::filesystem::file_size(folder_ / "ct.nii.gz"), kDefaultMessageBytes) << "a volume that would do as one message shows nothing";
  EXPECT_GT(std::filesystem::file_size(folder_ / "labels.nii"), kDefaultMessageBytes) << "nor does such a label map";
}

TEST_F(StockClientsTest, GrpcurlIsToldWhatIsServedWithoutTheContract) {
  if (!IsThere("grpcurl")) GTEST_SKIP() << "grpcurl is not on the PATH: scripts/build_go_tools.sh builds it";
  Start();
  std::filesystem::remove(folder_ / "proto");
  const Outcome outcome = RunThePage(kGrpcurlQuestions);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("tuckerseg.v1.SegmentationService\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\"task\": \"demo\""));
  EXPECT_THAT(outcome.out, HasSubstr("\"status\": \"SERVING\""));
}

TEST_F(StockClientsTest, TritonsClientGetsTheSameLabels) {
  if (!HasTriton()) GTEST_SKIP() << kNoTriton;
  StartWithACt();
  const Outcome outcome = RunThePage(kTriton, kPyPi);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("original: [1-9][0-9]* voxels labelled"));
  const Volume theirs = ReadNiftiFile(folder_ / "labels.nii.gz").volume;
  const Volume ours = ReadNiftiFile(OurOwn("ours.nii.gz")).volume;
  EXPECT_EQ(theirs.geometry.shape, ours.geometry.shape);
  EXPECT_TRUE(LabelsOf(theirs) == LabelsOf(ours));
}

TEST_F(StockClientsTest, TritonsClientSendsEveryVoxelAsItIs) {
  if (!HasTriton()) GTEST_SKIP() << kNoTriton;
  const Outcome outcome = RunScript(kPyPi + "python3 - " + (kSource / "client" / "python").string() + R"( <<'END'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import infer, numpy, SimpleITK

def sent(values, kind):
    image = SimpleITK.GetImageFromArray(numpy.array(values, kind).reshape(1, 1, -1))
    volume = infer.tensors_of(image)[0]
    print(volume.datatype(), infer.voxels_of(image).ravel().tolist())

sent([-32768, 0, 32767], "int16")
sent([-1024, 3071], "float32")
sent([-1024, 3071], "int32")
sent([0, 40000], "uint16")
sent([0, 40000], "float32")
sent([-32769, 0], "int32")
sent([0, 70000], "float64")
sent([0.5, 100], "float64")
END
)");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "INT16 [-32768, 0, 32767]\n"
            "INT16 [-1024, 3071]\n"
            "INT16 [-1024, 3071]\n"
            "FP32 [0.0, 40000.0]\n"
            "FP32 [0.0, 40000.0]\n"
            "FP32 [-32769.0, 0.0]\n"
            "FP32 [0.0, 70000.0]\n"
            "FP32 [0.5, 100.0]\n");
  EXPECT_THAT(outcome.err, Not(HasSubstr("Warning"))) << "nothing is cast that does not fit";
}

TEST_F(StockClientsTest, TritonsClientGivesUpOnAServerThatAnswersNoMore) {
  if (!HasTriton()) GTEST_SKIP() << kNoTriton;
  StartWithACt();
  server_->Signal(SIGSTOP);  // the kernel takes connections for it, and nobody reads them
  const Outcome outcome = RunScript(kPyPi + "python3 client/python/infer.py ct.nii.gz labels.nii.gz --model demo --timeout 2 --server " + address_);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error: StatusCode.DEADLINE_EXCEEDED"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "labels.nii.gz"));
}

TEST_F(StockClientsTest, GrpcurlInfersThroughTheOpenInferenceProtocol) {
  if (!IsThere("grpcurl")) GTEST_SKIP() << "grpcurl is not on the PATH: scripts/build_go_tools.sh builds it";
  Start();
  const Outcome outcome = RunThePage(kGrpcurlInference);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"platform\": "));
  EXPECT_THAT(outcome.out, HasSubstr("\"uintContents\": "));
}

TEST_F(StockClientsTest, GhzCountsNoErrorAmongManyShortCalls) {
  if (!IsThere("ghz")) GTEST_SKIP() << "ghz is not on the PATH: scripts/build_go_tools.sh builds it";
  Start();
  const Outcome outcome = RunThePage(kGhz);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("\\[OK\\] +1000 responses"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("Error distribution")));
}

TEST(ClientsPage, HasNoCommandsThatAreNotRunHere) {
  std::set<std::string> headings;
  for (const PageBlock& block : BlocksOf(kSource / "docs" / "clients.md"))
    if (block.language == "sh") headings.insert(block.heading);
  EXPECT_EQ(headings, (std::set<std::string>{kPython, kTriton, kGrpcurlQuestions, kGrpcurlVolume, kGrpcurlInference, kGhz}));
}

}  // namespace
}  // namespace tuckerseg
