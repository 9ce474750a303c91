#include "server/observe/request_ring.h"

#include <gtest/gtest.h>

#include <thread>

namespace tuckerseg {
namespace {

RequestEntry Entry(const std::string& id) {
  RequestEntry entry;
  entry.request_id = id;
  return entry;
}

std::vector<std::string> IdsOf(const RequestRing& ring) {
  std::vector<std::string> ids;
  for (const RequestEntry& entry : ring.Newest()) ids.push_back(entry.request_id);
  return ids;
}

TEST(RequestRing, GivesTheNewestFirst) {
  RequestRing ring(3);
  EXPECT_EQ(IdsOf(ring), std::vector<std::string>());
  ring.Add(Entry("a"));
  ring.Add(Entry("b"));
  EXPECT_EQ(IdsOf(ring), (std::vector<std::string>{"b", "a"}));
}

TEST(RequestRing, ForgetsTheOldestWhereItIsFull) {
  RequestRing ring(3);
  for (const char* id : {"a", "b", "c", "d", "e"}) ring.Add(Entry(id));
  EXPECT_EQ(IdsOf(ring), (std::vector<std::string>{"e", "d", "c"}));
}

TEST(RequestRing, KeepsFifty) {
  RequestRing ring;
  for (int i = 0; i < 200; ++i) ring.Add(Entry(std::to_string(i)));
  EXPECT_EQ(ring.Newest().size(), 50U);
  EXPECT_EQ(ring.Newest().back().request_id, "150");
}

TEST(RequestRing, TakesFromManyThreadsWhileOthersLook) {
  RequestRing ring(10);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          ring.Add(Entry("x"));
          EXPECT_LE(ring.Newest().size(), 10U);
        }
      });
  }
  EXPECT_EQ(ring.Newest().size(), 10U);
}

}  // namespace
}  // namespace tuckerseg
