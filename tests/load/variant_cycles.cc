#include "tests/load/variant_cycles.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/error.h"
#include "engine/text_table.h"
#include "tests/load/answer_book.h"
#include "tests/load/server_sample.h"
#include "tuckerseg/v1/model.pb.h"

namespace tuckerseg::load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kMebibyte = 1 << 20;
constexpr std::chrono::minutes kLongestSwitch{2};
/// The server gives free memory back once it has been idle for ten seconds (IdleHeap).
constexpr std::chrono::seconds kUntilIdle{12};
constexpr std::chrono::seconds kLongestSettling{60};
/// Memory has settled where so many looks, a second apart, differ by less than this share.
constexpr size_t kLooks = 5;
constexpr double kAlike = 0.005;

void Check(const v1::Variant& variant, v1::VariantState wanted) {
  if (variant.state() == wanted) return;
  throw Error(ErrorCode::kInternal, "server: says that level " + variant.name() + " is " + v1::VariantState_Name(variant.state()) + ": must be " + v1::VariantState_Name(wanted));
}

double ResidentBytes(const PageFetcher& fetch) { return SampleOf(fetch(), 0).resident_bytes; }

bool AreAlike(const std::vector<double>& looks) {
  if (looks.size() < kLooks) return false;
  const auto [low, high] = std::minmax_element(looks.end() - kLooks, looks.end());
  return *high - *low <= kAlike * *high;
}

double SettledBytes(const PageFetcher& fetch) {
  const Clock::time_point begin = Clock::now();
  std::vector<double> looks;
  do {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    looks.push_back(ResidentBytes(fetch));
  } while ((Clock::now() - begin < kUntilIdle || !AreAlike(looks)) && Clock::now() - begin < kLongestSettling);
  return looks.back();
}

}  // namespace

VariantCycles RunVariantCycles(Client& client, const PageFetcher& fetch, const std::string& task, const std::string& level, const VolumeFile& volume, int cycles) {
  const CallLimits limits{.deadline = kLongestSwitch};
  const auto load = [&] { Check(client.LoadVariant(task, level, "", limits), v1::VARIANT_STATE_LOADED); };
  const auto cycle = [&] {
    load();
    const std::string sha256 = AskUnloaded(client, task, volume, level).sha256;
    Check(client.UnloadVariant(task, level, "", limits), v1::VARIANT_STATE_AVAILABLE);
    return sha256;
  };
  VariantCycles result;
  const std::string right = cycle();  // takes what is taken once: buffers, threads
  result.settled_before_bytes = SettledBytes(fetch);
  for (int i = 0; i < cycles; ++i) {
    if (cycle() != right) ++result.wrong;
    result.resident_bytes.push_back(ResidentBytes(fetch));
  }
  result.settled_after_bytes = SettledBytes(fetch);
  load();
  return result;
}

std::vector<Finding> JudgeVariantCycles(const VariantCycles& cycles, double most_growth) {
  const double growth = cycles.settled_after_bytes / cycles.settled_before_bytes - 1;
  const std::string count = std::to_string(cycles.resident_bytes.size());
  return {{.promise = "resident memory",
           .ruling = growth <= most_growth ? Ruling::kKept : Ruling::kBroken,
           .measured = Fixed(cycles.settled_before_bytes / kMebibyte, 1) + " MiB before, " + Fixed(cycles.settled_after_bytes / kMebibyte, 1) + " MiB after (" + Fixed(100 * growth, 2) + " %)",
           .promised = "at most " + Fixed(100 * most_growth, 1) + " % more after " + count + " cycles"},
          {.promise = "right answers",
           .ruling = cycles.wrong == 0 ? Ruling::kKept : Ruling::kBroken,
           .measured = std::to_string(cycles.wrong) + " of " + count + " differ",
           .promised = "all equal the first"}};
}

}  // namespace tuckerseg::load
