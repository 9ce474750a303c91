#include "server/policy/level_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace tuckerseg {
namespace {

using testing::HasSubstr;

constexpr int64_t kGibibyte = int64_t{1} << 30;

LevelOffer Offer(const std::string& level, const std::string& device, std::optional<double> quality, double service_s, double gibibytes) {
  return {.level = level,
          .device = device,
          .quality = quality,
          .service_s = service_s,
          .needed_bytes = static_cast<int64_t>(gibibytes * kGibibyte),
          .available_bytes = 16 * kGibibyte,
          .device_bytes = 16 * kGibibyte};
}

/// A server of one device: original, half and third, and one that nobody measured.
std::vector<LevelOffer> OneDevice() {
  return {Offer("original", "cpu", 1, 40, 4), Offer("half", "cpu", 0.97, 20, 3), Offer("third", "cpu", 0.92, 12, 2), Offer("unmeasured", "cpu", {}, 1, 1)};
}

/// A large GPU, a small one, and a CPU.
std::vector<LevelOffer> ThreeDevices() {
  std::vector<LevelOffer> offers;
  struct Device {
    const char* name;
    double slowness;
    double gibibytes;
  };
  for (const Device& device : {Device{"cuda:0", 0.1, 40}, Device{"cuda:1", 0.2, 3.5}, Device{"cpu", 1, 16}})
    for (const LevelOffer& level : OneDevice()) {
      LevelOffer offer = level;
      offer.device = device.name;
      offer.service_s *= device.slowness;
      offer.device_bytes = offer.available_bytes = static_cast<int64_t>(device.gibibytes * kGibibyte);
      offers.push_back(offer);
    }
  return offers;
}

using Change = void (*)(std::vector<LevelOffer>&);

void Nothing(std::vector<LevelOffer>&) {}

/// What waits on every device.
template <int seconds>
void Waiting(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers) offer.queue_s = seconds;
}

void QueueFull(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers) offer.queue_full = true, offer.queue_s = 30;
}

void ClientHoldsItsPlaces(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers) offer.client_places = 8, offer.queue_s = 30;
}

template <int mebibytes>
void Available(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers) offer.available_bytes = int64_t{mebibytes} << 20;
}

template <int mebibytes>
void DeviceHas(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers) offer.device_bytes = offer.available_bytes = int64_t{mebibytes} << 20;
}

void OriginalAlone(std::vector<LevelOffer>& offers) { std::erase_if(offers, [](const LevelOffer& offer) { return offer.level != "original"; }); }

void OriginalIsGone(std::vector<LevelOffer>& offers) { std::erase_if(offers, [](const LevelOffer& offer) { return offer.level == "original"; }); }

void NoneMeasured(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers) offer.quality.reset();
}

void HalfIsAsGood(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers)
    if (offer.level == "half") offer.quality = 1;
}

void LargeGpuBusy(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers)
    if (offer.device == "cuda:0") offer.queue_s = 10;
}

void LargeGpuFull(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers)
    if (offer.device == "cuda:0") offer.queue_full = true;
}

void ClientHoldsItsPlacesOnLargeGpu(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers)
    if (offer.device == "cuda:0") offer.client_places = 1;
}

void FullForAllAndForTheClient(std::vector<LevelOffer>& offers) {
  QueueFull(offers);
  ClientHoldsItsPlaces(offers);
}

void BothGpusBusy(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers)
    if (offer.device != "cpu") offer.queue_s = 100;
}

void GpuMemoryTaken(std::vector<LevelOffer>& offers) {
  for (LevelOffer& offer : offers)
    if (offer.device != "cpu") offer.available_bytes = kGibibyte * 5 / 2;
}

struct Case {
  const char* what;
  LevelPromises promises;
  Change change = Nothing;
  const char* level;   // "" : refused
  LevelReason reason = LevelReason::kQuality;
  ErrorCode code = ErrorCode::kInternal;
  const char* message = "";
  bool retry = false;
  PolicySettings settings = {.min_quality = 0, .deadline_margin = 0};
};

