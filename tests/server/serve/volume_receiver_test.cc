#include "server/serve/volume_receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "engine/sha256.h"
#include "server/serve/service_parts.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

using Bytes = std::vector<std::byte>;

std::string Sha256Of(const Bytes& bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.Digest();
}

/// Hands `file` over in chunks of `chunk` bytes.
VolumeReceiver::Received Receive(VolumeReceiver& receiver, const Bytes& file, size_t chunk = 100) {
  const std::span<const std::byte> bytes(file);
  for (size_t at = 0; at < bytes.size(); at += chunk)
    receiver.Take(bytes.subspan(at, std::min(chunk, bytes.size() - at)));
  return receiver.Finish();
}

class VolumeReceiverTest : public testing::Test {
 protected:
  VolumeReceiver Receiver(uint64_t total_bytes = 0, const std::string& sha256 = "") {
    return VolumeReceiver(config_, memory_, total_bytes, sha256);
  }

  ServerConfig config_;
  MemoryBudget memory_{1 << 20};
  const Bytes file_ = NiftiBuilder().Bytes();  // 4 x 3 x 2 voxels of int16: 352 + 48 bytes
};

TEST_F(VolumeReceiverTest, DecodesWhatArrivesWhateverTheChunks) {
  for (const Bytes& file : {file_, NiftiBuilder().Gzip()}) {
    for (const size_t chunk : {size_t{1}, size_t{7}, size_t{1000}}) {
      VolumeReceiver receiver = Receiver(file.size(), Sha256Of(file));
      const VolumeReceiver::Received received = Receive(receiver, file, chunk);
      EXPECT_EQ(received.nifti.volume.geometry.shape, (Index3{4, 3, 2}));
      EXPECT_THAT(received.nifti.volume.voxels, testing::ElementsAreArray(file_.end() - 48, file_.end()));
      EXPECT_EQ(received.file_bytes, static_cast<int64_t>(file.size()));
    }
  }
}

TEST_F(VolumeReceiverTest, TellsTheChecksumOfTheFileAsItCameWhereThatIsWanted) {
  for (const Bytes& file : {file_, NiftiBuilder().Gzip()}) {
    VolumeReceiver wanted(config_, memory_, 0, "", /*hash=*/true);
    EXPECT_EQ(Receive(wanted, file).sha256, Sha256Of(file));
    VolumeReceiver announced = Receiver(0, Sha256Of(file));
    EXPECT_EQ(Receive(announced, file).sha256, Sha256Of(file));
    VolumeReceiver neither = Receiver();
    EXPECT_EQ(Receive(neither, file).sha256, "");
  }
}

TEST_F(VolumeReceiverTest, KnowsTheHeaderOnceItHasComeAndHoldsTheVoxelsMemoryFromThenOn) {
  VolumeReceiver receiver = Receiver();
  receiver.Take(std::span(file_).first(300));
  EXPECT_EQ(receiver.header(), nullptr);
  EXPECT_EQ(receiver.held_bytes(), 0);
  receiver.Take(std::span(file_).subspan(300, 60));
  ASSERT_NE(receiver.header(), nullptr);
  EXPECT_EQ(receiver.header()->geometry.shape, (Index3{4, 3, 2}));
  EXPECT_EQ(receiver.held_bytes(), 48);
}

TEST_F(VolumeReceiverTest, HoldsTheVoxelsMemoryUntilTheVolumeGoes) {
  {
    VolumeReceiver receiver = Receiver();
    const VolumeReceiver::Received received = Receive(receiver, file_);
    EXPECT_EQ(received.memory.bytes(), 48);
    EXPECT_EQ(memory_.reserved_bytes(), 48);
  }
  EXPECT_EQ(memory_.reserved_bytes(), 0);
}

TEST_F(VolumeReceiverTest, GivesTheMemoryBackWhereTheStreamIsCut) {
  {
    VolumeReceiver receiver = Receiver();
    receiver.Take(std::span(file_).first(360));
    EXPECT_EQ(memory_.reserved_bytes(), 48) << "as soon as the header says what will come";
    ExpectError(ErrorCode::kDataLoss, "voxels: the stream ends after 8 bytes", [&] { receiver.Finish(); });
  }
  EXPECT_EQ(memory_.reserved_bytes(), 0);
}

TEST_F(VolumeReceiverTest, RefusesAVolumeThatDoesNotFitBeforeItDecodesTheVoxels) {
  // Damaged behind the header: decoding it would end in kDataLoss.
  const std::vector<int16_t> zeros(128 * 128 * 128);
  Bytes file = NiftiBuilder().Shape({128, 128, 128}).Voxels(zeros).Gzip();
  ASSERT_GT(file.size(), 3000U);
  std::fill(file.end() - 1000, file.end(), std::byte{0xFF});
  VolumeReceiver receiver = Receiver();
  ExpectError(ErrorCode::kResourceExhausted, "volume: needs 4194304 bytes of memory: must be at most 1048576",
              [&] { receiver.Take(file); });
}

