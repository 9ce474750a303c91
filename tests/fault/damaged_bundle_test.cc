/// Bundles that were damaged on the disk: they are not served, `--check-config` says which one it is, and a server that finds one lives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "client/lib/client.h"
#include "engine/error.h"
#include "tests/fault/running_server.h"
#include "tests/integration/segment_file.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

class DamagedBundle : public testing::Test {
 protected:
  void FlipABit(const fs::path& path, uint64_t byte) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(byte));
    const int old = file.get();
    ASSERT_NE(old, EOF) << byte;
    file.seekp(static_cast<std::streamoff>(byte));
    file.put(static_cast<char>(old ^ 0x10));
  }
  /// One line that names the bundle and nothing of the machine.
  void ExpectThatItIsFound() const {
    std::vector<std::string> arguments = models_.Arguments();
    arguments.emplace_back("--check-config");
    ServerProcess check(arguments);
    EXPECT_EQ(check.WaitForEnd(), 1);
    const std::string errors = check.Errors();
    EXPECT_THAT(errors, testing::StartsWith("error: bundle tiny: "));
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
    EXPECT_THAT(errors, testing::Not(testing::HasSubstr(models_.path().string())));
  }
  /// The server is there, serves nothing, says so, and stops as one that is asked to.
  void ExpectThatItsServerLives() const {
    RunningServer server(models_.Arguments());
    ASSERT_GT(server.port(), 0);
    Client client(server.address());
    EXPECT_FALSE(client.IsServing(""));
    EXPECT_THROW(SegmentFile(client, CubeCt(24)), Error);
    EXPECT_EQ(server.Stop(), 0) << server.process().Errors();
  }

  const ModelFolder models_;
  const fs::path weights_ = models_.bundle() / "weights.safetensors";
  const uint64_t size_ = fs::file_size(weights_);
};

TEST_F(DamagedBundle, OfOneFlippedBitIsNotServedWhereverItIs) {
  // The length of the header, a tensor's name, the first weights, one in the middle, the last byte.
  for (const uint64_t byte : {uint64_t{0}, uint64_t{12}, size_ / 4, size_ / 2, size_ - 1}) {
    SCOPED_TRACE("byte " + std::to_string(byte));
    FlipABit(weights_, byte);
    ExpectThatItIsFound();
    if (byte == size_ / 2) ExpectThatItsServerLives();
    FlipABit(weights_, byte);
  }
  RunningServer whole(models_.Arguments());
  EXPECT_GT(whole.port(), 0) << "put right again it is served";
}

TEST_F(DamagedBundle, OfMissingBytesIsNotServed) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{7}, size_ / 2}) {
    SCOPED_TRACE(std::to_string(size) + " bytes");
    fs::resize_file(weights_, size);
    ExpectThatItIsFound();
  }
  fs::remove(weights_);
  ExpectThatItIsFound();
  ExpectThatItsServerLives();
}

TEST_F(DamagedBundle, OfAHalfModelIsNotServed) {
  const fs::path model = models_.bundle() / "model.json";
  fs::resize_file(model, fs::file_size(model) / 2);
  ExpectThatItIsFound();
  ExpectThatItsServerLives();
}

}  // namespace
}  // namespace tuckerseg