void Expect(const Case& c, std::vector<LevelOffer> offers, const char* device = nullptr) {
  SCOPED_TRACE(c.what);
  c.change(offers);
  const LevelVerdict verdict = ChooseOffer(c.promises, offers, c.settings);
  if (c.level[0] != '\0') {
    ASSERT_TRUE(verdict.offer) << verdict.refusal.value_or(ChoiceRefusal{}).message;
    EXPECT_EQ(offers[*verdict.offer].level, c.level);
    EXPECT_STREQ(NameOf(verdict.reason), NameOf(c.reason));
    EXPECT_FALSE(verdict.refusal);
    if (device != nullptr) {
      EXPECT_EQ(offers[*verdict.offer].device, device);
    }
    return;
  }
  ASSERT_FALSE(verdict.offer) << offers[*verdict.offer].level;
  ASSERT_TRUE(verdict.refusal);
  EXPECT_EQ(verdict.refusal->code, c.code);
  EXPECT_THAT(verdict.refusal->message, HasSubstr(c.message));
  EXPECT_EQ(verdict.refusal->retry_after_s.has_value(), c.retry);
}

constexpr auto kQuality = LevelReason::kQuality;
constexpr auto kDeadline = LevelReason::kDeadline;
constexpr auto kQueue = LevelReason::kQueue;
constexpr auto kMemory = LevelReason::kMemory;
constexpr auto kOnly = LevelReason::kOnly;
constexpr auto kPrecondition = ErrorCode::kFailedPrecondition;
constexpr auto kExhausted = ErrorCode::kResourceExhausted;
constexpr auto kTooLate = ErrorCode::kDeadlineExceeded;

