/// What holds of every choice, over random offers and promises: level_choice_test.cc has the cases that can be checked by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "server/policy/level_choice.h"
#include "server/policy/level_settling.h"

namespace tuckerseg {
namespace {

constexpr int kCases = 20000;
constexpr double kNever = std::numeric_limits<double>::infinity();

/// One request. Its numbers are no round ones: what a message rounds must not be what is compared.
struct Request {
  LevelPromises promises;
  std::vector<LevelOffer> offers;
  PolicySettings settings;

  LevelVerdict Choose() const { return ChooseOffer(promises, offers, settings); }
};

class Requests {
 public:
  explicit Requests(unsigned seed) : random_(seed) {}

  Request Next() {
    Request request;
    const int levels = 1 + UpTo(4);
    const int devices = 1 + UpTo(2);
    std::vector<LevelOffer> as_devices;
    for (int d = 0; d < devices; ++d) as_devices.push_back(Device(d));
    for (int l = 0; l < levels; ++l) AddLevel(l, as_devices, request);
    if (UpTo(1) == 0) request.promises.min_quality = Between(0.7, 1);
    if (UpTo(1) == 0) request.promises.max_latency_s = Between(0, 60);
    if (UpTo(1) == 0) request.promises.deadline_s = Between(-5, 1500);
    if (UpTo(1) == 0) request.promises.max_memory_bytes = Bytes(12);
    if (UpTo(2) == 0) request.settings.min_quality = Between(0.7, 1);
    request.settings.deadline_margin = UpTo(1) == 0 ? 0 : Between(0, 1);
    return request;
  }

  int UpTo(int most) { return std::uniform_int_distribution(0, most)(random_); }
  double Between(double low, double high) { return std::uniform_real_distribution(low, high)(random_); }
  int64_t Bytes(int gibibytes) { return std::uniform_int_distribution(int64_t{1}, int64_t{gibibytes} << 30)(random_); }
  template <typename List>
  void Shuffle(List& list) { std::shuffle(list.begin(), list.end(), random_); }

 private:
  /// What all offers of a device share.
  LevelOffer Device(int number) {
    LevelOffer device;
    device.device = "device " + std::to_string(number);
    if (UpTo(1) == 0) device.queue_s = Between(0, 100);
    switch (UpTo(11)) {
      case 0: device.queue_full = true; break;
      case 1: device.client_places = 8; break;
      default: break;
    }
    if (UpTo(5) == 0) device.spare_s = Between(-5, 60);
    device.device_bytes = Bytes(12);
    device.available_bytes = UpTo(1) == 0 ? device.device_bytes : device.device_bytes / (1 + UpTo(3));
    return device;
  }

  void AddLevel(int number, const std::vector<LevelOffer>& devices, Request& request) {
    std::optional<double> quality;
    if (number == 0) quality = 1;
    else if (UpTo(5) > 0) quality = Between(0.7, 1);
    for (const LevelOffer& device : devices) {
      LevelOffer offer = device;
      offer.level = "level " + std::to_string(number);
      offer.quality = quality;
      offer.service_s = UpTo(9) == 0 ? Between(0, 2000) : Between(0, 40);
      offer.needed_bytes = Bytes(8);
      request.offers.push_back(offer);
    }
  }

