#include "server/policy/choice_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "engine/model/json_text.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/policy/choice_samples.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

ChoiceRecord Full() {
  ChoiceRecord record = OnTwoDevices({.min_quality = 0.9, .max_latency_s = 3, .deadline_s = 59.75, .max_memory_bytes = 5 * kGibibyteOfChoices});
  record.offers[0].queue_s = 1.0 / 3;
  record.offers[1].queue_full = true;
  record.offers[3].client_places = 8;
  record.offers[2].quality.reset();
  record.offers[4].limit_bytes.reset();
  return Decided(record);
}

TEST(ChoiceRecord, IsReadAsItWasWritten) {
  for (const ChoiceRecord& record : {Full(), OnTheCpu({}), OnTheCpu({.max_latency_s = 15}), OnTheCpu({.max_latency_s = 1}), OnTheCpu({.deadline_s = -2}),
                                     OnTheCpu({.min_quality = 0.5, .max_memory_bytes = 7})}) {  // the last one with the numbers of a limit of bytes
    EXPECT_EQ(ParseChoice(EncodeChoice(record)), record) << EncodeChoice(record);
  }
  ChoiceRecord busy = OnTheCpu({.max_latency_s = 15});
  for (LevelOffer& offer : busy.offers) offer.queue_s = 10;
  busy = Decided(busy);
  ASSERT_TRUE(busy.verdict.refusal->retry_after_s);
  EXPECT_EQ(ParseChoice(EncodeChoice(busy)), busy);
  ChoiceRecord without_offers = Decided(ChoiceRecord{.task = "total"});
  EXPECT_EQ(ParseChoice(EncodeChoice(without_offers)), without_offers);
}

TEST(ChoiceRecord, IsOneLine) {
  ChoiceRecord record = OnTheCpu({.max_latency_s = 1});
  record.verdict.refusal->message = "two\nlines";
  EXPECT_THAT(EncodeChoice(record), Not(HasSubstr("\n")));
  EXPECT_EQ(EncodeChoice(OnTheCpu({.max_latency_s = 20})),
            R"({"format_version":1,"at_s":12.5,"task":"total","promises":{"max_latency_s":20.0},"settings":{"min_quality":0.0,"deadline_margin":0.0},"held_bytes":1073741824,"offers":[)"
            R"({"level":"original","device":"cpu","quality":1.0,"service_s":40.0,"queue_s":0.0,"queue_full":false,"needed_bytes":4294967296,"available_bytes":16106127360,"device_bytes":16106127360,"limit_bytes":17179869184},)"
            R"({"level":"half","device":"cpu","quality":0.97,"service_s":20.0,"queue_s":0.0,"queue_full":false,"needed_bytes":3221225472,"available_bytes":16106127360,"device_bytes":16106127360,"limit_bytes":17179869184},)"
            R"({"level":"third","device":"cpu","quality":0.92,"service_s":12.0,"queue_s":0.0,"queue_full":false,"needed_bytes":2147483648,"available_bytes":16106127360,"device_bytes":16106127360,"limit_bytes":17179869184}],)"
            R"("chosen":{"level":"half","device":"cpu","reason":"deadline","finish_s":20.0}})");
}

TEST(ChoiceRecord, WritesSizesAndTimesBeyondAllBoundsAsTheBounds) {
  ChoiceRecord record = OnTheCpu({.max_latency_s = 1e300, .deadline_s = -1e300, .max_memory_bytes = std::numeric_limits<int64_t>::max()});
  record.offers[0].available_bytes = -5;
  const ChoiceRecord read = ParseChoice(EncodeChoice(record));
  EXPECT_EQ(read.promises.max_latency_s, 1e12);
  EXPECT_EQ(read.promises.deadline_s, -1e12);
  EXPECT_EQ(read.promises.max_memory_bytes, int64_t{1} << 50);
  EXPECT_EQ(read.offers[0].available_bytes, 0);
}

void ExpectRefusal(const std::function<void(Json&)>& change, const std::string& message, const ChoiceRecord& record = Full()) {
  Json json = Json::parse(EncodeChoice(record));
  change(json);
  SCOPED_TRACE(message);
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { ParseChoice(json.dump()); });
}

