/// A server that is asked to stop while clients keep coming: whoever was told `accepted` gets its label map, everybody else is told to go elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "client/lib/client.h"
#include "engine/error.h"
#include "tests/fault/running_server.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

struct Counts {
  std::atomic<int> accepted = 0;
  std::atomic<int> served = 0;
};

/// What a client may be told that was not accepted. A call that comes just as the port closes may be cut without a word of ours.
bool SaysThatTheServerHasGone(ErrorCode code) { return code == ErrorCode::kUnavailable || code == ErrorCode::kCancelled || code == ErrorCode::kInternal; }

/// Sends one volume after another until a call is refused.
void SendUntilRefused(const std::string& address, const std::vector<std::byte>& ct, Counts& counts) {
  Client client(address);
  for (;;) {
    bool accepted = false;
    SegmentEvents events;
    events.accepted = [&](const v1::Accepted&) {
      accepted = true;
      ++counts.accepted;
    };
    try {
      client.Segment({}, [&](const ByteSink& sink) { sink(ct); }, events);
      ++counts.served;
    } catch (const Error& error) {
      EXPECT_FALSE(accepted) << "it was accepted and lost: " << error.what();
      EXPECT_TRUE(SaysThatTheServerHasGone(error.code())) << error.what();
      return;
    }
  }
}

TEST(StopUnderLoad, LosesNoRequestThatWasAccepted) {
  const ModelFolder models;
  RunningServer server(models.Arguments());
  ASSERT_GT(server.port(), 0);
  const std::vector<std::byte> ct = CubeCt(40);
  Counts counts;
  {
    std::vector<std::jthread> clients;
    for (int client = 0; client < 6; ++client) clients.emplace_back([&] { SendUntilRefused(server.address(), ct, counts); });
    // In the middle of it: one is being worked, others wait.
    EXPECT_TRUE(WaitUntil([&] { return counts.served >= 6 && counts.accepted > counts.served; }));
    server.process().Signal(SIGTERM);
  }  // every client ends by being refused
  EXPECT_EQ(counts.accepted.load(), counts.served.load());
  int logged = 0;
  while (const auto line = server.process().WaitForEvent("segment")) {
    if (line->at("code") == "OK") ++logged;
  }
  EXPECT_EQ(logged, counts.served.load());
  EXPECT_EQ(server.process().WaitForEnd(), 0) << server.process().Errors();
}

}  // namespace
}  // namespace tuckerseg
