#include "server/schedule/fair_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace tuckerseg {
namespace {

/// A piece of work, in the order of arrival.
struct Given {
  char name;
  char client;
  double foretold_s = 10;
  int priority = 0;
  int due_s = 0;
};

std::vector<FairOrder::Place> PlacesOf(const std::vector<Given>& given, const FairOrder& order) {
  std::vector<FairOrder::Work> waiting;
  for (const Given& one : given) {
    waiting.push_back({.priority = one.priority, .client = {&one.client, 1}, .foretold_s = one.foretold_s, .due = FairOrder::Time(std::chrono::seconds(one.due_s))});
  }
  return order.PlacesOf(waiting);
}

/// Takes the one that stands first, which begins.
Given Begin(std::vector<Given>& given, FairOrder& order) {
  const auto first = given.begin() + static_cast<std::ptrdiff_t>(PlacesOf(given, order).front().index);
  const Given begun = *first;
  given.erase(first);
  order.Begin({begun.client}, begun.priority, begun.foretold_s);
  return begun;
}

/// Lets all of it begin, one piece after the other.
std::string OrderOf(std::vector<Given> given, FairOrder order = {}) {
  std::string names;
  while (!given.empty()) names += Begin(given, order).name;
  return names;
}

struct Case {
  const char* what;
  std::vector<Given> given;
  const char* order;
};

TEST(FairOrder, Is) {
  const std::vector<Case> cases{
      {"nothing, of nothing", {}, ""},
      {"that of arrival, of one client", {{'1', 'a'}, {'2', 'a'}, {'3', 'a'}}, "123"},
      {"that of arrival, of clients that have had nothing", {{'1', 'c', 0}, {'2', 'a', 0}, {'3', 'b', 0}, {'4', 'c', 0}}, "1234"},
      {"in turns, whoever sends more", {{'1', 'a'}, {'2', 'a'}, {'3', 'a'}, {'4', 'b'}, {'5', 'b'}, {'6', 'c'}}, "146253"},
      {"by seconds, not by pieces of work", {{'1', 'a', 30}, {'2', 'a', 30}, {'3', 'b'}, {'4', 'b'}, {'5', 'b'}, {'6', 'b'}}, "134526"},
      {"as it is due, of one client's own", {{'1', 'a', 10, 0, 30}, {'2', 'a', 10, 0, 20}, {'3', 'a', 10, 0, 25}}, "231"},
      {"as it is due, of clients that have had as much", {{'1', 'a', 10, 0, 30}, {'2', 'b', 10, 0, 20}}, "21"},
      {"not as it is due, of clients of which one has had more", {{'1', 'a', 10, 0, 1}, {'2', 'a', 10, 0, 2}, {'3', 'b', 10, 0, 30}}, "132"},
      {"by priority first", {{'1', 'a', 10, -1}, {'2', 'a', 10, 0}, {'3', 'b', 10, 5}}, "321"},
      {"by priority first, whatever its client has had of it", {{'1', 'a', 100, 1}, {'2', 'b', 10, 0}, {'3', 'a', 10, 1}}, "132"},
      {"by what clients have had of the same priority", {{'1', 'a', 100, 1}, {'2', 'a'}, {'3', 'b'}, {'4', 'b'}}, "1234"},
  };
  for (const Case& c : cases) EXPECT_EQ(OrderOf(c.given), c.order) << c.what;
}

TEST(FairOrder, SaysWhereAllStand) {
  const std::vector<FairOrder::Place> places = PlacesOf({{'1', 'a', 10}, {'2', 'a', 20}, {'3', 'b', 5}, {'4', 'b', 5, 1}}, {});
  ASSERT_EQ(places.size(), 4U);
  const size_t indices[] = {3, 0, 2, 1};
  const double begins[] = {0, 0, 0, 10};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(places[i].index, indices[i]);
    EXPECT_EQ(places[i].begin_s, begins[i]);
  }
}

TEST(FairOrder, SavesNoTimeUpThatNobodyAskedFor) {
  FairOrder order;
  for (int i = 0; i < 10; ++i) order.Begin("a", 0, 10);
  EXPECT_EQ(order.HadBefore("a", 0), 100);
  EXPECT_EQ(order.HadBefore("b", 0), 90) << "as much as a had had when its last began";
  EXPECT_EQ(OrderOf({{'1', 'a'}, {'2', 'b'}, {'3', 'b'}, {'4', 'b'}}, order), "2134");
}

TEST(FairOrder, CountsEachPriorityByItself) {
  FairOrder order;
  order.Begin("a", 5, 100);
  order.Begin("a", 5, 100);
  EXPECT_EQ(order.HadBefore("a", 5), 200);
  for (const char* client : {"a", "b"}) EXPECT_EQ(order.HadBefore(client, 0), 0) << client;
  order.Begin("b", 0, 10);
  EXPECT_EQ(OrderOf({{'1', 'b'}, {'2', 'b'}, {'3', 'c'}}, order), "312") << "who comes has had nothing of what is less urgent";
}

TEST(FairOrder, BeginsAnewWithTheBusyTimeOfEachPriority) {
  FairOrder order;
  order.Begin("a", 0, 100);
  order.Begin("a", 5, 100);
  order.EndBusyTime(0);
  EXPECT_EQ(order.HadBefore("a", 0), 0);
  EXPECT_EQ(order.HadBefore("a", 5), 100);
  order.EndBusyTime(7);  // of which there was nothing
  EXPECT_EQ(order.HadBefore("a", 5), 100);
}

// Goyal, Vin and Cheng 1997, theorem 1: of two clients that both have work waiting all the while, one never gets more than the other but for the longest piece of each.
TEST(FairOrder, KeepsClientsThatAlwaysWaitWithinTheirLongestPiecesOfOneAnother) {
  constexpr double kLongest = 30;
  std::mt19937 random(1);
  std::uniform_real_distribution seconds(1.0, kLongest);
  FairOrder order;
  std::vector<Given> given;
  double had_s[] = {0, 0, 0};
  const std::string clients = "abc";
  for (int round = 0; round < 1000; ++round) {
    for (const char client : clients)
      while (std::count_if(given.begin(), given.end(), [client](const Given& one) { return one.client == client; }) < 3) given.push_back({'x', client, seconds(random)});
    const Given begun = Begin(given, order);
    had_s[begun.client - 'a'] += begun.foretold_s;
    const auto [least, most] = std::minmax_element(std::begin(had_s), std::end(had_s));
    ASSERT_LE(*most - *least, 2 * kLongest) << "round " << round;
  }
}

}  // namespace
}  // namespace tuckerseg
