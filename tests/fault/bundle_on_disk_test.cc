/// Bundles that are deleted, cut or replaced under a server that serves them: it goes on with what it has loaded, until it is started anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

class BundleOnDisk : public testing::Test {
 protected:
  BundleOnDisk() {
    disk_.Add("tucker", {{"tucker-0.3", 0.3, true, 1}}, 6);
    held_.emplace(Options());
    held_->gate().Open();
    original_ = Ask("original");
    compressed_ = Ask("tucker-0.3");
    EXPECT_TRUE(original_.status.ok()) << original_.status.error_message();
    EXPECT_TRUE(compressed_.status.ok()) << compressed_.status.error_message();
    EXPECT_NE(original_.file, compressed_.file);
  }

  ServedOptions Options() const {
    ServedOptions options;
    options.models = disk_.models();
    return options;
  }
  static v1::SegmentHeader Level(const std::string& name) {
    v1::SegmentHeader header;
    header.mutable_level()->set_name(name);
    return header;
  }
  Answer Ask(const std::string& level) { return Segment(held_->served().channel(), ct_, Level(level)); }

  void ExpectThatItGoesOn() {
    for (const auto& [level, before] : {std::pair("original", &original_), std::pair("tucker-0.3", &compressed_)}) {
      const Answer after = Ask(level);
      EXPECT_TRUE(after.status.ok()) << level << ": " << after.status.error_message();
      EXPECT_EQ(after.file, before->file) << level;
      EXPECT_EQ(after.summary.provenance().weights_sha256(), before->summary.provenance().weights_sha256());
    }
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  std::optional<HeldModel> held_;
  Answer original_;
  Answer compressed_;
};

TEST_F(BundleOnDisk, IsNotHeldOpen) {
  std::ifstream maps("/proc/self/maps");
  const std::string text{std::istreambuf_iterator<char>(maps), {}};
  ASSERT_NE(text, "");
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("safetensors"))) << "what is mapped from a file ends the process where the file is cut";
}

TEST_F(BundleOnDisk, MayBeDeleted) {
  fs::remove_all(disk_.bundle());
  ExpectThatItGoesOn();
}

TEST_F(BundleOnDisk, MayBeDeletedWhileARequestRuns) {
  held_.emplace(Options());  // its gate is closed
  SegmentConversation conversation(held_->served().channel());
  ASSERT_TRUE(conversation.SendHeader(Level("tucker-0.3")));
  conversation.SendFile(ct_);
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  fs::remove_all(disk_.bundle());
  held_->gate().Open();
  const Answer answer = conversation.Finish();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.file, compressed_.file);
}

TEST_F(BundleOnDisk, MayBeCutInItsPlace) {
  for (const fs::path& weights : {disk_.bundle() / "weights.safetensors", disk_.variant("tucker") / "weights.safetensors"}) fs::resize_file(weights, 0);
  ExpectThatItGoesOn();
}

TEST_F(BundleOnDisk, MayBeReplacedAndIsAnotherOneAfterTheNextStart) {
  fs::remove_all(disk_.bundle());
  Bundle other = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 99);
  other.model.provenance.weights_sha256 = PartWeightsSha256(other.weights);
  SaveBundle(other, disk_.bundle());
  ExpectThatItGoesOn();

  ServedModel next(Options());
  const Answer answer = Segment(next.channel(), ct_, Level("original"));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.summary.provenance().weights_sha256(), other.model.provenance.weights_sha256);
  EXPECT_NE(answer.file, original_.file);
  EXPECT_EQ(Segment(next.channel(), ct_, Level("tucker-0.3")).status.error_code(), grpc::NOT_FOUND) << "the new one has no variants";
}

}  // namespace
}  // namespace tuckerseg
