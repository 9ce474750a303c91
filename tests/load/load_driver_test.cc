#include "tests/load/load_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/server/wait_until.h"

namespace tuckerseg::load {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<PlannedRequest> DueAt(const std::vector<double>& times_s) {
  std::vector<PlannedRequest> plan;
  for (const double at_s : times_s) plan.push_back({.at_s = at_s});
  return plan;
}

/// A request that takes so long.
class Service {
 public:
  Service(Clock::time_point begin, std::chrono::milliseconds takes) : begin_(begin), takes_(takes) {}

  RequestRecord operator()(const PlannedRequest& planned) const {
    RequestRecord record{.planned = planned, .sent_s = SecondsNow()};
    std::this_thread::sleep_for(takes_);
    record.ended_s = SecondsNow();
    return record;
  }

 private:
  double SecondsNow() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  const Clock::time_point begin_;
  const std::chrono::milliseconds takes_;
};

TEST(DriveLoad, SendsNothingBeforeItIsDueAndKeepsThePlansOrder) {
  const Clock::time_point begin = Clock::now();
  const std::vector<PlannedRequest> plan = DueAt({0, 0.02, 0.05, 0.06});
  const std::vector<RequestRecord> records = DriveLoad(plan, Service(begin, std::chrono::milliseconds(1)), 4, begin);
  ASSERT_EQ(records.size(), plan.size());
  for (size_t i = 0; i < plan.size(); ++i) {
    EXPECT_EQ(records[i].planned, plan[i]);
    EXPECT_GE(records[i].sent_s, plan[i].at_s);
  }
}

TEST(DriveLoad, CountsLatencyFromWhenARequestWasDueWhereNoThreadWasFree) {
  const Clock::time_point begin = Clock::now();
  const std::vector<RequestRecord> records = DriveLoad(DueAt({0, 0, 0}), Service(begin, std::chrono::milliseconds(30)), 1, begin);
  // Each takes 30 ms; the third has waited for two of them, which a closed loop would not tell.
  EXPECT_GE(records[2].latency_s(), 0.09);
  EXPECT_GE(records[1].latency_s(), 0.06);
}

TEST(DriveLoad, DoesNotWaitForAnAnswerBeforeItSendsTheNext) {
  std::atomic<int> under_way = 0;
  const auto records = DriveLoad(DueAt({0, 0, 0}),
                                 [&](const PlannedRequest& planned) {
                                   ++under_way;
                                   RequestRecord record{.planned = planned};
                                   record.admitted = WaitUntil([&] { return under_way == 3; });
                                   return record;
                                 },
                                 3, Clock::now());
  for (const RequestRecord& record : records) EXPECT_TRUE(record.admitted) << "all three must be under way at once";
}

TEST(DriveLoad, EndsWithTheFirstErrorAndBeginsNoOtherRequest) {
  std::atomic<int> begun = 0;
  EXPECT_THROW(DriveLoad(DueAt({0, 0.01, 0.02}),
                         [&](const PlannedRequest&) -> RequestRecord {
                           ++begun;
                           throw std::runtime_error("broken");
                         },
                         1, Clock::now()),
               std::runtime_error);
  EXPECT_EQ(begun, 1);
}

TEST(DriveLoad, OfNoRequestIsOverAtOnce) {
  EXPECT_TRUE(DriveLoad({}, [](const PlannedRequest&) { return RequestRecord(); }, 4, Clock::now()).empty());
}

}  // namespace
}  // namespace tuckerseg::load