TEST(ChoiceRecord, IsReadStrictly) {
  ExpectRefusal([](Json& j) { j["format_version"] = 2; }, "choice.format_version = 2: must be a whole number in [1, 1]");
  ExpectRefusal([](Json& j) { j["patient"] = "Doe"; }, "choice.patient = \"Doe\": must not be there");
  ExpectRefusal([](Json& j) { j["promises"]["max_latency"] = 1; }, "choice.promises.max_latency = 1: must not be there");
  ExpectRefusal([](Json& j) { j["offers"][0]["name"] = "x"; }, "choice.offers[0].name");
  ExpectRefusal([](Json& j) { j.erase("task"); }, "choice.task: missing");
  ExpectRefusal([](Json& j) { j["task"] = ""; }, "choice.task = \"\": must be a name of 1 to 256 bytes");
  ExpectRefusal([](Json& j) { j["at_s"] = -1; }, "choice.at_s = -1: must be in [0, 1e12] s");
  ExpectRefusal([](Json& j) { j["promises"]["min_quality"] = 1.5; }, "choice.promises.min_quality = 1.5: must be in [0, 1]");
  ExpectRefusal([](Json& j) { j["promises"] = Json::array(); }, "choice.promises = []: must be an object");
  ExpectRefusal([](Json& j) { j["settings"].erase("deadline_margin"); }, "choice.settings.deadline_margin: missing");
  ExpectRefusal([](Json& j) { j["offers"][1]["quality"] = nullptr; }, "choice.offers[1].quality = null: must be a finite number");
  ExpectRefusal([](Json& j) { j["offers"][1]["needed_bytes"] = 1.5; }, "choice.offers[1].needed_bytes = 1.5: must be a whole number");
  ExpectRefusal([](Json& j) { j["offers"][1]["device_bytes"] = -1; }, "choice.offers[1].device_bytes = -1: must be a whole number in [0, 1125899906842624]");
  ExpectRefusal([](Json& j) { j["offers"][1]["limit_bytes"] = -1; }, "choice.offers[1].limit_bytes = -1: must be a whole number in [0, 1125899906842624]");
  ExpectRefusal([](Json& j) { j["offers"][1].erase("queue_full"); }, "choice.offers[1].queue_full: missing");
  ExpectRefusal([](Json& j) { j["offers"][1]["client_places"] = 0; }, "choice.offers[1].client_places = 0: must be a whole number in [1, 10000]");
  ExpectRefusal([](Json& j) { j["offers"][1] = j["offers"][0]; }, "must be the only offer of its level on its device");
  ExpectRefusal([](Json& j) { j["chosen"]["level"] = "quarter"; }, "must be an offer whose quality is known");
  ExpectRefusal([](Json& j) { j["chosen"] = {{"level", "third"}, {"device", "cpu"}, {"reason", "only"}, {"finish_s", 1}}; }, "must be an offer whose quality is known");
  ExpectRefusal([](Json& j) { j["chosen"]["reason"] = "asked"; }, "choice.chosen.reason = \"asked\": must be one of quality only deadline queue memory");
  ExpectRefusal([](Json& j) { j["refused"] = {{"reason", "queue"}, {"message", ""}}; }, "must be either chosen or refused");
  ExpectRefusal([](Json& j) { j.erase("chosen"); }, "must be either chosen or refused");
}

TEST(ChoiceRecord, IsReadStrictlyWhereItWasARefusal) {
  const ChoiceRecord refused = OnTheCpu({.max_latency_s = 1});
  ExpectRefusal([](Json& j) { j["refused"]["reason"] = "only"; }, "choice.refused.reason = \"only\": must be one of quality deadline queue memory", refused);
  ExpectRefusal([](Json& j) { j["refused"]["retry_after_s"] = -1; }, "choice.refused.retry_after_s = -1: must be in [0, 1e12] s", refused);
  ExpectRefusal([](Json& j) { j["refused"]["message"] = 1; }, "choice.refused.message = 1: must be a string", refused);
  ExpectRefusal([](Json& j) { j["refused"]["needed_bytes"] = 1; }, "choice.refused.limit_bytes: missing", refused);
}

TEST(ChoiceRecord, IsReadAsVersionsHaveWrittenItThatToldNoNumbersOfALimit) {
  Json json = Json::parse(EncodeChoice(OnTheCpu({.max_memory_bytes = 7})));
  ASSERT_EQ(json["refused"]["limit_bytes"].get<int64_t>(), 7);
  json["refused"].erase("needed_bytes");
  json["refused"].erase("limit_bytes");
  EXPECT_FALSE(ParseChoice(json.dump()).verdict.refusal->byte_limit);
}

TEST(ChoiceRecord, IsReadAsVersionsHaveWrittenItThatToldNoLimitOfADevice) {
  ChoiceRecord record = OnTheCpu({});
  Json json = Json::parse(EncodeChoice(record));
  for (Json& offer : json["offers"]) offer.erase("limit_bytes");
  for (LevelOffer& offer : record.offers) offer.limit_bytes.reset();
  EXPECT_EQ(ParseChoice(json.dump()), record);
}

TEST(ChoiceRecord, IsNothingElse) {
  for (const char* line : {"", "{", "[]", "null", "1", "{}"}) EXPECT_THROW(ParseChoice(line), Error) << line;
}

}  // namespace
}  // namespace tuckerseg
