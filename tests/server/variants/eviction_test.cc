#include "server/variants/eviction.h"

#include <gtest/gtest.h>

#include <vector>

namespace tuckerseg {
namespace {

constexpr bool kHeld = true;
constexpr bool kPinned = true;

struct Case {
  const char* says;
  std::vector<LevelUse> levels;
  std::optional<size_t> goes;
};

TEST(FirstToGo, IsTheOneUsedLeastRecentlyOfThoseThatMayGo) {
  const std::vector<Case> cases{
      {"nothing is there", {}, {}},
      {"the only one", {{.used = 5}}, 0},
      {"the one used least recently", {{.used = 3}, {.used = 1}, {.used = 2}}, 1},
      {"not one that a request holds", {{.used = 3}, {kHeld, false, 1}, {.used = 2}}, 2},
      {"not one that is pinned", {{.used = 3}, {false, kPinned, 1}, {.used = 2}}, 2},
      {"none where all must stay", {{kHeld, false, 1}, {false, kPinned, 2}, {kHeld, kPinned, 3}}, {}},
      {"one that nobody has asked for before those that somebody has", {{.used = 1}, {.used = -2}, {.used = -1}}, 1},
      {"one that is not loaded before those that are", {{.used = 1}, {.used = 9, .loaded = false}, {.used = 2}}, 1},
      {"not one that a request is about to load", {{.used = 1}, {.held = kHeld, .used = 9, .loaded = false}}, 0},
      {"the first of several as old", {{.used = 1}, {.used = 1}}, 0},
  };
  for (const Case& one : cases) EXPECT_EQ(FirstToGo(one.levels), one.goes) << one.says;
}

}  // namespace
}  // namespace tuckerseg
