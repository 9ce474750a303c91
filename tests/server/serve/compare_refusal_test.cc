/// What Compare refuses, before a volume is looked at where that can be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/serve/status_of.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/serve/status_details.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class CompareRefusal : public testing::Test {
 protected:
  static ServedOptions Serving(const ModelOnDisk& disk) {
    disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11);
    disk.Add("spoilt", {{"spoilt", 0.8, true, 2}}, 12);
    disk.SpoilWeights("spoilt");
    ServedOptions options;
    options.models = disk.models();
    return options;
  }
  /// After whatever a test did, a good request is served and nothing is held.
  void TearDown() override {
    const CompareAnswer answer = Compare(served_.channel(), ct_, Comparing({"original", "0.3"}));
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_TRUE(served_.BecomesIdle());
  }
  static void ExpectRefusal(const CompareAnswer& answer, grpc::StatusCode code, const std::string& message) {
    EXPECT_EQ(NameOf(answer.status.error_code()), NameOf(code)) << answer.status.error_message();
    EXPECT_THAT(answer.status.error_message(), HasSubstr(message));
    EXPECT_EQ(answer.order, "") << "nothing is accepted";
  }
  /// Without a byte of a volume.
  void ExpectRefusal(const v1::CompareHeader& header, grpc::StatusCode code, const std::string& message) {
    CompareConversation conversation(served_.channel());
    conversation.SendHeader(header);
    ExpectRefusal(conversation.Finish(), code, message);
  }
  void ExpectWrong(const std::vector<std::string>& levels, const std::string& message) { ExpectRefusal(Comparing(levels), grpc::INVALID_ARGUMENT, message); }

  const ModelOnDisk disk_{TinyServedBundle()};
  ServedModel served_{Serving(disk_)};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_F(CompareRefusal, WantsTwoToThirtyTwoLevels) {
  ExpectWrong({}, "header.levels = 0 of them: must be 2 to 32");
  ExpectWrong({"original"}, "header.levels = 1 of them: must be 2 to 32");
  ExpectWrong(std::vector<std::string>(33, "original"), "header.levels = 33 of them: must be 2 to 32");
}

TEST_F(CompareRefusal, WantsLevelsThatAreNamed) {
  ExpectWrong({"original", "auto"}, "header.levels[1] = auto: must be a level's name or number, as nothing is chosen here");
  ExpectWrong({"", "original"}, "header.levels[0] = : must be a level's name or number");
}

TEST_F(CompareRefusal, WantsEveryLevelOnce) {
  ExpectWrong({"original", "0.3", "tucker-0.3"}, "header.levels[2] = tucker-0.3: must be another level than tucker-0.3, which levels[1] is already");
  ExpectWrong({"0.3", "0.30"}, "header.levels[1] = 0.30: must be another level than tucker-0.3, which levels[0] is already");
}

TEST_F(CompareRefusal, NamesTheFieldInItsDetails) {
  CompareConversation conversation(served_.channel());
  conversation.SendHeader(Comparing({"original", "auto"}));
  const auto details = DetailOf<google::rpc::BadRequest>(conversation.Finish().status);
  ASSERT_TRUE(details);
  EXPECT_EQ(details->field_violations(0).field(), "header.levels[1]");
}

TEST_F(CompareRefusal, ListsWhatCanBeNamedWhereALevelIsNotThere) {
  ExpectRefusal(Comparing({"original", "0.25"}), grpc::NOT_FOUND, "level = 0.25: must be one of original, tucker-0.3 (0.3)");
  ExpectRefusal(Comparing({"original", "spoilt"}), grpc::FAILED_PRECONDITION, "level = spoilt: spoilt could not be loaded");
  v1::CompareHeader task = Comparing({"original", "0.3"});
  task.set_task("heart");
  ExpectRefusal(task, grpc::NOT_FOUND, "task = heart: must be one of tiny");
}

TEST_F(CompareRefusal, HoldsTheOtherFieldsToWhatSegmentHoldsThemTo) {
  v1::CompareHeader priority = Comparing({"original", "0.3"});
  priority.set_priority(-11);
  ExpectRefusal(priority, grpc::INVALID_ARGUMENT, "header.priority = -11: must be in [-10, 10]");
  v1::CompareHeader checksum = Comparing({"original", "0.3"});
  checksum.set_sha256("abc");
  ExpectRefusal(checksum, grpc::INVALID_ARGUMENT, "header.sha256: must be 64 lower-case hexadecimal digits");
}

TEST_F(CompareRefusal, WantsAHeaderAndThenChunks) {
  CompareConversation chunk_first(served_.channel());
  chunk_first.SendFile(ct_);
  ExpectRefusal(chunk_first.Finish(), grpc::INVALID_ARGUMENT, "payload: must be a header in the first message");
  CompareConversation silent(served_.channel());
  silent.HalfClose();
  ExpectRefusal(silent.Finish(), grpc::INVALID_ARGUMENT, "header: missing");
  CompareConversation twice(served_.channel());
  twice.SendHeader(Comparing({"original", "0.3"}));
  twice.SendHeader(Comparing({"original", "0.3"}));
  ExpectRefusal(twice.Finish(), grpc::INVALID_ARGUMENT, "payload: must be a chunk in every message after the first");
}

TEST_F(CompareRefusal, NamesTheFieldOfAWrongVolume) {
  ExpectRefusal(Compare(served_.channel(), SmallCt().Pixdim(3, 0).Bytes(), Comparing({"original", "0.3"})), grpc::INVALID_ARGUMENT, "pixdim[3] = 0");
}

TEST(CompareLimits, CountOneRequestOfItsClientWhateverTheLevels) {
  const ModelOnDisk disk(TinyServedBundle());
  disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11);
  ServedOptions options;
  options.models = disk.models();
  options.config.limits.requests_per_minute = 2;
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  EXPECT_TRUE(Compare(served.channel(), ct, Comparing({"original", "0.3"})).status.ok());
  EXPECT_TRUE(Segment(served.channel(), ct).status.ok());
  const CompareAnswer third = Compare(served.channel(), ct, Comparing({"original", "0.3"}));
  EXPECT_EQ(third.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(third.status.error_message(), HasSubstr("requests: this client has sent its 2 for a minute"));
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(third.status));
}

TEST(CompareLimits, CountEveryByteOfTheVolume) {
  const std::vector<std::byte> ct = SmallCt().Bytes();
  ServedOptions options;
  options.config.limits.bytes_per_minute = static_cast<int64_t>(ct.size()) - 1;
  const ModelOnDisk disk(TinyServedBundle());
  disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11);
  options.models = disk.models();
  ServedModel served(std::move(options));
  EXPECT_THAT(Compare(served.channel(), ct, Comparing({"original", "0.3"})).status.error_message(), HasSubstr("bytes = " + std::to_string(ct.size()) + ": must be at most "));
}

TEST(CompareLimits, HoldAStream) {
  const ModelOnDisk disk(TinyServedBundle());
  disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11);
  ServedOptions options;
  options.models = disk.models();
  options.config.max_streams = 1;
  ServedModel served(std::move(options));
  CompareConversation open(served.channel());
  open.SendHeader(Comparing({"original", "0.3"}));
  ASSERT_TRUE(WaitUntil([&] { return served.parts().streams == 1; }));
  const CompareAnswer refused = Compare(served.channel(), SmallCt().Bytes(), Comparing({"original", "0.3"}));
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("streams: 1 are open"));
  open.Cancel();
  EXPECT_EQ(open.Finish().status.error_code(), grpc::CANCELLED);
  EXPECT_TRUE(served.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
