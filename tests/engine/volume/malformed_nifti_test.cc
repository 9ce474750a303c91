#include "tests/engine/volume/malformed_nifti.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <span>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

void ReadInPieces(std::span<const std::byte> bytes, size_t piece) {
  NiftiReader reader;
  for (size_t at = 0; at < bytes.size(); at += piece) reader.Feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  reader.Finish();
}

TEST(MalformedNifti, EachIsRefusedWithItsCodeAndAMessageThatNamesTheField) {
  for (const MalformedNifti& malformed : MalformedNiftis()) {
    SCOPED_TRACE(malformed.name);
    ExpectError(malformed.code, malformed.message, [&] { ReadNifti(malformed.bytes); });
  }
}

TEST(MalformedNifti, EachIsRefusedAlikeHoweverTheStreamIsCut) {
  for (const MalformedNifti& malformed : MalformedNiftis()) {
    SCOPED_TRACE(malformed.name);
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{349}, size_t{4096}}) {
      ExpectError(malformed.code, malformed.message, [&] { ReadInPieces(malformed.bytes, piece); });
    }
  }
}

TEST(MalformedNifti, NoTwoHaveTheSameName) {
  std::set<std::string> names;
  for (const MalformedNifti& malformed : MalformedNiftis()) EXPECT_TRUE(names.insert(malformed.name).second) << malformed.name;
  EXPECT_GE(names.size(), 100U);
}

}  // namespace
}  // namespace tuckerseg
