#include "server/serve/request_options.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace tuckerseg {
namespace {

using Change = std::function<void(v1::SegmentHeader&)>;

std::string Options(const Change& change, const std::string& task = "total") {
  v1::SegmentHeader header;
  header.add_structures("liver");
  header.add_structures("spleen");
  change(header);
  return OptionsThatChangeTheAnswer(header, task);
}

const std::string& Plain() {
  static const std::string plain = Options([](v1::SegmentHeader&) {});
  return plain;
}

struct Case {
  const char* name;
  Change change;
};

TEST(OptionsThatChangeTheAnswer, AreTheSameForAllWaysOfSayingIt) {
  const std::vector<Case> cases{
      {"the task's name", [](v1::SegmentHeader& h) { h.set_task("total"); }},
      {"the level left to the server", [](v1::SegmentHeader& h) { h.mutable_level(); }},
      {"auto", [](v1::SegmentHeader& h) { h.mutable_level()->set_name("auto"); }},
      {"no conditions", [](v1::SegmentHeader& h) { h.mutable_level()->mutable_automatic(); }},
      {"the order of structures", [](v1::SegmentHeader& h) { h.mutable_structures()->SwapElements(0, 1); }},
      {"a structure twice", [](v1::SegmentHeader& h) { h.add_structures("liver"); }},
      {"gzip", [](v1::SegmentHeader& h) { h.mutable_output()->set_compression(v1::COMPRESSION_GZIP); }},
      {"empty options", [](v1::SegmentHeader& h) {
         h.mutable_processing();
         h.mutable_output();
       }},
      {"priority", [](v1::SegmentHeader& h) { h.set_priority(5); }},
      {"key", [](v1::SegmentHeader& h) { h.set_idempotency_key("k"); }},
      {"length", [](v1::SegmentHeader& h) { h.set_total_bytes(5); }},
      {"checksum", [](v1::SegmentHeader& h) { h.set_sha256("ab"); }},
      {"the level of an earlier attempt", [](v1::SegmentHeader& h) { h.set_resume_level("original"); }},
  };
  for (const Case& one : cases) EXPECT_EQ(Options(one.change), Plain()) << one.name;
}

TEST(OptionsThatChangeTheAnswer, DifferWhereTheAnswerMay) {
  const std::vector<Case> cases{
      {"level", [](v1::SegmentHeader& h) { h.mutable_level()->set_name("original"); }},
      {"min_quality", [](v1::SegmentHeader& h) { h.mutable_level()->mutable_automatic()->set_min_quality(0.9); }},
      {"max_latency", [](v1::SegmentHeader& h) { h.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(1); }},
      {"max_memory_bytes", [](v1::SegmentHeader& h) { h.mutable_level()->mutable_automatic()->set_max_memory_bytes(1); }},
      {"structures", [](v1::SegmentHeader& h) { h.clear_structures(); }},
      {"compression", [](v1::SegmentHeader& h) { h.mutable_output()->set_compression(v1::COMPRESSION_NONE); }},
      {"statistics", [](v1::SegmentHeader& h) { h.mutable_output()->set_statistics(true); }},
      {"preview", [](v1::SegmentHeader& h) { h.mutable_output()->set_preview(true); }},
      {"exclude_incomplete", [](v1::SegmentHeader& h) { h.mutable_output()->set_exclude_incomplete(true); }},
      {"crop", [](v1::SegmentHeader& h) { h.mutable_processing()->set_crop(v1::CROP_BODY); }},
      {"force_split", [](v1::SegmentHeader& h) { h.mutable_processing()->set_force_split(true); }},
      {"remove_small_blobs_mm3", [](v1::SegmentHeader& h) { h.mutable_processing()->set_remove_small_blobs_mm3(1); }},
  };
  for (const Case& one : cases) EXPECT_NE(Options(one.change), Plain()) << one.name;
  EXPECT_NE(Options([](v1::SegmentHeader&) {}, "total_fast"), Plain()) << "task";
}

}  // namespace
}  // namespace tuckerseg