TEST(LevelChoice, OnOneDevice) {
  const std::vector<Case> cases{
      {"nothing promised: the most accurate", {}, Nothing, "original", kQuality},
      {"nothing promised, hours of waiting: still the most accurate", {}, Waiting<9000>, "original", kQuality},
      {"there is no other", {}, OriginalAlone, "original", kOnly},
      {"the original could not be loaded", {}, OriginalIsGone, "half", kQuality},
      {"as accurate and cheaper", {}, HalfIsAsGood, "half", kQuality},
      {"latency for the original", {.max_latency_s = 40}, Nothing, "original", kQuality},
      {"latency a little too short for the original", {.max_latency_s = 39}, Nothing, "half", kDeadline},
      {"latency for the third alone", {.max_latency_s = 12}, Nothing, "third", kDeadline},
      {"latency for none", {.max_latency_s = 11}, Nothing, "", {}, kTooLate, "max_latency = 11 s: must be at least 12 s (third on cpu)"},
      {"latency kept but for the queue", {.max_latency_s = 40}, Waiting<5>, "half", kQueue},
      {"latency kept by the third but for the queue", {.max_latency_s = 20}, Waiting<10>, "", {}, kExhausted, "max_latency = 20 s: must be at least 22 s behind what waits (third on cpu)", true},
      {"deadline for the original", {.deadline_s = 41}, Nothing, "original", kQuality},
      {"deadline too short for the original", {.deadline_s = 30}, Nothing, "half", kDeadline},
      {"deadline for none", {.deadline_s = 3}, Nothing, "", {}, kTooLate, "deadline: 3 s left: must be at least 12 s"},
      {"the shorter of deadline and latency counts", {.max_latency_s = 100, .deadline_s = 15}, Nothing, "third", kDeadline},
      {"and the other way round", {.max_latency_s = 15, .deadline_s = 100}, Nothing, "third", kDeadline},
      {"a deadline already over", {.deadline_s = -1}, Nothing, "", {}, kTooLate, "deadline: -1 s left"},
      {"times are foretold too short at times", {.max_latency_s = 40}, Nothing, "half", kDeadline, {}, "", false, {.deadline_margin = 0.1}},
      {"with the margin it is in time", {.max_latency_s = 44.1}, Nothing, "original", kQuality, {}, "", false, {.deadline_margin = 0.1}},
      {"memory for the original", {.max_memory_bytes = 4 * kGibibyte}, Nothing, "original", kQuality},
      {"memory for half", {.max_memory_bytes = 4 * kGibibyte - 1}, Nothing, "half", kMemory},
      {"memory for the third", {.max_memory_bytes = 2 * kGibibyte}, Nothing, "third", kMemory},
      {"memory for none", {.max_memory_bytes = kGibibyte}, Nothing, "", {}, kExhausted, "max_memory_bytes = 1024 MiB: must be at least 2048 MiB (third on cpu)"},
      {"a device too small for the original", {}, DeviceHas<3500>, "half", kMemory},
      {"a device too small for all", {}, DeviceHas<1500>, "", {}, kExhausted, "volume: would need 2048 MiB (third on cpu), more than this server has"},
      {"memory that others hold now", {}, Available<3500>, "half", kMemory},
      {"too little memory now, enough later", {}, Available<1000>, "", {}, kExhausted, "memory: ", true},
      {"floor that all reach", {.min_quality = 0.9, .max_latency_s = 12}, Nothing, "third", kDeadline},
      {"floor above the third: rather refused than below it", {.min_quality = 0.95, .max_latency_s = 12}, Nothing, "", {}, kTooLate, "must be at least 20 s (half on cpu)"},
      {"floor that is exactly the level's", {.min_quality = 0.92, .max_latency_s = 12}, Nothing, "third", kDeadline},
      {"floor that the original alone reaches", {.min_quality = 0.99}, Nothing, "original", kQuality},
      {"floor that nothing reaches", {.min_quality = 0.98}, OriginalIsGone, "", {}, kPrecondition, "min_quality = 0.98: must be at most 0.97"},
      {"the server's floor holds for who asks for none", {.max_latency_s = 12}, Nothing, "", {}, kTooLate, "must be at least 20 s (half on cpu)", false, {.min_quality = 0.95, .deadline_margin = 0}},
      {"the server's floor holds for who asks for less", {.min_quality = 0.5, .max_latency_s = 12}, Nothing, "", {}, kTooLate, "20 s", false, {.min_quality = 0.95, .deadline_margin = 0}},
      {"who asks for more than the server's floor gets it", {.min_quality = 0.96}, OriginalIsGone, "half", kQuality, {}, "", false, {.min_quality = 0.9, .deadline_margin = 0}},
      {"the server's floor is named as such", {}, OriginalIsGone, "", {}, kPrecondition, "min_quality = 0.99 (this server's): must be at most 0.97", false, {.min_quality = 0.99, .deadline_margin = 0}},
      {"what was not measured is for those who name it", {}, NoneMeasured, "", {}, kPrecondition, "no level's quality was measured: a level must be asked for by name"},
      {"a full queue", {}, QueueFull, "", {}, kExhausted, "queue: is full", true},
      {"a full queue is no reason for a lower level", {.max_latency_s = 100}, QueueFull, "", {}, kExhausted, "queue: is full", true},
      {"a client that holds its places", {}, ClientHoldsItsPlaces, "", {}, kExhausted, "queue: this client holds 8 of its 8 places: must be fewer; try again later", true},
      {"and is in a hurry: that is no reason for a lower level", {.max_latency_s = 100}, ClientHoldsItsPlaces, "", {}, kExhausted, "queue: this client holds 8 of its 8 places", true},
      {"a full queue, whoever holds it", {}, FullForAllAndForTheClient, "", {}, kExhausted, "queue: is full", true},
      {"taken memory would be free too late: waiting does not help", {.max_latency_s = 11}, Available<1000>, "", {}, kTooLate, "max_latency = 11 s: must be at least 12 s (third on cpu, once it is free)"},
      {"both promises of time are too short: both are named", {.max_latency_s = 5, .deadline_s = 8}, Nothing, "", {}, kTooLate, "max_latency = 5 s, deadline: 8 s left: must be at least 12 s (third on cpu)"},
      {"too slow when idle, and busy: what is enough now and what then", {.max_latency_s = 11}, Waiting<10>, "", {}, kTooLate, "must be at least 22 s behind what waits (third on cpu; 12 s once it is idle)"},
      {"neither memory nor time is enough: both are named", {.max_latency_s = 5, .max_memory_bytes = kGibibyte}, Nothing, "", {}, kExhausted, "max_memory_bytes = 1024 MiB: must be at least 2048 MiB; max_latency = 5 s: must be at least 12 s (third on cpu)"},
      {"a floor that nothing reaches in time: the quality that is in time", {.min_quality = 0.98, .max_latency_s = 15}, OriginalIsGone, "", {}, kPrecondition, "min_quality = 0.98: must be at most 0.92"},
      {"13.2 s and a rounding error: what is named is enough", {.max_latency_s = 11}, Nothing, "", {}, kTooLate, "must be at least 13.3 s (third on cpu)", false, {.deadline_margin = 0.1}},
      {"time and memory together", {.max_latency_s = 25, .max_memory_bytes = 5 * kGibibyte / 2}, Nothing, "third", kMemory},
  };
  EXPECT_GE(cases.size(), 40U);
  for (const Case& c : cases) Expect(c, OneDevice());
}

