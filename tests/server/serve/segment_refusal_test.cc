/// What Segment refuses, and that it serves the next request as if nothing had been.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/serve/service_parts.h"
#include "server/serve/status_of.h"
#include "tests/engine/volume/malformed_nifti.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class SegmentRefusalTest : public testing::Test {
 protected:
  /// After whatever a test did, a good request is served and nothing is held.
  void TearDown() override {
    EXPECT_TRUE(Ask({}).status.ok());
    EXPECT_TRUE(served_.BecomesIdle());
  }
  Answer Ask(const v1::SegmentHeader& header) { return Segment(served_.channel(), ct_, header); }
  void ExpectRefusal(const v1::SegmentHeader& header, grpc::StatusCode code, const std::string& message) {
    ExpectRefusal(Ask(header), code, message);
  }
  static void ExpectRefusal(const Answer& answer, grpc::StatusCode code, const std::string& message) {
    EXPECT_EQ(NameOf(answer.status.error_code()), NameOf(code)) << answer.status.error_message();
    EXPECT_THAT(answer.status.error_message(), HasSubstr(message));
    EXPECT_EQ(answer.order, "") << "nothing is accepted";
  }

  ServedModel served_;
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_F(SegmentRefusalTest, WantsAHeaderFirst) {
  SegmentConversation chunk_first(served_.channel());
  chunk_first.SendFile(ct_);
  ExpectRefusal(chunk_first.Finish(), grpc::INVALID_ARGUMENT,
                "payload: must be a header in the first message");
  SegmentConversation nothing_first(served_.channel());
  nothing_first.SendNothing();
  ExpectRefusal(nothing_first.Finish(), grpc::INVALID_ARGUMENT,
                "payload: must be a header in the first message");
  SegmentConversation silent(served_.channel());
  silent.HalfClose();
  ExpectRefusal(silent.Finish(), grpc::INVALID_ARGUMENT, "header: missing");
}

TEST_F(SegmentRefusalTest, WantsChunksAfterTheHeader) {
  SegmentConversation twice(served_.channel());
  twice.SendHeader({});
  twice.SendHeader({});
  ExpectRefusal(twice.Finish(), grpc::INVALID_ARGUMENT,
                "payload: must be a chunk in every message after the first");
  SegmentConversation empty(served_.channel());
  empty.SendHeader({});
  empty.SendNothing();
  ExpectRefusal(empty.Finish(), grpc::INVALID_ARGUMENT,
                "payload: must be a chunk in every message after the first");
}

TEST_F(SegmentRefusalTest, WantsAVolume) {
  SegmentConversation conversation(served_.channel());
  conversation.SendHeader({});
  conversation.HalfClose();
  ExpectRefusal(conversation.Finish(), grpc::INVALID_ARGUMENT, "volume: the stream is empty");
}

TEST_F(SegmentRefusalTest, NamesTheTasksWhereItLacksTheOneAskedFor) {
  v1::SegmentHeader header;
  header.set_task("heart");
  ExpectRefusal(header, grpc::NOT_FOUND, "task = heart: must be one of tiny");
}

TEST_F(SegmentRefusalTest, NamesTheLevelsWhereItLacksTheOneAskedFor) {
  v1::SegmentHeader header;
  header.mutable_level()->set_name("0.3");
  ExpectRefusal(header, grpc::NOT_FOUND, "level = 0.3: must be one of auto, original");
}

TEST_F(SegmentRefusalTest, RefusesAStructureThatTheTaskLacks) {
  v1::SegmentHeader header;
  header.add_structures("structure_1");
  header.add_structures("liver");
  ExpectRefusal(header, grpc::INVALID_ARGUMENT, "header.structures = liver: must be structures of task tiny");
}

TEST_F(SegmentRefusalTest, RefusesFieldsOutOfRange) {
  v1::SegmentHeader priority;
  priority.set_priority(11);
  ExpectRefusal(priority, grpc::INVALID_ARGUMENT, "header.priority = 11: must be in [-10, 10]");
  v1::SegmentHeader key;
  key.set_idempotency_key(std::string(129, 'k'));
  ExpectRefusal(key, grpc::INVALID_ARGUMENT, "header.idempotency_key: must have at most 128 characters");
  v1::SegmentHeader quality;
  quality.mutable_level()->mutable_automatic()->set_min_quality(1.5);
  ExpectRefusal(quality, grpc::INVALID_ARGUMENT, "header.level.automatic.min_quality = 1.5");
  v1::SegmentHeader compression;
  compression.mutable_output()->set_compression(static_cast<v1::Compression>(7));
  ExpectRefusal(compression, grpc::INVALID_ARGUMENT, "header.output.compression = 7: must be NONE or GZIP");
}

TEST_F(SegmentRefusalTest, RefusesTheBorderRuleWhereThereAreNoStatistics) {
  v1::SegmentHeader header;
  header.mutable_output()->set_exclude_incomplete(true);
  ExpectRefusal(header, grpc::INVALID_ARGUMENT,
                "header.output.exclude_incomplete = true: must be false where output.statistics is");
}

