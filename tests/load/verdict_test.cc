#include "tests/load/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/load/load_samples.h"

namespace tuckerseg::load {
namespace {

using testing::HasSubstr;

constexpr double kMebibyte = 1 << 20;
constexpr double kStarted = 1e9;  // the process, in Unix time

/// A look each second, of one process that holds what `resident_mib` says of the second.
Scrapes Looks(int seconds, const std::function<double(int second)>& resident_mib) {
  Scrapes scrapes;
  for (int second = 0; second < seconds; ++second) {
    scrapes.samples.push_back({.at_s = static_cast<double>(second),
                               .resident_bytes = resident_mib(second) * kMebibyte,
                               .waiting = 3,
                               .running = 1,
                               .capacity = 16,
                               .process_started_s = kStarted});
  }
  return scrapes;
}
Scrapes Looks(int seconds) {
  return Looks(seconds, [](int) { return 500; });
}

/// Noise of 10 MiB about the mean, the same each time.
double Noise(int second) { return 10 * std::sin(12.9898 * second) * std::cos(78.233 * second); }

Tally Deadlines(int64_t kept, int64_t admitted) {
  Tally tally;
  tally.kept_deadlines = kept;
  tally.admitted_deadlines = admitted;
  return tally;
}

Tally InTime(int64_t in_time, int64_t waiting) {
  Tally tally;
  tally.in_time = in_time;
  tally.waiting = waiting;
  return tally;
}

TEST(Verdict, BreaksAtOneWrongAnswer) {
  Tally tally;
  EXPECT_EQ(JudgeAnswers(tally).ruling, Ruling::kNotJudged) << "nothing was answered";
  tally.answered = 100;
  EXPECT_EQ(JudgeAnswers(tally).ruling, Ruling::kKept);
  tally.wrong = 1;
  EXPECT_EQ(JudgeAnswers(tally).ruling, Ruling::kBroken);
  EXPECT_EQ(JudgeAnswers(tally).measured, "99 of 100 equal");
}

TEST(Verdict, BreaksAtOneUnexpectedEndAndTellsIt) {
  Tally tally;
  tally.planned = 100;
  EXPECT_EQ(JudgeEnds(tally).ruling, Ruling::kKept);
  tally.unexpected = 2;
  tally.first_unexpected = "INTERNAL: internal error 1f";
  EXPECT_EQ(JudgeEnds(tally).ruling, Ruling::kBroken);
  EXPECT_EQ(JudgeEnds(tally).measured, "2 of 100 unexpected, the first INTERNAL: internal error 1f");
}

TEST(Verdict, BreaksAtOneRefusalWithoutAHint) {
  Tally tally;
  EXPECT_EQ(JudgeRetryHints(tally).ruling, Ruling::kNotJudged) << "nothing was refused";
  tally.refused = 7;
  EXPECT_EQ(JudgeRetryHints(tally).ruling, Ruling::kKept);
  tally.without_hint = 1;
  EXPECT_EQ(JudgeRetryHints(tally).ruling, Ruling::kBroken);
}

TEST(Verdict, HoldsTheServersOwnChoiceToTheDeadlinesThatItAdmits) {
  const Workload workload = SmallWorkload();
  EXPECT_EQ(JudgeDeadlines(Deadlines(95, 100), workload).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeDeadlines(Deadlines(94, 100), workload).ruling, Ruling::kBroken);
  EXPECT_EQ(JudgeDeadlines(Deadlines(0, 0), workload).ruling, Ruling::kNotJudged);
  EXPECT_EQ(JudgeDeadlines(Deadlines(75, 80), workload).ruling, Ruling::kBroken);
  EXPECT_EQ(JudgeDeadlines(Deadlines(72, 79), workload).ruling, Ruling::kNotJudged) << "of so few chance decides";
  EXPECT_EQ(JudgeDeadlines(Deadlines(70, 79), workload).ruling, Ruling::kBroken) << "but not that";
  Workload strict = workload;
  strict.promises.kept_share = 1;
  EXPECT_EQ(JudgeDeadlines(Deadlines(10, 10), strict).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeDeadlines(Deadlines(9, 10), strict).ruling, Ruling::kBroken);
  const Finding named = JudgeDeadlines(Deadlines(50, 100), workload.AtLevel("original"));
  EXPECT_EQ(named.ruling, Ruling::kNotJudged) << "who names a level takes what it takes";
  EXPECT_EQ(named.measured, "50 of 100 kept (50.0 %)");
}

TEST(Verdict, ComparesTheSharesThatWereAnsweredInTime) {
  // Runs of different lengths.
  EXPECT_EQ(JudgeGain(InTime(900, 1000), InTime(60, 100), 3, 1.5).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeGain(InTime(890, 1000), InTime(60, 100), 3, 1.5).ruling, Ruling::kBroken);
  EXPECT_THAT(JudgeGain(InTime(900, 1000), InTime(60, 100), 3, 1.5).measured, HasSubstr("90.0 % against 60.0 % in time (1.50 times)"));
  EXPECT_EQ(JudgeGain(InTime(1, 10), InTime(0, 10), 3, 1.5).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeGain(InTime(900, 1000), InTime(90, 100), 1, 1.5).ruling, Ruling::kNotJudged) << "there was nothing to choose from";
  EXPECT_EQ(JudgeGain(InTime(0, 0), InTime(90, 100), 3, 1.5).ruling, Ruling::kNotJudged);
}

TEST(Verdict, KnowsAServerThatHasGoneOrBegunAnew) {
  const LastLook same{.process_started_s = kStarted};
  EXPECT_EQ(JudgeProcess(Looks(5), same).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeProcess(Looks(5), {}).ruling, Ruling::kBroken);
  EXPECT_EQ(JudgeProcess({}, same).ruling, Ruling::kBroken);
  Scrapes again = Looks(5);
  again.samples.back().process_started_s += 30;
  EXPECT_EQ(JudgeProcess(again, same).ruling, Ruling::kBroken);
  EXPECT_THAT(JudgeProcess(again, same).measured, HasSubstr("started anew"));
  Scrapes gaps = Looks(5);
  gaps.missed = 2;
  EXPECT_EQ(JudgeProcess(gaps, same).ruling, Ruling::kKept) << "a busy machine gives a page late";
  EXPECT_EQ(JudgeProcess(gaps, same).measured, "one; 2 of 7 pages missed");
}

TEST(Verdict, KnowsAServerThatBeganAnewAfterItsLastRequest) {
  const Finding finding = JudgeProcess(Looks(5), LastLook{.idle = true, .process_started_s = kStarted + 30});
  EXPECT_EQ(finding.ruling, Ruling::kBroken);
  EXPECT_THAT(finding.measured, HasSubstr("started anew"));
}

TEST(Verdict, KnowsAServerThatKeepsSomethingOfTheLoad) {
  EXPECT_EQ(JudgeIdle(LastLook{.after_s = 0.5, .idle = true}).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeIdle(LastLook{.after_s = 0.5, .idle = true}).measured, "0.5 s after it");
  const Finding kept = JudgeIdle(LastLook{.after_s = 60.2, .running = 1, .open_calls = 2, .reserved_bytes = 12 * kMebibyte});
  EXPECT_EQ(kept.ruling, Ruling::kBroken);
  EXPECT_EQ(kept.measured, "60.2 s after it: 0 waiting, 1 running, 2 calls open, 12.0 MiB reserved");
  EXPECT_EQ(JudgeIdle({}).ruling, Ruling::kNotJudged) << "the process has gone, which is another promise";
}

TEST(Verdict, BreaksAtOneQueueThatIsTooLong) {
  Scrapes scrapes = Looks(5);
  scrapes.samples[2].waiting = 16;
  EXPECT_EQ(JudgeQueue(scrapes).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeQueue(scrapes).measured, "at most 16 waited, of 16 that may wait or run");
  scrapes.samples[2].waiting = 17;
  EXPECT_EQ(JudgeQueue(scrapes).ruling, Ruling::kBroken);
  EXPECT_EQ(JudgeQueue({}).ruling, Ruling::kNotJudged);
}

TEST(Verdict, FindsALeakUnderNoise) {
  const Promises promises{.resident_growth = 0.01, .warm_up_s = 60};
  EXPECT_EQ(JudgeResidentMemory(Looks(1800, [](int s) { return 500 + Noise(s); }), promises).ruling, Ruling::kKept);
  // 20 KiB a second are 34 MiB over half an hour, 7 % of the mean.
  EXPECT_EQ(JudgeResidentMemory(Looks(1800, [](int s) { return 500 + Noise(s) + 0.02 * s; }), promises).ruling, Ruling::kBroken);
  EXPECT_EQ(JudgeResidentMemory(Looks(1800, [](int s) { return 500 + Noise(s) - 0.02 * s; }), promises).ruling, Ruling::kKept) << "what is given back is no leak";
}

TEST(Verdict, TakesWhatFillsDuringTheWarmUpForNoLeak) {
  const Scrapes scrapes = Looks(600, [](int s) { return s < 60 ? 100 + 7 * s : 520 + Noise(s); });
  EXPECT_EQ(JudgeResidentMemory(scrapes, {.warm_up_s = 60}).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeResidentMemory(scrapes, {.warm_up_s = 0}).ruling, Ruling::kBroken);
}

TEST(Verdict, SaysNothingOfMemoryAfterAFewSeconds) {
  EXPECT_EQ(JudgeResidentMemory(Looks(90), {.warm_up_s = 60}).ruling, Ruling::kNotJudged);
  EXPECT_EQ(JudgeResidentMemory({}, {}).ruling, Ruling::kNotJudged);
}

TEST(Verdict, ComparesTheClocksBucketByBucket) {
  const std::vector<double> ends{0.5, 1, 2.5, 5, std::numeric_limits<double>::infinity()};
  // Clients: 100 calls of 0.8 s.
  const std::vector<double> client_s(100, 0.8);
  EXPECT_EQ(JudgeClocks(client_s, {ends, {0, 100, 0, 0, 0}}).ruling, Ruling::kKept);
  EXPECT_EQ(JudgeClocks(client_s, {ends, {0, 0, 100, 0, 0}}).ruling, Ruling::kKept) << "beside it";
  EXPECT_EQ(JudgeClocks(client_s, {ends, {0, 0, 0, 100, 0}}).ruling, Ruling::kBroken);
  EXPECT_EQ(JudgeClocks(client_s, {ends, {0, 94, 0, 6, 0}}).ruling, Ruling::kBroken) << "p95 and p99, where p50 agrees";
  EXPECT_THAT(JudgeClocks(client_s, {ends, {0, 100, 0, 0, 0}}).measured, HasSubstr("p50 0.500 to 1.000 s, clients 0.800 s"));
  EXPECT_EQ(JudgeClocks(client_s, {}).ruling, Ruling::kNotJudged);
  EXPECT_EQ(JudgeClocks({}, {ends, {0, 1, 0, 0, 0}}).ruling, Ruling::kNotJudged);
}

TEST(Verdict, KnowsAGeneratorThatWasTooSlow) {
  std::vector<RequestRecord> records(200, Answered("original", "right", 1));
  EXPECT_EQ(JudgeGenerator(records).ruling, Ruling::kKept);
  records[0].sent_s += 5;
  records[1].sent_s += 5;
  EXPECT_EQ(JudgeGenerator(records).ruling, Ruling::kKept) << "1 % is allowed";
  records[2].sent_s += 5;
  EXPECT_EQ(JudgeGenerator(records).ruling, Ruling::kBroken);
}

TEST(Verdict, OfARunHoldsEveryPromiseAndBreaksWithOne) {
  LoadRun run;
  run.workload = SmallWorkload();
  run.records.assign(100, Answered("original", "right", 0.8, 2));
  run.scrapes = Looks(200);
  run.last_look = LastLook{.idle = true, .process_started_s = kStarted};
  run.server_times = {{0.5, 1, std::numeric_limits<double>::infinity()}, {0, 100, 0}};
  const auto judge = [&] { return JudgeRun(run, TallyOf(run.records, run.workload, SmallBook(), SmallLevels())); };
  EXPECT_TRUE(AllKept(judge()));
  run.last_look->idle = false;
  EXPECT_FALSE(AllKept(judge()));
  run.last_look->idle = true;
  run.records.front().sha256 = "another";
  EXPECT_FALSE(AllKept(judge()));
}

}  // namespace
}  // namespace tuckerseg::load