TEST(LevelChoice, TellsInNumbersWhatMemoryIsNeededWhereItRefuses) {
  const auto limit = [](const LevelPromises& promises, Change change) -> std::optional<ByteLimit> {
    std::vector<LevelOffer> offers = OneDevice();
    change(offers);
    const LevelVerdict verdict = ChooseOffer(promises, offers, {.min_quality = 0, .deadline_margin = 0});
    EXPECT_TRUE(verdict.refusal);
    return verdict.refusal.value_or(ChoiceRefusal{}).byte_limit;
  };
  EXPECT_EQ(limit({.max_memory_bytes = kGibibyte}, Nothing), (ByteLimit{.needed_bytes = 2 * kGibibyte, .limit_bytes = kGibibyte})) << "the client's";
  EXPECT_EQ(limit({}, DeviceHas<1500>), (ByteLimit{.needed_bytes = 2 * kGibibyte, .limit_bytes = int64_t{1500} << 20})) << "the device's";
  EXPECT_EQ(limit({}, Available<1000>), (ByteLimit{.needed_bytes = 4 * kGibibyte, .limit_bytes = 16 * kGibibyte})) << "the original's: enough, once others have gone";
  EXPECT_EQ(limit({.max_latency_s = 11}, Nothing), std::nullopt) << "memory is not what refuses";
  EXPECT_EQ(limit({}, QueueFull), std::nullopt);
}

TEST(LevelChoice, AmongDevices) {
  Expect({"idle: where it ends first", {}, Nothing, "original", kQuality}, ThreeDevices(), "cuda:0");
  Expect({"the large GPU is busy: the CPU would be slower still", {}, LargeGpuBusy, "original", kQuality}, ThreeDevices(), "cuda:0");
  Expect({"its queue is full: accurate on the CPU rather than fast on the small GPU", {}, LargeGpuFull, "original", kQuality}, ThreeDevices(), "cpu");
  Expect({"the client holds its places there: the same", {}, ClientHoldsItsPlacesOnLargeGpu, "original", kQuality}, ThreeDevices(), "cpu");
  Expect({"in a hurry: the small GPU, whose memory holds half", {.max_latency_s = 10}, LargeGpuBusy, "half", kQueue}, ThreeDevices(), "cuda:1");
  Expect({"both busy: the CPU at the level it can", {.max_latency_s = 15}, BothGpusBusy, "third", kQueue}, ThreeDevices(), "cpu");
  Expect({"their memory is taken: the CPU in full", {}, GpuMemoryTaken, "original", kQuality}, ThreeDevices(), "cpu");
  Expect({"their memory is taken and time is short: a GPU at what fits", {.max_latency_s = 5}, GpuMemoryTaken, "third", kDeadline}, ThreeDevices(), "cuda:0");
}

/// Offers of any kind, some of them equal in what counts.
std::vector<LevelOffer> AnyOffers(std::mt19937& random) {
  const auto up_to = [&](int most) { return std::uniform_int_distribution(0, most)(random); };
  std::vector<LevelOffer> offers;
  const int levels = 1 + up_to(4), devices = 1 + up_to(2);
  for (int l = 0; l < levels; ++l) {
    const std::optional<double> quality = l == 0 ? 1.0 : up_to(5) == 0 ? std::nullopt : std::optional(0.80 + 0.05 * up_to(4));
    for (int d = 0; d < devices; ++d) {
      LevelOffer offer = Offer("level " + std::to_string(l), "device " + std::to_string(d), quality, 1 + up_to(20), 1 + up_to(8));
      offer.queue_s = up_to(30);
      offer.queue_full = up_to(9) == 0;
      offer.device_bytes = (1 + up_to(10)) * kGibibyte;
      offer.available_bytes = offer.device_bytes - up_to(1) * kGibibyte;
      offers.push_back(offer);
    }
  }
  return offers;
}

