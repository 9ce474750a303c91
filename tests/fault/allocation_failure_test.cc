/// Memory that runs out, at every large allocation on a request's way: the request is refused, the server lives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/serve/status_of.h"
#include "tests/fault/held_call.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// Far more than there are.
constexpr int kMostAllocations = 1000;

/// How often memory was missing: at all, and of what had been set aside for the work.
struct Failures {
  int all = 0;
  int of_the_work = 0;
};

/// Has the first, the second ... large allocation fail, until a request needs no more or its answer has begun.
Failures FailEachOnce(const std::vector<std::byte>& ct, const v1::SegmentHeader& header) {
  LargeAllocations::PassThisThread();
  ServedOptions options;
  options.bundles = {OnePatchBundle(kSmallPatch)};
  ServedModel served(std::move(options));
  constexpr size_t kChunkBytes = 4000;  // gRPC and protobuf allocate less than kLargeBytes for them: what fails is ours
  const Answer whole = Segment(served.channel(), ct, header, kChunkBytes);
  EXPECT_TRUE(whole.status.ok()) << whole.status.error_message();
  Failures failures;
  for (int number = 1; number < kMostAllocations; ++number) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    EXPECT_TRUE(served.BecomesIdle());
    LargeAllocations::Fail(number, kLargeBytes);
    const Answer answer = Segment(served.channel(), ct, header, kChunkBytes);
    const bool failed = LargeAllocations::Disarm();
    EXPECT_TRUE(served.BecomesIdle()) << "nothing is held";
    if (!failed) {
      EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
      return failures;
    }
    EXPECT_EQ(NameOf(answer.status.error_code()), "RESOURCE_EXHAUSTED") << answer.status.error_message();
    EXPECT_THAT(answer.status.error_message(), HasSubstr("memory"));
    EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(answer.status)) << "others may give theirs back";
    ++failures.all;
    if (!InfoOf(answer.status, "needed_bytes").empty()) {
      ++failures.of_the_work;
      EXPECT_THAT(InfoOf(answer.status, "needed_bytes"), testing::MatchesRegex("[1-9][0-9]*")) << "what had been set aside for the work";
      EXPECT_THAT(InfoOf(answer.status, "limit_bytes"), testing::MatchesRegex("[1-9][0-9]*"));
    }
    EXPECT_EQ(answer.order.find('s'), std::string::npos) << "no answer is taken for a whole one";
    const Answer next = Segment(served.channel(), ct, header, kChunkBytes);
    EXPECT_TRUE(next.status.ok()) << next.status.error_message();
    EXPECT_EQ(next.file, whole.file);
    // A picture is one message, for which gRPC allocates as much: what is thrown within its Write() leaves its call half done for ever. A process would be ended without it
    // (GrpcServer::Stop), this one could not be: README.md.
    if (testing::Test::HasFailure() || answer.order.find('h') != std::string::npos) return failures;
  }
  ADD_FAILURE() << "a request needs more than " << kMostAllocations << " large allocations";
  return failures;
}

TEST(MissingMemory, RefusesTheRequestAloneWhereverItIsMissing) {
  // The voxels, the image, what the network reads, the sums of its logits, the labels at the model's spacing and on the input's grid, the count of them.
  const Failures failures = FailEachOnce(OnePatchCt(), {});
  EXPECT_GE(failures.all, 7);
  EXPECT_GE(failures.of_the_work, 3) << "the client is told how much had been set aside";
}

TEST(MissingMemory, RefusesTheRequestAloneWhereItsStatisticsAreMade) {
  v1::SegmentHeader header;
  header.mutable_output()->set_statistics(true);
  header.add_structures("structure_1");
  FailEachOnce(OnePatchCt(), header);
}

TEST(MissingMemory, RefusesTheRequestAloneWhereItsPictureIsMade) {
  v1::SegmentHeader header;
  header.mutable_output()->set_preview(true);
  EXPECT_GE(FailEachOnce(OnePatchCt(), header).all, 7);
}

TEST(MissingMemory, RefusesTheRequestAloneWhereItsVolumeIsCompressed) { FailEachOnce(RandomCt(kSmallShape, 1).Gzip(), {}); }

TEST(MissingMemory, LeavesNoClaimOnTheKeyOfTheRequestThatFailed) {
  LargeAllocations::PassThisThread();
  ServedOptions options;
  options.bundles = {OnePatchBundle(kSmallPatch)};
  ServedModel served(std::move(options));
  EXPECT_TRUE(Segment(served.channel(), OnePatchCt(), {}, 4000).status.ok());  // connections are there, and the log
  v1::SegmentHeader header;
  header.set_idempotency_key("k");
  LargeAllocations::Fail(2, kLargeBytes);  // the first one is the volume's, before the key means anything
  EXPECT_EQ(Segment(served.channel(), OnePatchCt(), header, 4000).status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(LargeAllocations::Disarm());
  EXPECT_TRUE(Segment(served.channel(), OnePatchCt(), header, 4000).status.ok()) << "sent again it is worked: nobody waits for what failed";
}

}  // namespace
}  // namespace tuckerseg
