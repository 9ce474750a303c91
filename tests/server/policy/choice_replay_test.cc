#include "server/policy/choice_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/json_text.h"
#include "server/policy/replay_report.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/policy/choice_samples.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

using Place = ChoiceTally::Place;

const Place kOriginal{"total", "original", "cpu"};
const Place kHalf{"total", "half", "cpu"};
const Place kThird{"total", "third", "cpu"};

/// Four requests: none in a hurry, two that half and third are fast enough for, and one that is refused.
ChoiceReplay Replayed(const ReplayChanges& changes) {
  ChoiceReplay replay(changes);
  for (const LevelPromises& promises : {LevelPromises{}, LevelPromises{.max_latency_s = 20}, LevelPromises{.max_latency_s = 12}, LevelPromises{.max_latency_s = 11}}) {
    replay.Add(OnTheCpu(promises));
  }
  return replay;
}

TEST(ChoiceReplay, WithNothingChangedIsWhatWasRecorded) {
  const ChoiceReplay replay = Replayed({});
  EXPECT_EQ(replay.records(), 4);
  EXPECT_EQ(replay.changed(), 0);
  EXPECT_EQ(replay.decided_otherwise(), 0);
  for (const ChoiceTally* tally : {&replay.before(), &replay.after()}) {
    EXPECT_EQ(tally->served, 3);
    EXPECT_EQ(tally->refused, 1);
    EXPECT_THAT(tally->levels, ElementsAre(Pair(kHalf, 1), Pair(kOriginal, 1), Pair(kThird, 1)));
    EXPECT_THAT(tally->reasons, ElementsAre(Pair("deadline", 2), Pair("quality", 1)));
    EXPECT_THAT(tally->refusals, ElementsAre(Pair("deadline", 1)));
    EXPECT_DOUBLE_EQ(tally->mean_quality().value(), (1 + 0.97 + 0.92) / 3);
  }
}

TEST(ChoiceReplay, RefusesAgainWhomItsOwnRequestsKeptOut) {
  ChoiceRecord record = OnTheCpu({});
  for (LevelOffer& offer : record.offers) offer.client_places = 8;
  ChoiceReplay replay({});
  replay.Add(ParseChoice(EncodeChoice(Decided(record))));
  EXPECT_EQ(replay.decided_otherwise(), 0);
  EXPECT_THAT(replay.after().refusals, ElementsAre(Pair("queue", 1)));
}

TEST(ChoiceReplay, HoldsToAnotherFloor) {
  const ChoiceReplay replay = Replayed({.settings = PolicySettings{.min_quality = 0.95, .deadline_margin = 0}});
  EXPECT_THAT(replay.after().levels, ElementsAre(Pair(kHalf, 1), Pair(kOriginal, 1)));
  EXPECT_THAT(replay.after().refusals, ElementsAre(Pair("deadline", 2)));
  EXPECT_EQ(replay.changed(), 1);
  EXPECT_EQ(replay.newly_refused(), 1);
  EXPECT_EQ(replay.newly_served(), 0);
  EXPECT_EQ(replay.decided_otherwise(), 0) << "by their own settings they would be decided as they were";
}

TEST(ChoiceReplay, HoldsToAnotherMargin) {
  const ChoiceReplay replay = Replayed({.settings = PolicySettings{.min_quality = 0, .deadline_margin = 0.5}});
  EXPECT_THAT(replay.after().levels, ElementsAre(Pair(kOriginal, 1), Pair(kThird, 1)));
  EXPECT_EQ(replay.after().refused, 2);
  EXPECT_EQ(replay.changed(), 2) << "20 s are too short for half, 12 s for third";
}

TEST(ChoiceReplay, GivesADeviceAnotherMemoryAndLeavesItWhatOthersHold) {
  ChoiceRecord record = OnTheCpu({});
  for (LevelOffer& offer : record.offers) offer.available_bytes -= 5 * kGibibyteOfChoices;  // others hold five of sixteen, the volume one
  const std::vector<LevelOffer> offers = OffersUnder(record, {.device_memory_bytes = {{"cpu", 9 * kGibibyteOfChoices}, {"cuda:0", 1}}});
  ASSERT_EQ(offers.size(), 3U);
  for (const LevelOffer& offer : offers) {
    EXPECT_EQ(offer.device_bytes, 8 * kGibibyteOfChoices);
    EXPECT_EQ(offer.available_bytes, 3 * kGibibyteOfChoices);
  }
  ChoiceReplay replay({.device_memory_bytes = {{"cpu", 9 * kGibibyteOfChoices}}});
  replay.Add(Decided(record));
  EXPECT_THAT(replay.after().levels, ElementsAre(Pair(kHalf, 1)));
  EXPECT_THAT(replay.after().reasons, ElementsAre(Pair("memory", 1)));
}