  std::mt19937 random_;
};

double TimeLimit(const LevelPromises& promises) { return std::min(promises.max_latency_s.value_or(kNever), promises.deadline_s.value_or(kNever)); }

double Floor(const Request& request) { return std::max(request.settings.min_quality, request.promises.min_quality.value_or(0)); }

/// The rule in its plain form, one condition a line.
bool KeepsAllPromises(const LevelOffer& offer, const Request& request) {
  return offer.quality && *offer.quality >= Floor(request) &&                                                       //
         offer.needed_bytes <= offer.device_bytes && offer.needed_bytes <= offer.available_bytes &&                //
         offer.needed_bytes <= request.promises.max_memory_bytes.value_or(offer.needed_bytes) &&                   //
         !offer.queue_full && !offer.client_places &&                                                              //
         offer.service_s <= offer.spare_s.value_or(kNever) &&                                                      //
         (offer.queue_s + offer.service_s) * (1 + request.settings.deadline_margin) <= TimeLimit(request.promises);
}

double QualityOf(const LevelVerdict& verdict, const Request& request) { return verdict.offer ? *request.offers[*verdict.offer].quality : -1; }

/// The same, once all that waits and runs is done.
Request OnceIdle(Request request) {
  for (LevelOffer& offer : request.offers) {
    offer.queue_s = 0;
    offer.queue_full = false;
    offer.client_places.reset();
    offer.spare_s.reset();
    offer.available_bytes = offer.device_bytes;
  }
  return request;
}

TEST(LevelChoiceProperties, TheBestOfThoseThatKeepAllPromisesIsChosenNeverOneBelowTheFloor) {
  Requests requests(11);
  int chosen = 0;
  for (int i = 0; i < kCases; ++i) {
    const Request request = requests.Next();
    double best = -1;
    for (const LevelOffer& offer : request.offers)
      if (KeepsAllPromises(offer, request)) best = std::max(best, *offer.quality);
    const LevelVerdict verdict = request.Choose();
    ASSERT_EQ(QualityOf(verdict, request), best);
    ASSERT_NE(verdict.offer.has_value(), verdict.refusal.has_value());
    if (!verdict.offer) continue;
    ++chosen;
    ASSERT_TRUE(KeepsAllPromises(request.offers[*verdict.offer], request));
    ASSERT_GE(best, Floor(request));
  }
  EXPECT_GT(chosen, kCases / 10) << "or the cases say little";
  EXPECT_LT(chosen, kCases * 9 / 10);
}

TEST(LevelChoiceProperties, NoOfferThatGetsMoreMemoryOrLessTimeMakesTheChoiceWorse) {
  Requests requests(12);
  for (int i = 0; i < kCases; ++i) {
    Request request = requests.Next();
    const double before = QualityOf(request.Choose(), request);
    LevelOffer& offer = request.offers[static_cast<size_t>(requests.UpTo(static_cast<int>(request.offers.size()) - 1))];
    const int change = requests.UpTo(6);
    switch (change) {
      case 0: offer.needed_bytes = static_cast<int64_t>(static_cast<double>(offer.needed_bytes) * requests.Between(0, 1)); break;
      case 1: {
        const int64_t more = requests.Bytes(8);
        offer.available_bytes += more;
        offer.device_bytes += more;
        break;
      }
      case 2: offer.service_s *= requests.Between(0, 1); break;
      case 3: offer.queue_s *= requests.Between(0, 1); break;
      case 4: offer.queue_full = false; break;
      case 5: offer.spare_s.reset(); break;
      default: offer.client_places.reset();
    }
    ASSERT_GE(QualityOf(request.Choose(), request), before) << "change " << change;
  }
}

TEST(LevelChoiceProperties, TheOrderOfOffersDecidesNothing) {
  Requests requests(13);
  for (int i = 0; i < kCases; ++i) {
    Request request = requests.Next();
    // Equal offers but for their names, which have to decide then.
    if (requests.UpTo(1) == 0) {
      for (LevelOffer& offer : request.offers) {
        const std::string level = offer.level;
        const std::string device = offer.device;
        offer = request.offers.front();
        offer.level = level;
        offer.device = device;
      }
    }
    LevelVerdict first = request.Choose();
    ASSERT_EQ(request.Choose(), first) << "the same again";
    const std::optional<LevelOffer> chosen = first.offer ? std::optional(request.offers[*first.offer]) : std::nullopt;
    requests.Shuffle(request.offers);
    LevelVerdict second = request.Choose();
    ASSERT_EQ(second.offer ? std::optional(request.offers[*second.offer]) : std::nullopt, chosen);
    first.offer.reset();
    second.offer.reset();
    ASSERT_EQ(second, first) << "reason, time, and all that a refusal says";
  }
}

TEST(LevelChoiceProperties, ATimeToTryAgainIsToldWhereWaitingHelpsAndOnlyThere) {
  Requests requests(14);
  int told = 0;
  int not_told = 0;
  for (int i = 0; i < kCases; ++i) {
    const Request request = requests.Next();
    const LevelVerdict verdict = request.Choose();
    if (!verdict.refusal) continue;
    const bool helps = OnceIdle(request).Choose().offer.has_value();
    ASSERT_EQ(verdict.refusal->retry_after_s.has_value(), helps) << verdict.refusal->message;
    ASSERT_GE(verdict.refusal->retry_after_s.value_or(1), 1);
    ++(helps ? told : not_told);
  }
  EXPECT_GT(told, kCases / 50);
  EXPECT_GT(not_told, kCases / 50);
}

/// The number that `named` finds first.
std::optional<double> NumberIn(const std::string& message, const std::regex& named) {
  std::smatch found;
  if (!std::regex_search(message, found, named)) return {};
  return std::strtod(found[1].str().c_str(), nullptr);
}

/// `request` with the promises that the message names. False where it names none.
bool PromiseWhatIsNamed(const std::string& message, Request& request) {
  static const std::regex kMost("must be at most ([-+.e0-9]+)");
  static const std::regex kSeconds("must be at least ([-+.e0-9]+) s");
  static const std::regex kMebibytes("must be at least ([0-9]+) MiB");
  const std::optional<double> quality = NumberIn(message, kMost);
  const std::optional<double> seconds = NumberIn(message, kSeconds);
  const std::optional<double> mebibytes = NumberIn(message, kMebibytes);
  if (quality) {
    request.promises.min_quality = *quality;
    request.settings.min_quality = std::min(request.settings.min_quality, *quality);  // where it is the server's, the operator's
  }
  if (seconds && message.find("max_latency") != std::string::npos) request.promises.max_latency_s = *seconds;
  if (seconds && message.find("deadline: ") != std::string::npos) request.promises.deadline_s = *seconds;
  if (mebibytes) request.promises.max_memory_bytes = static_cast<int64_t>(*mebibytes) << 20;
  return quality || seconds || mebibytes;
}

TEST(LevelChoiceProperties, WhoPromisesWhatARefusalNamesIsServed) {
  Requests requests(15);
  int at_once = 0;
  int once_free = 0;
  for (int i = 0; i < kCases; ++i) {
    const Request request = requests.Next();
    const LevelVerdict verdict = request.Choose();
    if (!verdict.refusal) continue;
    const std::string& message = verdict.refusal->message;
    Request promised = request;
    if (!PromiseWhatIsNamed(message, promised)) continue;
    const bool waits = message.find("once it is free") != std::string::npos;
    const LevelVerdict second = waits ? OnceIdle(promised).Choose() : promised.Choose();
    ASSERT_TRUE(second.offer) << message << "\nthen: " << second.refusal->message;
    ++(waits ? once_free : at_once);
  }
  EXPECT_GT(at_once, kCases / 10);
  EXPECT_GT(once_free, kCases / 100);
}

TEST(LevelChoiceProperties, WhereNothingIsNamedNoPromiseWouldHelp) {
  Requests requests(16);
  int hopeless = 0;
  for (int i = 0; i < kCases; ++i) {
    Request request = requests.Next();
    if (requests.UpTo(3) == 0) {  // rare otherwise: no level that was measured, no device that is large enough
      for (LevelOffer& offer : request.offers) {
        if (i % 2 == 0) offer.quality.reset();
        else offer.needed_bytes = offer.device_bytes + 1 + requests.UpTo(1000);
      }
    }
    const LevelVerdict verdict = request.Choose();
    Request unused = request;
    if (!verdict.refusal || verdict.refusal->retry_after_s || PromiseWhatIsNamed(verdict.refusal->message, unused)) continue;
    Request anything = OnceIdle(request);
    anything.promises = {};
    anything.settings.min_quality = 0;
    ASSERT_FALSE(anything.Choose().offer) << verdict.refusal->message;
    ++hopeless;
  }
  EXPECT_GT(hopeless, kCases / 50);
}

/// What may run of an admitted request once its turn has come: the chosen one and those in its place.
std::vector<size_t> PlacesAtTheTurn(const Request& request, size_t chosen) {
  std::vector<size_t> places{chosen};
  for (const OfferInstead& instead : OffersInstead(request.promises, request.offers, chosen, request.settings)) places.push_back(instead.place);
  return places;
}

/// The offer that runs with so much time left.
const LevelOffer& Settled(const Request& request, const std::vector<size_t>& places, double most_s) {
  std::vector<LevelPossible> levels;
  for (const size_t place : places) levels.push_back({.quality = *request.offers[place].quality, .service_s = request.offers[place].service_s});
  return request.offers[places[SettleLevel(levels, most_s)]];
}

TEST(LevelChoiceProperties, WhatMayRunAtTheTurnIsAccurateEnoughHasItsMemoryAndIsOnTheSameDevice) {
  Requests requests(18);
  int64_t instead = 0;
  for (int i = 0; i < kCases; ++i) {
    const Request request = requests.Next();
    const LevelVerdict verdict = request.Choose();
    if (!verdict.offer) continue;
    for (const size_t place : PlacesAtTheTurn(request, *verdict.offer)) {
      const LevelOffer& offer = request.offers[place];
      ASSERT_GE(offer.quality.value_or(-1), Floor(request));
      ASSERT_LE(offer.needed_bytes, std::min(offer.available_bytes, request.promises.max_memory_bytes.value_or(offer.needed_bytes)));
      ASSERT_EQ(offer.device, request.offers[*verdict.offer].device);
      instead += place != *verdict.offer ? 1 : 0;
    }
  }
  EXPECT_GT(instead, kCases / 10) << "or the cases say little";
}

TEST(LevelChoiceProperties, MoreTimeAtTheTurnNeverGivesAWorseLevelAndTheirOrderDecidesNothing) {
  Requests requests(19);
  int changed = 0;
  for (int i = 0; i < kCases; ++i) {
    const Request request = requests.Next();
    const LevelVerdict verdict = request.Choose();
    if (!verdict.offer) continue;
    std::vector<size_t> places = PlacesAtTheTurn(request, *verdict.offer);
    const double less_s = requests.Between(-5, 60);
    const double more_s = less_s + requests.Between(0, 60);
    const LevelOffer& hurried = Settled(request, places, less_s);
    const LevelOffer& at_leisure = Settled(request, places, more_s);
    ASSERT_GE(*at_leisure.quality, *hurried.quality);
    changed += *at_leisure.quality > *hurried.quality ? 1 : 0;
    requests.Shuffle(places);
    ASSERT_EQ(*Settled(request, places, less_s).quality, *hurried.quality);
    ASSERT_EQ(Settled(request, places, less_s).service_s, hurried.service_s);
  }
  EXPECT_GT(changed, kCases / 100) << "or the cases say little";
}

TEST(LevelChoiceProperties, ARefusalsReasonIsThatOfItsCode) {
  Requests requests(17);
  for (int i = 0; i < kCases; ++i) {
    const LevelVerdict verdict = requests.Next().Choose();
    if (!verdict.refusal) continue;
    switch (verdict.refusal->reason) {
      case LevelReason::kQuality: ASSERT_EQ(verdict.refusal->code, ErrorCode::kFailedPrecondition); break;
      case LevelReason::kDeadline: ASSERT_EQ(verdict.refusal->code, ErrorCode::kDeadlineExceeded); break;
      case LevelReason::kQueue:
      case LevelReason::kMemory: ASSERT_EQ(verdict.refusal->code, ErrorCode::kResourceExhausted); break;
      default: FAIL() << NameOf(verdict.refusal->reason);
    }
  }
}

}  // namespace
}  // namespace tuckerseg
