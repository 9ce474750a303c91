#include "server/policy/card_times.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

CardLatency Time(const std::string& device, int64_t threads, double median_s) {
  CardLatency latency;
  latency.device = device;
  latency.executor = "torch";
  latency.precision = "fp32";
  latency.threads = threads;
  latency.patch = {8, 8, 8};
  latency.median_s = median_s;
  return latency;
}

Card WithTimes(std::vector<CardLatency> times) {
  Card card;
  card.latency = std::move(times);
  return card;
}

class CardTimes : public testing::Test {
 protected:
  std::optional<double> Seconds(const Card& card, const CardTimeSetting& setting, const Card* original = nullptr) const {
    return PatchSecondsByCard(model_, card, original, setting);
  }

  const CardTimeSetting cpu_{.device = "cpu", .threads = 4, .original_s = {}};
  Model model_ = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5).model;
};

TEST_F(CardTimes, AreThoseOfTheDevicesKind) {
  const Card card = WithTimes({Time("cuda NVIDIA H100", 1, 0.1), Time("cpu AMD EPYC 7763", 4, 2)});
  EXPECT_EQ(Seconds(card, cpu_), 2);
  EXPECT_EQ(Seconds(card, {.device = "cuda:1", .threads = 4, .original_s = {}}), 0.1);
  EXPECT_FALSE(Seconds(WithTimes({Time("cuda NVIDIA H100", 1, 0.1)}), cpu_));
  EXPECT_FALSE(Seconds(Card(), cpu_));
}

TEST_F(CardTimes, AreThoseOfAsManyThreadsOrTheLongest) {
  const Card card = WithTimes({Time("cpu", 2, 3), Time("cpu", 4, 2), Time("cpu", 8, 1)});
  EXPECT_EQ(Seconds(card, cpu_), 2);
  EXPECT_EQ(Seconds(card, {.device = "cpu", .threads = 3, .original_s = {}}), 3);
}

TEST_F(CardTimes, CompareLevelsWhereBothWereMeasuredInTheSameWay) {
  const Card card = WithTimes({Time("cpu", 2, 1)});
  const Card original = WithTimes({Time("cuda NVIDIA H100", 2, 0.5), Time("cpu", 2, 3)});
  CardTimeSetting slower_here = cpu_;
  slower_here.original_s = 30;
  EXPECT_DOUBLE_EQ(Seconds(card, slower_here, &original).value(), 10);
  EXPECT_EQ(Seconds(card, cpu_, &original), 1) << "nothing is known of the original here";
  const Card elsewhere = WithTimes({Time("cpu Another", 2, 3)});
  EXPECT_EQ(Seconds(card, slower_here, &elsewhere), 1);
}

TEST_F(CardTimes, AreOfTheModelsPatchesInTheDevicesPrecision) {
  CardLatency half = Time("cpu", 4, 1);
  half.precision = "bf16";
  CardLatency small = Time("cpu", 4, 1);
  small.patch = {4, 4, 4};
  EXPECT_FALSE(Seconds(WithTimes({half, small}), cpu_));
  EXPECT_EQ(Seconds(WithTimes({Time("cpu", 4, 2), half}), {.device = "cpu", .threads = 4, .precision = Precision::kBFloat16, .original_s = {}}), 1);
}

TEST_F(CardTimes, AreTheMeanOverPartsWithAllFlips) {
  model_.parts.push_back(model_.parts.front());
  EXPECT_DOUBLE_EQ(Seconds(WithTimes({Time("cpu", 4, 3)}), cpu_).value(), 1.5) << "a bench sums them";
  model_.parts.front().mirror_axes = {0, 2};
  EXPECT_DOUBLE_EQ(Seconds(WithTimes({Time("cpu", 4, 3)}), cpu_).value(), 6);
}

}  // namespace
}  // namespace tuckerseg