TEST_F(SegmentRefusalTest, AnswersANameOfAnyLengthWithTheRightStatus) {
  v1::SegmentHeader header;
  header.set_task(std::string(100'000, 'x'));
  ExpectRefusal(header, grpc::NOT_FOUND, "task = xxx");
}

TEST_F(SegmentRefusalTest, RefusesALengthOtherThanAnnounced) {
  v1::SegmentHeader header;
  header.set_total_bytes(ct_.size() + 1);
  ExpectRefusal(header, grpc::DATA_LOSS, "header.total_bytes = ");
  header.set_total_bytes(ct_.size() - 1);
  ExpectRefusal(header, grpc::INVALID_ARGUMENT, "header.total_bytes = ");
}

TEST_F(SegmentRefusalTest, RefusesAChecksumOtherThanAnnounced) {
  v1::SegmentHeader header;
  header.set_sha256(std::string(64, '0'));
  ExpectRefusal(header, grpc::DATA_LOSS, "header.sha256: the bytes that arrived have another checksum");
  header.set_sha256("abc");
  ExpectRefusal(header, grpc::INVALID_ARGUMENT, "header.sha256: must be 64 lower-case hexadecimal digits");
}

TEST_F(SegmentRefusalTest, RefusesAChunkAboveOneMebibyte) {
  SegmentConversation conversation(served_.channel());
  conversation.SendHeader({});
  conversation.SendChunk(std::vector<std::byte>(static_cast<size_t>(kMaxChunkBytes) + 1));
  ExpectRefusal(conversation.Finish(), grpc::INVALID_ARGUMENT,
                "chunk = 1048577 bytes: must be at most 1048576");
}

TEST_F(SegmentRefusalTest, TellsProgramsTheBytesThatAreTooManyTheLimitAndTheStage) {
  v1::SegmentHeader header;
  header.set_total_bytes(uint64_t{5} << 30);
  const Answer answer = Ask(header);
  ExpectRefusal(answer, grpc::RESOURCE_EXHAUSTED, "header.total_bytes = 5368709120: must be at most 4294967296");
  EXPECT_EQ(InfoOf(answer.status, "needed_bytes"), "5368709120");
  EXPECT_EQ(InfoOf(answer.status, "limit_bytes"), "4294967296");
  EXPECT_EQ(InfoOf(answer.status, "stage"), "receive");
}

TEST_F(SegmentRefusalTest, NamesTheFieldOfTheVolumeInItsDetails) {
  const Answer answer = Segment(served_.channel(), SmallCt().Pixdim(3, 0).Bytes());
  ExpectRefusal(answer, grpc::INVALID_ARGUMENT, "pixdim[3] = 0");
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(answer.status)->field_violations(0).field(), "pixdim[3]");
  EXPECT_EQ(InfoOf(answer.status, "field"), "pixdim[3]");
  EXPECT_EQ(InfoOf(answer.status, "stage"), "decode");
  EXPECT_EQ(InfoOf(answer.status, "needed_bytes"), "") << "no limit of bytes has refused it";
}

/// The status of the contract for what the reader says.
grpc::StatusCode Expected(ErrorCode code) {
  return StatusOf([&] { throw Error(code, ""); }).error_code();
}

TEST_F(SegmentRefusalTest, RefusesEveryMalformedVolumeWithItsStatusAndServesTheNextRequest) {
  const std::vector<MalformedNifti> table = MalformedNiftis();
  ASSERT_GE(table.size(), 60U) << "the table has to hold at least sixty malformed files";
  for (const MalformedNifti& malformed : table) {
    SCOPED_TRACE(malformed.name);
    ExpectRefusal(Segment(served_.channel(), malformed.bytes), Expected(malformed.code), malformed.message);
    ASSERT_TRUE(Ask({}).status.ok());
  }
}

TEST_F(SegmentRefusalTest, NeverTakesAStreamThatIsCutAtAnyByte) {
  for (const std::vector<std::byte>& file : {NiftiBuilder().Bytes(), NiftiBuilder().Gzip()}) {
    ASSERT_TRUE(Segment(served_.channel(), file).status.ok());
    for (size_t size = 0; size < file.size(); ++size) {
      const Answer answer = Segment(served_.channel(), std::span(file).first(size));
      const grpc::StatusCode code = answer.status.error_code();
      ASSERT_TRUE(code == grpc::DATA_LOSS || (size == 0 && code == grpc::INVALID_ARGUMENT))
          << NameOf(code) << " after " << size << " of " << file.size()
          << " bytes: " << answer.status.error_message();
    }
  }
}

/// An executor that fails as no executor should.
class FailingExecutor final : public Executor {
 public:
  std::span<const float> Run(std::span<const float>, const Size3&) override {
    throw std::logic_error("secret");
  }
};

TEST(SegmentFault, TellsTheClientAnIdAloneWhereTheFaultIsOurs) {
  ServedOptions options;
  options.executor = [](const LayerGraph&, const WeightStore&, const std::string&) {
    return std::make_unique<FailingExecutor>();
  };
  ServedModel served(std::move(options));
  const Answer answer = Segment(served.channel(), SmallCt().Bytes());
  EXPECT_EQ(answer.status.error_code(), grpc::INTERNAL);
  EXPECT_THAT(answer.status.error_message(), testing::MatchesRegex("internal error [0-9a-f]+"));
  EXPECT_EQ(answer.status.error_details(), "");
  EXPECT_TRUE(served.BecomesIdle());
}

}  // namespace
}  // namespace tuckerseg