LevelPromises AnyPromises(std::mt19937& random) {
  const auto up_to = [&](int most) { return std::uniform_int_distribution(0, most)(random); };
  LevelPromises promises;
  if (up_to(1) == 0) promises.min_quality = 0.75 + 0.05 * up_to(5);
  if (up_to(1) == 0) promises.max_latency_s = up_to(60);
  if (up_to(1) == 0) promises.deadline_s = up_to(60);
  if (up_to(1) == 0) promises.max_memory_bytes = up_to(10) * kGibibyte;
  return promises;
}

double QualityOf(const LevelVerdict& verdict, const std::vector<LevelOffer>& offers) { return verdict.offer ? *offers[*verdict.offer].quality : -1; }

TEST(LevelChoice, KeepsEveryPromiseOrRefuses) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::vector<LevelOffer> offers = AnyOffers(random);
    const LevelPromises promises = AnyPromises(random);
    const LevelVerdict verdict = ChooseOffer(promises, offers);
    ASSERT_NE(verdict.offer.has_value(), verdict.refusal.has_value());
    if (!verdict.offer) continue;
    const LevelOffer& chosen = offers[*verdict.offer];
    ASSERT_TRUE(chosen.quality);
    ASSERT_GE(*chosen.quality, promises.min_quality.value_or(0));
    ASSERT_LE(chosen.needed_bytes, std::min(chosen.available_bytes, promises.max_memory_bytes.value_or(chosen.available_bytes)));
    ASSERT_LE(chosen.queue_s + chosen.service_s, std::min(promises.max_latency_s.value_or(1e9), promises.deadline_s.value_or(1e9)));
    ASSERT_FALSE(chosen.queue_full);
  }
}

TEST(LevelChoice, IsNeverWorseWithMoreTimeOrMemory) {
  std::mt19937 random(2);
  for (int i = 0; i < 20000; ++i) {
    const std::vector<LevelOffer> offers = AnyOffers(random);
    const LevelPromises promises = AnyPromises(random);
    const double before = QualityOf(ChooseOffer(promises, offers), offers);
    LevelPromises looser = promises;
    if (looser.max_latency_s) *looser.max_latency_s += 7;
    if (looser.deadline_s) *looser.deadline_s += 7;
    if (looser.max_memory_bytes) *looser.max_memory_bytes += kGibibyte;
    ASSERT_GE(QualityOf(ChooseOffer(looser, offers), offers), before);
    std::vector<LevelOffer> larger = offers;
    for (LevelOffer& offer : larger) offer.device_bytes += kGibibyte, offer.available_bytes += kGibibyte, offer.queue_s /= 2;
    ASSERT_GE(QualityOf(ChooseOffer(promises, larger), larger), before);
  }
}

TEST(LevelChoice, DependsOnNothingButWhatIsOffered) {
  std::mt19937 random(3);
  for (int i = 0; i < 5000; ++i) {
    std::vector<LevelOffer> offers = AnyOffers(random);
    const LevelPromises promises = AnyPromises(random);
    const LevelVerdict first = ChooseOffer(promises, offers);
    const std::string level = first.offer ? offers[*first.offer].level + offers[*first.offer].device : first.refusal->message;
    std::shuffle(offers.begin(), offers.end(), random);
    const LevelVerdict second = ChooseOffer(promises, offers);
    ASSERT_EQ(second.offer ? offers[*second.offer].level + offers[*second.offer].device : second.refusal->message, level);
    ASSERT_EQ(second.reason, first.reason);
  }
}

TEST(ChooseOffer, TakesNoMoreThanWhatWaitsCanSpare) {
  std::vector<LevelOffer> offers = OneDevice();
  for (LevelOffer& offer : offers) offer.queue_s = 2, offer.spare_s = 25;
  const LevelVerdict verdict = ChooseOffer({.deadline_s = 100}, offers);
  ASSERT_TRUE(verdict.offer);
  EXPECT_EQ(offers[*verdict.offer].level, "half");
  EXPECT_EQ(verdict.reason, LevelReason::kQueue);
}

