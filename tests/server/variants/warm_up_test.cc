#include "server/variants/warm_up.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <utility>

#include "engine/error.h"
#include "engine/execute/plain/plain_executor.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

/// Counts the patches of all its executors; fails where it is told to.
class CountingExecutor final : public Executor {
 public:
  CountingExecutor(std::unique_ptr<Executor> inner, int& patches, bool fails) : inner_(std::move(inner)), patches_(patches), fails_(fails) {}
  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    ++patches_;
    if (fails_) throw Error(ErrorCode::kResourceExhausted, "device: no memory");
    return inner_->Run(patch, shape);
  }

 private:
  std::unique_ptr<Executor> inner_;
  int& patches_;
  const bool fails_;
};

class WarmUpTest : public testing::Test {
 protected:
  ModelStore Store(bool fails = false) {
    std::vector<Bundle> bundles;
    bundles.push_back(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1));
    return {bundles, {[this, fails, plain = PlainExecutorFactory()](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
              return std::make_unique<CountingExecutor>(plain(graph, weights, prefix), patches_, fails);
            }}};
  }

  int patches_ = 0;
  ServiceTimes times_;
};

TEST_F(WarmUpTest, RunsPatchesOfEveryLevelAndForetellsBySecondsOfOne) {
  const ModelStore store = Store();
  WarmUp(store, 0, times_);
  EXPECT_EQ(patches_, 2) << "the first pays for what is set up once, the second is timed";
  const LevelKey key{store.models().begin()->first, "original"};
  const double foretold = times_.Foretell(key, {.patches = 1});
  EXPECT_GT(foretold, 0);
  EXPECT_NE(foretold, ServiceTimes::kUnknownPatchSeconds);
}

TEST_F(WarmUpTest, LeavesALevelThatFailsAsOneThatNothingIsKnownOf) {
  const ModelStore store = Store(true);
  WarmUp(store, 0, times_);
  EXPECT_EQ(times_.Foretell({store.models().begin()->first, "original"}, {.patches = 1}), ServiceTimes::kUnknownPatchSeconds);
}

}  // namespace
}  // namespace tuckerseg
