#include "compression/bench/volume_latency.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "tests/engine/segment/random_volume.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

/// Notes what is asked of it.
class NotingPeak : public PeakMemory {
 public:
  explicit NotingPeak(std::vector<std::string>& notes) : notes_(notes) {}
  void Begin() override { notes_.push_back("begin"); }
  std::optional<int64_t> Bytes() override {
    notes_.push_back("bytes");
    return 100;
  }

 private:
  std::vector<std::string>& notes_;
};

Bundle Tiny() { return TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5); }

class MeasuringAVolume : public testing::Test {
 protected:
  VolumeTime Measured(const Volume& volume) {
    const ExecutorFactory factory = [this](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
      notes_.push_back("executor");
      return PlainExecutorFactory()(graph, weights, prefix);
    };
    return MeasureVolume(Tiny(), factory, volume, 1, memory_);
  }

  std::vector<std::string> notes_;
  NotingPeak memory_{notes_};
};

TEST_F(MeasuringAVolume, GivesItsGridThePatchesAndWhatTheyTook) {
  const VolumeTime time = Measured(RandomVolume({13, 9, 11}, 1));
  EXPECT_EQ(time.shape, (Index3{13, 9, 11}));
  EXPECT_EQ(time.spacing_mm, (Spacing3{1, 1, 1}));
  EXPECT_EQ(time.patches, 2 * 2 * 3);  // ceil((11-8)/4)+1, ceil((9-8)/4)+1, ceil((13-8)/4)+1
  EXPECT_GT(time.seconds, 0);
  EXPECT_EQ(time.peak_bytes, 100);
}

TEST_F(MeasuringAVolume, CountsTheMemoryOfTheExecutorsToo) {
  Measured(RandomVolume({8, 8, 8}, 1));
  EXPECT_THAT(notes_, ElementsAre("begin", "executor", "bytes"));
}

TEST_F(MeasuringAVolume, SaysSpacingsAsPeopleDo) {
  Volume volume = RandomVolume({8, 8, 8}, 1);
  const Spacing3 spacing_mm{0.78, 0.78, 1.5};
  for (size_t a = 0; a < 3; ++a) {
    volume.geometry.affine_ras.linear[a][a] = spacing_mm[a];
    volume.geometry.header_spacing_mm[a] = static_cast<double>(static_cast<float>(spacing_mm[a]));
  }
  EXPECT_EQ(Measured(volume).spacing_mm, spacing_mm) << "not 0.7799999713897705, which float32 makes of it";
}

}  // namespace
}  // namespace tuckerseg
