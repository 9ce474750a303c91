/// A server that is killed while it works: the client sends its volume to the next one by itself, where it has said that it may.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/engine/volume/expect_error.h"
#include "tests/fault/running_server.h"
#include "tests/fault/sanitized.h"
#include "tests/integration/segment_file.h"

namespace tuckerseg {
namespace {

class KilledServer : public testing::Test {
 protected:
  KilledServer() : first_(std::in_place, models_.Arguments()) {}

  /// What a client gets whose server is killed as soon as its volume has been accepted, another one taking its place.
  std::vector<std::byte> LabelMapAcrossAKill(const std::string& key) {
    Client client(first_->address());
    v1::SegmentHeader header;
    header.set_idempotency_key(key);
    std::vector<std::byte> label_map;
    SegmentEvents events;
    events.accepted = [&](const v1::Accepted&) {
      if (second_) return;
      const int port = first_->port();
      first_->process().Signal(SIGKILL);
      EXPECT_EQ(first_->process().WaitForEnd(), 128 + SIGKILL);
      second_.emplace(models_.Arguments("{}", port));
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
  std::optional<RunningServer> first_;
  std::optional<RunningServer> second_;
};

TEST_F(KilledServer, IsReplacedByTheNextForAClientWithAKey) {
  ASSERT_GT(first_->port(), 0);
  const std::vector<std::byte> label_map = LabelMapAcrossAKill("k");
  ASSERT_TRUE(second_);
  EXPECT_GT(attempts_, 1) << "it was done before the signal came";
  Client client(second_->address());
  EXPECT_EQ(label_map, SegmentFile(client, ct_).file) << "as if nothing had happened";
  EXPECT_EQ(second_->Stop(), 0) << second_->process().Errors();
}

TEST_F(KilledServer, IsToldAsGoneWithoutAKey) {
  ASSERT_GT(first_->port(), 0);
  ExpectError(ErrorCode::kUnavailable, "server: not there, or gone before it answered", [&] { LabelMapAcrossAKill(""); });
  ASSERT_TRUE(second_);
  Client client(second_->address());
  EXPECT_NO_THROW(SegmentFile(client, ct_));
}

}  // namespace
}  // namespace tuckerseg