TEST(ChoiceReplay, LeavesADeviceTheWeightsThatStayThere) {
  ChoiceRecord record = OnTheCpu({});
  for (LevelOffer& offer : record.offers) offer.device_bytes = offer.available_bytes = 12 * kGibibyteOfChoices;  // of sixteen, one of the volume and three of weights
  EXPECT_EQ(OffersUnder(record, {.device_memory_bytes = {{"cpu", 16 * kGibibyteOfChoices}}}), record.offers) << "what there was";
  for (const LevelOffer& offer : OffersUnder(record, {.device_memory_bytes = {{"cpu", 10 * kGibibyteOfChoices}}})) EXPECT_EQ(offer.device_bytes, 6 * kGibibyteOfChoices);
}

TEST(ChoiceReplay, DoesNotCountTheVolumeInMemoryThatIsADevicesOwn) {
  ChoiceRecord record = OnTwoDevices({});
  for (LevelOffer& offer : record.offers) {
    if (offer.device != "cuda:0") continue;
    offer.limit_bytes = 40 * kGibibyteOfChoices;
    offer.device_bytes = offer.available_bytes = 38 * kGibibyteOfChoices;  // two of weights; the volume lies on the host
  }
  EXPECT_EQ(OffersUnder(record, {.device_memory_bytes = {{"cuda:0", 40 * kGibibyteOfChoices}}}), record.offers);
  const std::vector<LevelOffer> offers = OffersUnder(record, {.device_memory_bytes = {{"cuda:0", 5 * kGibibyteOfChoices}}});
  EXPECT_EQ(offers[0], record.offers[0]) << "another device";
  EXPECT_EQ(offers[3].device_bytes, 3 * kGibibyteOfChoices);
}

TEST(ChoiceReplay, TakesNoRecordForAnotherMemoryThatDoesNotSayWhatThereWas) {
  ChoiceRecord record = OnTwoDevices({});
  record.offers[4].limit_bytes.reset();
  const std::string reason = "choice.offers[4].limit_bytes: missing; must say what cuda:0 had";
  ExpectError(ErrorCode::kInvalidArgument, reason, [&] { OffersUnder(record, {.device_memory_bytes = {{"cuda:0", kGibibyteOfChoices}}}); });
  ChoiceReplay replay({.device_memory_bytes = {{"cuda:0", kGibibyteOfChoices}}});
  ExpectError(ErrorCode::kInvalidArgument, reason, [&] { replay.Add(record); });
  EXPECT_EQ(replay.records(), 0);
  EXPECT_EQ(replay.before().served, 0);
  EXPECT_THAT(replay.devices(), ElementsAre("cpu", "cuda:0")) << "they are no less there";
  replay.Add(OnTheCpu({}));
  EXPECT_EQ(replay.records(), 1);
  EXPECT_EQ(OffersUnder(record, {.device_memory_bytes = {{"cpu", 16 * kGibibyteOfChoices}}}), record.offers) << "which it says of the CPU";
  EXPECT_EQ(OffersUnder(record, {.device_memory_bytes = {{"cuda:0", 1}}, .devices_left_out = {"cuda:0"}}).size(), 3U);
}

TEST(ChoiceReplay, AMemoryThatDoesNotHoldTheVolumeHoldsNothing) {
  const std::vector<LevelOffer> offers = OffersUnder(OnTheCpu({}), {.device_memory_bytes = {{"cpu", 1000}}});
  EXPECT_EQ(offers[0].device_bytes, 0);
  EXPECT_EQ(offers[0].available_bytes, 0);
}

