#include "client/cli/ct_geometry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <vector>

#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

/// Gives `file` in pieces of this size.
ByteProducer Pieces(const std::vector<std::byte>& file, size_t size) {
  return [&file, size](const ByteSink& sink) {
    for (size_t at = 0; at < file.size(); at += size) sink(std::span(file).subspan(at, std::min(size, file.size() - at)));
  };
}

TEST(TellingGeometry, TellsTheGridOnceAndLetsEveryBytePass) {
  for (const std::vector<std::byte>& file : {NiftiBuilder().Bytes(), NiftiBuilder().Gzip(), NiftiBuilder().Shape({64, 64, 64}).Gzip()}) {
    for (const size_t size : {size_t{7}, size_t{1} << 20}) {
      std::vector<Geometry> told;
      std::vector<std::byte> passed;
      TellingGeometry(Pieces(file, size), [&](const Geometry& geometry) { told.push_back(geometry); })(
          [&](std::span<const std::byte> bytes) { passed.insert(passed.end(), bytes.begin(), bytes.end()); });
      EXPECT_TRUE(passed == file);
      ASSERT_EQ(told.size(), 1U);
      EXPECT_GE(told[0].shape[0], 4);
    }
  }
}

TEST(TellingGeometry, LetsWhatItCannotReadPass) {
  const std::vector<std::byte> file = NiftiBuilder().Magic("xyz").Bytes();
  bool told = false;
  size_t passed = 0;
  TellingGeometry(Pieces(file, 100), [&](const Geometry&) { told = true; })([&](std::span<const std::byte> bytes) { passed += bytes.size(); });
  EXPECT_FALSE(told);
  EXPECT_EQ(passed, file.size());
}

TEST(TellingGeometry, StopsWhereItsListenerThrows) {
  const std::vector<std::byte> file = NiftiBuilder().Shape({64, 64, 64}).Bytes();
  size_t passed = 0;
  ExpectError(ErrorCode::kInvalidArgument, "another grid", [&] {
    TellingGeometry(Pieces(file, 1000), [](const Geometry&) { throw Error(ErrorCode::kInvalidArgument, "another grid"); })(
        [&](std::span<const std::byte> bytes) { passed += bytes.size(); });
  });
  EXPECT_LE(passed, 2000U) << "little more than the header";
}

}  // namespace
}  // namespace tuckerseg
