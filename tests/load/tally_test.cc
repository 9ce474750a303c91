#include "tests/load/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/load/load_samples.h"

namespace tuckerseg::load {
namespace {

using testing::ElementsAre;
using testing::Pair;

Tally Count(const std::vector<RequestRecord>& records, const Workload& workload = SmallWorkload()) {
  return TallyOf(records, workload, SmallBook(), SmallLevels());
}

RequestRecord Of(ClientKind client, RequestRecord record) {
  record.planned.client = client;
  return record;
}

TEST(Tally, CountsEachRequestByItsEndItsLevelAndItsReason) {
  const Tally tally = Count({Answered("original", "right", 2), Answered("quick", "coarse", 1), Answered("quick", "coarse", 1), Refused("RESOURCE_EXHAUSTED", 3), RequestRecord()});
  EXPECT_EQ(tally.planned, 5);
  EXPECT_EQ(tally.sent, 4);
  EXPECT_EQ(tally.admitted, 3);
  EXPECT_EQ(tally.answered, 3);
  EXPECT_THAT(tally.codes, ElementsAre(Pair("NOT_SENT", 1), Pair("OK", 3), Pair("RESOURCE_EXHAUSTED", 1)));
  EXPECT_THAT(tally.levels, ElementsAre(Pair("original", 1), Pair("quick", 2)));
  EXPECT_THAT(tally.reasons, ElementsAre(Pair("quality", 3)));
}

TEST(Tally, KnowsAnAnswerThatIsNotTheUnloadedOneOfItsLevel) {
  EXPECT_EQ(Count({Answered("original", "right", 2), Answered("quick", "coarse", 2)}).wrong, 0);
  EXPECT_EQ(Count({Answered("original", "coarse", 2)}).wrong, 1);
  EXPECT_EQ(Count({Answered("quick", "", 2)}).wrong, 1);
  EXPECT_EQ(Count({Answered("unheard-of", "right", 2)}).wrong, 1) << "a level that the idle server did not list";
}

TEST(Tally, CountsADeadlineFromWhenTheRequestWasDue) {
  RequestRecord late = Answered("original", "right", 4, 5);
  late.sent_s = 13;
  late.ended_s = 16;  // 3 s after it was sent, 6 after it was due
  const Tally tally = Count({Answered("original", "right", 4, 5), late});
  EXPECT_EQ(tally.in_time, 1);
  EXPECT_EQ(tally.admitted_deadlines, 2);
  EXPECT_EQ(tally.kept_deadlines, 1);
  EXPECT_EQ(tally.kept_share(), 0.5);
}

TEST(Tally, HoldsTheServerToNoDeadlineThatItDidNotAdmit) {
  const Tally tally = Count({Answered("original", "right", 4, 5), Refused("DEADLINE_EXCEEDED", {}, 1), Refused("RESOURCE_EXHAUSTED", 2, 3)});
  EXPECT_EQ(tally.admitted_deadlines, 1);
  EXPECT_EQ(tally.kept_share(), 1);
  EXPECT_DOUBLE_EQ(*tally.in_time_share(), 1.0 / 3) << "but they were not answered";
}

TEST(Tally, CountsAnAdmittedRequestThatRanOutOfTimeAsABrokenDeadline) {
  const Tally tally = Count({Failed("DEADLINE_EXCEEDED", 5), Answered("original", "right", 4)});
  EXPECT_EQ(tally.admitted_deadlines, 1);
  EXPECT_EQ(tally.kept_deadlines, 0);
  EXPECT_EQ(tally.unexpected, 0);
  EXPECT_EQ(Count({RequestRecord()}).kept_share(), std::optional<double>()) << "none was admitted";
}

TEST(Tally, TakesALongestLatencyForADeadline) {
  Workload workload = SmallWorkload();
  workload.levels.front().max_latency_s = 5;
  const Tally tally = Count({Failed("DEADLINE_EXCEEDED"), Answered("quick", "coarse", 4)}, workload);
  EXPECT_EQ(tally.admitted_deadlines, 2);
  EXPECT_EQ(tally.kept_deadlines, 1);
  EXPECT_EQ(tally.unexpected, 0);
}

TEST(Tally, BlamesTheServerForNoTimeOfClientsThatReadSlowlyOrVanish) {
  const Tally tally = Count({Of(ClientKind::kReadsSlowly, Answered("original", "right", 9, 5)), Of(ClientKind::kVanishes, Failed("CANCELLED", 5)),
                             Of(ClientKind::kSendsSlowly, Answered("original", "right", 4, 5))});
  EXPECT_EQ(tally.waiting, 1);
  EXPECT_EQ(tally.admitted_deadlines, 1);
  EXPECT_EQ(tally.kept_deadlines, 1);
  EXPECT_EQ(tally.answered, 2);
  EXPECT_EQ(tally.unexpected, 0);
  EXPECT_EQ(Count({Of(ClientKind::kReadsSlowly, Answered("original", "wrong", 9))}).wrong, 1) << "their answers must be right all the same";
}

TEST(Tally, FindsEndsThatNoRequestMayHave) {
  EXPECT_EQ(Count({Failed("INTERNAL")}).first_unexpected, "INTERNAL: of the call");
  EXPECT_EQ(Count({Refused("UNAVAILABLE", {})}).unexpected, 1);
  EXPECT_EQ(Count({Failed("DATA_LOSS"), Failed("INTERNAL")}).unexpected, 2);
  EXPECT_EQ(Count({Failed("CANCELLED")}).unexpected, 1) << "its client has not cancelled";
  EXPECT_EQ(Count({Failed("DEADLINE_EXCEEDED")}).unexpected, 1) << "nobody had set one";
  EXPECT_EQ(Count({Failed("RESOURCE_EXHAUSTED")}).unexpected, 1) << "it had its place";
  EXPECT_EQ(Count({Refused("FAILED_PRECONDITION", {})}).unexpected, 1);
  Workload demanding = SmallWorkload();
  demanding.levels.front().min_quality = 0.99;
  EXPECT_EQ(Count({Refused("FAILED_PRECONDITION", {})}, demanding).unexpected, 0) << "no level is accurate enough";
}

TEST(Tally, CountsRefusalsWithoutAHint) {
  const Tally tally = Count({Refused("RESOURCE_EXHAUSTED", 3), Refused("RESOURCE_EXHAUSTED", {}), Refused("RESOURCE_EXHAUSTED", 0), Refused("DEADLINE_EXCEEDED", {}, 1)});
  EXPECT_EQ(tally.refused, 3) << "for a deadline that no idle server could keep waiting does not help";
  EXPECT_EQ(tally.without_hint, 2);
}

TEST(Tally, HasTheMeanQualityOfTheAnswersLevels) {
  EXPECT_DOUBLE_EQ(*Count({Answered("original", "right", 2), Answered("quick", "coarse", 2), Refused("RESOURCE_EXHAUSTED", 1)}).mean_quality, 0.95);
  EXPECT_EQ(Count({Refused("RESOURCE_EXHAUSTED", 1)}).mean_quality, std::optional<double>());
  EXPECT_EQ(Count({Answered("original", "right", 2), Answered("unmeasured", "x", 2)}).mean_quality, std::optional<double>());
}

TEST(InTimeOfBoth, CountsThoseThatWaitedInEitherRun) {
  const Tally both = InTimeOfBoth(Count({Answered("original", "right", 2), Refused("RESOURCE_EXHAUSTED", 1)}), Count({Answered("original", "right", 2), Answered("original", "right", 3)}));
  EXPECT_DOUBLE_EQ(*both.in_time_share(), 0.75);
}

TEST(Latencies, AreThoseOfAnswersThatWereTakenAtOnce) {
  const std::vector<RequestRecord> records{Answered("original", "right", 2), Refused("RESOURCE_EXHAUSTED", 1), Of(ClientKind::kReadsSlowly, Answered("original", "right", 9))};
  EXPECT_THAT(Latencies(records), ElementsAre(2));
}

TEST(CallDurations, AreFromSendingOnWithoutTheClientsPauses) {
  RequestRecord late = Answered("original", "right", 4);
  late.sent_s = 11;
  RequestRecord slow = Of(ClientKind::kReadsSlowly, Answered("original", "right", 9));
  slow.read_pauses_s = 6;
  EXPECT_THAT(CallDurations(std::vector<RequestRecord>{late, slow, RequestRecord()}), ElementsAre(testing::DoubleEq(3), testing::DoubleEq(3))) << "what was not sent was no call";
}

}  // namespace
}  // namespace tuckerseg::load