TEST(ChoiceReplay, LeavesADeviceOut) {
  const ChoiceRecord record = OnTwoDevices({.max_latency_s = 15});
  ASSERT_EQ(record.offers[*record.verdict.offer].device, "cuda:0");
  ChoiceReplay replay({.devices_left_out = {"cuda:0"}});
  replay.Add(record);
  EXPECT_THAT(replay.before().levels, ElementsAre(Pair(Place{"total", "original", "cuda:0"}, 1)));
  EXPECT_THAT(replay.after().levels, ElementsAre(Pair(kThird, 1)));
  EXPECT_THAT(replay.devices(), ElementsAre("cpu", "cuda:0"));
  EXPECT_EQ(replay.changed(), 1);
}

TEST(ChoiceReplay, SaysWhereNoDeviceIsLeft) {
  const ChoiceReplay replay = Replayed({.devices_left_out = {"cpu"}});
  EXPECT_EQ(replay.after().served, 0);
  EXPECT_THAT(replay.after().refusals, ElementsAre(Pair(kNoDevice, 4)));
  EXPECT_FALSE(replay.after().mean_quality());
}

TEST(ChoiceReplay, ServesWhatWasRefused) {
  ChoiceRecord record = OnTheCpu({});
  record.settings.min_quality = 0.99;
  std::erase_if(record.offers, [](const LevelOffer& offer) { return offer.level == "original"; });
  ChoiceReplay replay({.settings = PolicySettings{.min_quality = 0.9, .deadline_margin = 0}});
  replay.Add(Decided(record));
  EXPECT_THAT(replay.before().refusals, ElementsAre(Pair("quality", 1)));
  EXPECT_THAT(replay.after().levels, ElementsAre(Pair(kHalf, 1)));
  EXPECT_EQ(replay.newly_served(), 1);
}

TEST(ChoiceReplay, TellsAnotherVersionsRuleFromAnotherSetting) {
  ChoiceRecord record = OnTheCpu({});
  record.verdict.offer = 2;  // as if that version had taken the third for no reason
  ChoiceReplay replay({});
  replay.Add(record);
  EXPECT_EQ(replay.decided_otherwise(), 1);
  EXPECT_THAT(ReplayText(replay, 0), HasSubstr("1 would be with nothing changed: this version's rule is not the one that was recorded"));
}

TEST(ReplayReport, SetsBeforeAndAfterSideBySide) {
  const std::string text = ReplayText(Replayed({.settings = PolicySettings{.min_quality = 0.95, .deadline_margin = 0}}), 2);
  EXPECT_THAT(text, HasSubstr("  served                             3       2\n"));
  EXPECT_THAT(text, HasSubstr("  refused                            1       2\n"));
  EXPECT_THAT(text, HasSubstr("  mean quality of those served  0.9633  0.9850\n"));
  EXPECT_THAT(text, HasSubstr("  total  third     cpu          1      0\n"));
  EXPECT_THAT(text, HasSubstr("1 of 4 decided otherwise: 1 refused that were served, 0 served that were refused.\n"));
  EXPECT_THAT(text, HasSubstr("Lines that could not be read and are left out: 2.\n"));
  EXPECT_THAT(text, HasSubstr("is not simulated"));
  EXPECT_THAT(text, Not(HasSubstr("this version")));
}

TEST(ReplayReport, IsThereForProgramsToo) {
  const Json json = Json::parse(ReplayJson(Replayed({.devices_left_out = {"cpu"}}), 1));
  EXPECT_EQ(json.at("records"), 4);
  EXPECT_EQ(json.at("unreadable_lines"), 1);
  EXPECT_EQ(json.at("changed"), 3);
  EXPECT_EQ(json.at("newly_refused"), 3);
  EXPECT_EQ(json.at("newly_served"), 0);
  EXPECT_EQ(json.at("decided_otherwise_by_this_version"), 0);
  EXPECT_EQ(json.at("before").at("served"), 3);
  EXPECT_EQ(json.at("before").at("levels").at(0), Json::parse(R"({"task": "total", "level": "half", "device": "cpu", "requests": 1})"));
  EXPECT_EQ(json.at("before").at("reasons"), Json::parse(R"({"deadline": 2, "quality": 1})"));
  EXPECT_EQ(json.at("after").at("refusals"), Json::parse(R"({"no device": 4})"));
  EXPECT_TRUE(json.at("after").at("mean_quality").is_null());
  EXPECT_TRUE(json.at("after").at("levels").empty());
}

}  // namespace
}  // namespace tuckerseg