TEST_F(VolumeReceiverTest, RefusesALengthOtherThanAnnounced) {
  VolumeReceiver shorter = Receiver(file_.size() - 1);
  ExpectError(ErrorCode::kInvalidArgument, "header.total_bytes = 399: more bytes arrived",
              [&] { Receive(shorter, file_); });
  VolumeReceiver longer = Receiver(file_.size() + 1);
  ExpectError(ErrorCode::kDataLoss, "header.total_bytes = 401: 400 bytes arrived",
              [&] { Receive(longer, file_); });
}

TEST_F(VolumeReceiverTest, RefusesAChecksumOtherThanAnnounced) {
  VolumeReceiver receiver = Receiver(0, Sha256Of(BytesOf("something else")));
  ExpectError(ErrorCode::kDataLoss, "header.sha256: the bytes that arrived have another checksum",
              [&] { Receive(receiver, file_); });
}

TEST_F(VolumeReceiverTest, RefusesAChecksumThatIsNone) {
  for (const std::string& wrong :
       {std::string("abc"), std::string(64, 'A'), std::string(64, 'g'), std::string(65, '0')}) {
    ExpectError(ErrorCode::kInvalidArgument, "header.sha256: must be 64 lower-case hexadecimal digits",
                [&] { Receiver(0, wrong); });
  }
}

TEST_F(VolumeReceiverTest, RefusesFilesAboveTheLimitAnnouncedOrNot) {
  config_.max_input_bytes = 399;
  ExpectError(ErrorCode::kResourceExhausted, "header.total_bytes = 400: must be at most 399",
              [&] { Receiver(400); });
  VolumeReceiver receiver = Receiver();
  ExpectError(ErrorCode::kResourceExhausted, "volume: more than 399 bytes of file arrived",
              [&] { Receive(receiver, file_); });
}

TEST_F(VolumeReceiverTest, RefusesAChunkAboveOneMebibyte) {
  const Bytes chunk(static_cast<size_t>(kMaxChunkBytes) + 1);
  VolumeReceiver receiver = Receiver();
  ExpectError(ErrorCode::kInvalidArgument, "chunk = 1048577 bytes: must be at most 1048576",
              [&] { receiver.Take(chunk); });
}

TEST_F(VolumeReceiverTest, TellsInNumbersWhichLimitOfBytesRefuses) {
  config_.max_input_bytes = 399;
  EXPECT_EQ(LimitRefusing([&] { Receiver(400); }), (ByteLimit{.needed_bytes = 400, .limit_bytes = 399})) << "announced";
  EXPECT_EQ(LimitRefusing([&] { Receiver(UINT64_MAX); }), (ByteLimit{.needed_bytes = INT64_MAX, .limit_bytes = 399})) << "as near as it can be told";
  VolumeReceiver receiver = Receiver();
  EXPECT_EQ(LimitRefusing([&] { Receive(receiver, file_, file_.size()); }), (ByteLimit{.needed_bytes = 400, .limit_bytes = 399})) << "not announced";
  const Bytes chunk(static_cast<size_t>(kMaxChunkBytes) + 1);
  VolumeReceiver of_chunk = Receiver();
  EXPECT_EQ(LimitRefusing([&] { of_chunk.Take(chunk); }), (ByteLimit{.needed_bytes = kMaxChunkBytes + 1, .limit_bytes = kMaxChunkBytes}));
}

TEST_F(VolumeReceiverTest, TellsInNumbersWhichLimitRefusesTheVoxelsThatAHeaderAnnounces) {
  MemoryBudget little(47);
  VolumeReceiver without_room(config_, little, 0, "");
  EXPECT_EQ(LimitRefusing([&] { without_room.Take(file_); }), (ByteLimit{.needed_bytes = 48, .limit_bytes = 47}));
  config_.volume_limits.max_bytes = 46;
  VolumeReceiver beyond = Receiver();
  EXPECT_EQ(LimitRefusing([&] { beyond.Take(file_); }), (ByteLimit{.needed_bytes = 48, .limit_bytes = 46}));
}

TEST_F(VolumeReceiverTest, TakesEmptyChunks) {
  VolumeReceiver receiver = Receiver();
  receiver.Take({});
  receiver.Take(file_);
  receiver.Take({});
  EXPECT_EQ(receiver.Finish().file_bytes, 400);
}

TEST_F(VolumeReceiverTest, KeepsTheLimitsOfTheConfiguration) {
  config_.volume_limits.max_axis = 3;
  VolumeReceiver receiver = Receiver();
  ExpectError(ErrorCode::kResourceExhausted, "dim[1] = 4: must be at most 3",
              [&] { Receive(receiver, file_); });
}

}  // namespace
}  // namespace tuckerseg
