/// The program `tuckerseg-replay`, run as an operator runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "engine/model/json_text.h"
#include "tests/integration/program.h"
#include "tests/server/policy/choice_samples.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class ReplayProgram : public testing::Test {
 protected:
  ReplayProgram() {
    std::string lines;
    for (const LevelPromises& promises : {LevelPromises{}, LevelPromises{.max_latency_s = 20}, LevelPromises{.max_latency_s = 12}}) lines += EncodeChoice(OnTheCpu(promises)) + "\n";
    folder_.Write("choices.jsonl", lines);
  }

  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_REPLAY, arguments, folder_.path()); }
  Json RunJson(const std::string& arguments) const {
    const Outcome outcome = Run(arguments + " --json");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return Json::parse(outcome.out);
  }

  const TemporaryDirectory folder_;
};

TEST_F(ReplayProgram, ComparesWhatWasWithWhatWouldHaveBeen) {
  folder_.Write("other.json", R"({"models": "/srv/models", "min_quality": 0.95, "deadline_margin": 0})");
  const Outcome outcome = Run("choices.jsonl --config other.json");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("1 of 3 decided otherwise: 1 refused that were served, 0 served that were refused.\n"));
  EXPECT_THAT(outcome.out, HasSubstr("is not simulated"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(ReplayProgram, ChangesNothingThatItIsNotTold) {
  const Json json = RunJson("choices.jsonl");
  EXPECT_EQ(json.at("records"), 3);
  EXPECT_EQ(json.at("changed"), 0);
  EXPECT_EQ(json.at("before"), json.at("after"));
}

TEST_F(ReplayProgram, TakesADevicesMemoryFromTheConfigurationOrTheOption) {
  folder_.Write("other.json", R"({"memory_limit_bytes": 4294967296, "deadline_margin": 0})");
  // The volume takes one of four GiB: the original no longer fits, half does.
  for (const char* told : {"choices.jsonl --config other.json", "choices.jsonl --device-memory cpu=4GiB"}) {
    const Json after = RunJson(told).at("after");
    EXPECT_EQ(after.at("reasons"), Json::parse(R"({"memory": 3})")) << told;
    EXPECT_EQ(after.at("levels").at(0), Json::parse(R"({"task": "total", "level": "half", "device": "cpu", "requests": 2})")) << told;
  }
  EXPECT_EQ(RunJson("--config other.json --device-memory cpu=16GiB choices.jsonl").at("changed"), 0) << "the option goes before the file";
}

TEST_F(ReplayProgram, TakesTheMemoryOfEachOfSeveralDevices) {
  folder_.Write("other.json", R"({"devices": [{"name": "cpu", "memory_limit_bytes": 4294967296}], "memory_limit_bytes": 1, "deadline_margin": 0})");
  EXPECT_EQ(RunJson("choices.jsonl --config other.json").at("after").at("reasons"), Json::parse(R"({"memory": 3})")) << "the host's memory is none of the device's";
}

TEST_F(ReplayProgram, DoesNotTakeTheHostsMemoryForThatOfAGpu) {
  folder_.Write("gpu.jsonl", EncodeChoice(OnTwoDevices({})) + "\n");
  folder_.Write("other.json", R"({"device": "cuda:0", "memory_limit_bytes": 1, "deadline_margin": 0})");
  EXPECT_EQ(RunJson("gpu.jsonl --config other.json").at("changed"), 0);
}

TEST_F(ReplayProgram, TakesTheHostsMemoryForTheOnlyOneOfSeveralDevicesThatIsOnTheHost) {
  folder_.Write("two.jsonl", EncodeChoice(OnTwoDevices({})) + "\n");
  const auto reasons = [this](const std::string& devices) {
    folder_.Write("other.json", R"({"devices": [{"device": "cuda:0"}, )" + devices + R"(], "memory_limit_bytes": 4294967296, "deadline_margin": 0})");
    EXPECT_EQ(RunJson("two.jsonl --config other.json").at("changed"), 0) << "the original runs on the GPU as before";
    return RunJson("two.jsonl --config other.json --without-device cuda:0").at("after").at("reasons");
  };
  EXPECT_EQ(reasons(R"({"device": "cpu"})"), Json::parse(R"({"memory": 1})")) << "beside the volume the original does not fit there";
  EXPECT_EQ(reasons(R"({"device": "cpu", "memory_limit_bytes": 17179869184})"), Json::parse(R"({"quality": 1})")) << "it has a share of its own";
  EXPECT_EQ(reasons(R"({"device": "cpu"}, {"name": "second"})"), Json::parse(R"({"quality": 1})")) << "two on the host: what each had of it no record tells";
}

TEST_F(ReplayProgram, LeavesOutForAnotherMemoryWhatDoesNotSayWhatThereWas) {
  ChoiceRecord of_before = OnTheCpu({});
  for (LevelOffer& offer : of_before.offers) offer.limit_bytes.reset();
  folder_.Write("both.jsonl", EncodeChoice(of_before) + "\n" + FileText(folder_.path() / "choices.jsonl"));
  EXPECT_EQ(RunJson("both.jsonl").at("records"), 4) << "nothing is asked of it";
  const Outcome outcome = Run("both.jsonl --device-memory cpu=16GiB --json");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(Json::parse(outcome.out).at("records"), 3);
  EXPECT_EQ(Json::parse(outcome.out).at("unreadable_lines"), 1);
  EXPECT_THAT(outcome.err, HasSubstr("both.jsonl, line 1: choice.offers[0].limit_bytes: missing; must say what cpu had"));
  folder_.Write("of_before.jsonl", EncodeChoice(of_before) + "\n");
  ExpectFailure(Run("of_before.jsonl --device-memory cpu=16GiB"), 1, "of_before.jsonl, line 1: choice.offers[0].limit_bytes: missing");
}

TEST_F(ReplayProgram, LeavesADeviceOut) {
  const Json json = RunJson("--without-device cpu choices.jsonl");
  EXPECT_EQ(json.at("after").at("refusals"), Json::parse(R"({"no device": 3})"));
}

TEST_F(ReplayProgram, ReadsSeveralFiles) {
  EXPECT_EQ(RunJson("choices.jsonl choices.jsonl").at("records"), 6);
}

TEST_F(ReplayProgram, LeavesOutWhatItCannotReadAndSaysSo) {
  folder_.Write("cut.jsonl", FileText(folder_.path() / "choices.jsonl") + "{\"format_version\":1,\n");
  const Outcome outcome = Run("cut.jsonl");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("Lines that could not be read and are left out: 1."));
  EXPECT_THAT(outcome.err, HasSubstr("note: lines that cannot be read are left out; the first: cut.jsonl, line 4: choice: not JSON at byte"));
  EXPECT_EQ(RunJson("cut.jsonl").at("unreadable_lines"), 1);
}

TEST_F(ReplayProgram, FailsWithOneLine) {
  ExpectFailure(Run(""), 2, "FILE is required");
  ExpectFailure(Run("none.jsonl"), 1, "none.jsonl: cannot be opened; must be a file that a server has written");
  folder_.Write("empty", "");
  ExpectFailure(Run("empty"), 1, "empty: no line");
  folder_.Write("other", "some text\n");
  ExpectFailure(Run("other"), 1, "other, line 1: choice: not JSON at byte");
  ExpectFailure(Run("choices.jsonl --config none.json"), 1, "--config: cannot be opened");
  ExpectFailure(Run("choices.jsonl --device-memory cpu"), 2, "--device-memory = cpu: must be DEVICE=SIZE");
  ExpectFailure(Run("choices.jsonl --device-memory cpu=much"), 2, "--device-memory = cpu=much: must be DEVICE=SIZE");
  ExpectFailure(Run("choices.jsonl --device-memory cpu=-1GiB"), 2, "must be DEVICE=SIZE");
  ExpectFailure(Run("choices.jsonl --device-memory =1GiB"), 2, "must be DEVICE=SIZE");
  ExpectFailure(Run("choices.jsonl --device-memory cup=1GiB"), 1, "device = cup: no record names it; must be one of cpu");
  ExpectFailure(Run("choices.jsonl --without-device cuda:0"), 1, "device = cuda:0: no record names it; must be one of cpu");
  ExpectFailure(Run("choices.jsonl --nonsense"), 2, "--nonsense");
}

TEST_F(ReplayProgram, TellsEveryMistakeOfTheConfiguration) {
  folder_.Write("other.json", R"({"min_qualty": 0.9, "deadline_margin": 11})");
  const Outcome outcome = Run("choices.jsonl --config other.json");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "error: config.min_qualty: unknown key; did you mean min_quality?\nerror: config.deadline_margin = 11: must be in [0, 10]\n");
}

TEST_F(ReplayProgram, FailsWhereWhatItPrintsCannotBeWritten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  for (const char* arguments : {"choices.jsonl", "choices.jsonl --json", "--help", "--version"})
    ExpectFailure(RunOnAFullDisk(TUCKERSEG_REPLAY, arguments, folder_.path()), 1, "output: cannot be written: standard output must take all");
}

TEST_F(ReplayProgram, HasHelpAndAVersion) {
  EXPECT_EQ(Run("--help").status, 0);
  EXPECT_THAT(Run("--help").out, HasSubstr("--without-device"));
  EXPECT_EQ(Run("--version").out, std::string(TUCKERSEG_VERSION) + "\n");
}

}  // namespace
}  // namespace tuckerseg