TEST(ChooseOffer, RefusesWhatWouldBreakThePromisesOfWhatWaits) {
  std::vector<LevelOffer> offers = OneDevice();
  for (LevelOffer& offer : offers) offer.queue_s = 7, offer.spare_s = 3;
  const LevelVerdict verdict = ChooseOffer({.deadline_s = 100}, offers);
  ASSERT_TRUE(verdict.refusal);
  EXPECT_EQ(verdict.refusal->code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(verdict.refusal->reason, LevelReason::kQueue);
  EXPECT_THAT(verdict.refusal->message, HasSubstr("queue: what waits must end in time and leaves none (third on cpu"));
  EXPECT_EQ(verdict.refusal->retry_after_s, 7);
}

TEST(ChooseOffer, NamesNoTimeThatItWouldRefuseAgainForWhatWaits) {
  // The queue alone would let it end after 22 s; but it goes before work that can spare 3 s, whatever it promises itself.
  std::vector<LevelOffer> offers{Offer("third", "cpu", 0.92, 12, 2)};
  offers[0].queue_s = 10, offers[0].spare_s = 3;
  const auto refusal = [&](double max_latency_s) {
    return ChooseOffer({.max_latency_s = max_latency_s}, offers, {.min_quality = 0, .deadline_margin = 0}).refusal.value_or(ChoiceRefusal{});
  };
  EXPECT_EQ(refusal(20).message, "queue: what waits must end in time and leaves none (third on cpu)");
  EXPECT_EQ(refusal(20).retry_after_s, 2) << "it would be in time then";
  EXPECT_EQ(refusal(22).message, "queue: what waits must end in time and leaves none (third on cpu)");
  EXPECT_EQ(refusal(11).message, "max_latency = 11 s: must be at least 12 s (third on cpu, once it is free)") << "too short for an idle device, too";
  EXPECT_EQ(refusal(11).code, ErrorCode::kDeadlineExceeded);
}

TEST(ChooseOffer, NamesTheTimeOfALevelThatWhatWaitsLeavesRoomForRatherThanOfOneThatItDoesNot) {
  std::vector<LevelOffer> offers{Offer("half", "cpu", 0.97, 20, 3), Offer("third", "cpu", 0.92, 12, 2)};
  for (LevelOffer& offer : offers) offer.queue_s = 10, offer.spare_s = 15;
  const PolicySettings no_margin{.min_quality = 0, .deadline_margin = 0};
  const LevelVerdict refused = ChooseOffer({.max_latency_s = 21}, offers, no_margin);
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->message, "max_latency = 21 s: must be at least 22 s behind what waits (third on cpu)");
  EXPECT_EQ(ChooseOffer({.max_latency_s = 22}, offers, no_margin).offer, 1U);
}

TEST(OffersInstead, AreThoseOfTheDeviceThatMayServeOnceItIsFree) {
  std::vector<LevelOffer> offers = ThreeDevices();
  for (LevelOffer& offer : offers) offer.queue_s = 25;
  const auto names = [&](const LevelPromises& promises, const PolicySettings& settings = {}) {
    const LevelVerdict verdict = ChooseOffer(promises, offers, settings);
    std::string text = verdict.offer ? offers[*verdict.offer].level + ":" : "refused";
    if (verdict.offer)
      for (const OfferInstead& other : OffersInstead(promises, offers, *verdict.offer, settings)) text += " " + offers[other.place].level + "@" + offers[other.place].device + "=" + NameOf(other.reason);
    return text;
  };
  EXPECT_EQ(names({}), "original: half@cuda:0=quality third@cuda:0=quality");
  EXPECT_EQ(names({.deadline_s = 33}), "half: original@cuda:0=quality third@cuda:0=quality") << "the more accurate one too: what waits may end sooner";
  EXPECT_EQ(names({.min_quality = 0.95}), "original: half@cuda:0=quality");
  EXPECT_EQ(names({}, {.min_quality = 0.95}), "original: half@cuda:0=quality");
  EXPECT_EQ(names({.max_memory_bytes = 3 * kGibibyte}), "half: third@cuda:0=memory");
}

}  // namespace
}  // namespace tuckerseg
