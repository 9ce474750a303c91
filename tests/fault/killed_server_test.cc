/// A server that is killed while it works: the client sends its volume to the next one by itself, where it has said that it may, and gets what it would have got.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/engine/volume/expect_error.h"
#include "tests/fault/running_server.h"
#include "tests/fault/sanitized.h"
#include "tests/integration/segment_file.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

class KilledServer : public testing::Test {
 protected:
  /// `config`: of both servers.
  void Start(const std::string& config = "{}") {
    config_ = config;
    first_.emplace(models_.Arguments(config));
  }

  /// What a client gets whose server is killed as soon as its volume has been accepted, another one taking its place. `between`: when the first is there no more,
  /// and the second not yet.
  std::vector<std::byte> LabelMapAcrossAKill(const std::string& key, const std::function<void()>& between = {}) {
    Client client(first_->address());
    v1::SegmentHeader header;
    header.set_idempotency_key(key);
    std::vector<std::byte> label_map;
    SegmentEvents events;
    events.accepted = [&](const v1::Accepted& accepted) {
      levels_.push_back(accepted.variant());
      if (second_) return;
      const int port = first_->port();
      first_->process().Signal(SIGKILL);
      EXPECT_EQ(first_->process().WaitForEnd(), 128 + SIGKILL);
      if (between) between();
      second_.emplace(models_.Arguments(config_, port));
    };
    events.label_map = [&](std::span<const std::byte> bytes) { label_map.insert(label_map.end(), bytes.begin(), bytes.end()); };
    events.again = [&](int attempt) {
      label_map.clear();
      attempts_ = attempt;
    };
    client.Segment(header, [&](const ByteSink& sink) { sink(ct_); }, events);
    return label_map;
  }

  const ModelFolder models_;
  const std::vector<std::byte> ct_ = CubeCt(kSanitized ? 48 : 80);  // 125 or 729 patches: it is not done before the signal comes
  int attempts_ = 1;
  std::vector<std::string> levels_;  // that the client was told
  std::string config_;
  std::optional<RunningServer> first_;
  std::optional<RunningServer> second_;
};

TEST_F(KilledServer, IsReplacedByTheNextForAClientWithAKey) {
  Start();
  ASSERT_GT(first_->port(), 0);
  const std::vector<std::byte> label_map = LabelMapAcrossAKill("k");
  ASSERT_TRUE(second_);
  EXPECT_GT(attempts_, 1) << "it was done before the signal came";
  Client client(second_->address());
  EXPECT_EQ(label_map, SegmentFile(client, ct_).file) << "as if nothing had happened";
  EXPECT_EQ(second_->Stop(), 0) << second_->process().Errors();
}

TEST_F(KilledServer, IsToldAsGoneWithoutAKey) {
  Start();
  ASSERT_GT(first_->port(), 0);
  ExpectError(ErrorCode::kUnavailable, "server: not there, or gone before it answered", [&] { LabelMapAcrossAKill(""); });
  ASSERT_TRUE(second_);
  Client client(second_->address());
  EXPECT_NO_THROW(SegmentFile(client, ct_));
}

/// A second level, which gives every voxel one label: what it finds is not what the original finds. The first server cannot load the original, and chooses it.
class KilledServerOfTwoLevels : public KilledServer {
 protected:
  KilledServerOfTwoLevels() {
    const Bundle bundle = LoadBundle(models_.bundle());
    VariantFiles files = TinyVariant(bundle.model, {{"flat", 0.3, true, 1}}, 11);
    files.weights.front() = DrawingOnly(2, files.weights.front());
    SaveVariant(files, bundle.model, flat_);
    std::ofstream(flat_ / "card.json") << TinyCard("flat", 0.93, 0.91);
    fs::rename(weights_, aside_);
    Start(R"({"allow_phantom_quality": true})");
  }
  void MendOriginal() const { fs::rename(aside_, weights_); }

  const fs::path flat_ = models_.bundle() / "variants" / "flat";
  const fs::path weights_ = models_.bundle() / "weights.safetensors";
  const fs::path aside_ = models_.path() / "aside.safetensors";
};

TEST_F(KilledServerOfTwoLevels, IsReplacedAtTheLevelThatItHadChosenThoughTheNextWouldChooseAnother) {
  ASSERT_GT(first_->port(), 0);
  const std::vector<std::byte> label_map = LabelMapAcrossAKill("k", [this] { MendOriginal(); });
  ASSERT_TRUE(second_);
  ASSERT_GT(second_->port(), 0);
  EXPECT_GT(attempts_, 1) << "it was done before the signal came";
  EXPECT_THAT(levels_, testing::ElementsAre("flat", "flat"));
  Client client(second_->address());
  const Answer chosen = SegmentFile(client, ct_);
  EXPECT_EQ(chosen.summary.variant(), "original");
  EXPECT_NE(label_map, chosen.file);
  v1::SegmentHeader flat;
  flat.mutable_level()->set_name("flat");
  EXPECT_EQ(label_map, SegmentFile(client, ct_, flat).file) << "as if nothing had happened";
  EXPECT_EQ(second_->Stop(), 0) << second_->process().Errors();
}

TEST_F(KilledServerOfTwoLevels, IsNotReplacedAtAnotherLevelWhereTheNextLacksTheOneThatItHadChosen) {
  ASSERT_GT(first_->port(), 0);
  ExpectError(ErrorCode::kNotFound, "header.resume_level = flat: must be one of original", [&] {
    LabelMapAcrossAKill("k", [this] {
      MendOriginal();
      fs::remove_all(flat_);
    });
  });
  ASSERT_TRUE(second_);
  Client client(second_->address());
  EXPECT_EQ(SegmentFile(client, ct_).summary.variant(), "original") << "with a new key, or none";
}

}  // namespace
}  // namespace tuckerseg
