#include "engine/model/zip_reader.h"

#include <gtest/gtest.h>

#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/zip_builder.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// zipfile of Python 3.11, ZIP_STORED, members "a.txt" = "hello" and "b/c" = "": nothing of ours made it.
const std::string kPythonZip(
    "PK\3\4\24\0\0\0\0\0\0\0!\0\206\246\20\066\5\0\0\0\5\0\0\0\5\0\0\0a.txthello"
    "PK\3\4\24\0\0\0\0\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0b/c"
    "PK\1\2\24\3\24\0\0\0\0\0\0\0!\0\206\246\20\066\5\0\0\0\5\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\200\1\0\0\0\0a.txt"
    "PK\1\2\24\3\24\0\0\0\0\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\200\1\50\0\0\0b/c"
    "PK\5\6\0\0\0\0\2\0\2\0d\0\0\0I\0\0\0\0\0",
    195);

ZipBuilder TwoMembers() { return ZipBuilder().Add("first", "some bytes").Add("second", "more"); }

std::string Read(const std::string& archive, const std::string& name) {
  const std::vector<std::byte> bytes = AsBytes(archive);
  return AsText(ZipReader(bytes).Read(name));
}

void ReadAll(const std::string& archive) {
  const std::vector<std::byte> bytes = AsBytes(archive);
  const ZipReader reader(bytes);
  for (const auto& [name, member] : reader.members()) reader.Read(name);
}

TEST(ZipReader, ReadsWhatPythonStored) {
  EXPECT_EQ(Read(kPythonZip, "a.txt"), "hello");
  EXPECT_EQ(Read(kPythonZip, "b/c"), "");
}

TEST(ZipReader, ListsItsMembersAndKnowsWhichItHas) {
  const std::vector<std::byte> bytes = AsBytes(TwoMembers().Bytes());
  const ZipReader reader(bytes);
  EXPECT_EQ(reader.members().size(), 2U);
  EXPECT_TRUE(reader.Has("first"));
  EXPECT_FALSE(reader.Has("third"));
  EXPECT_EQ(reader.size(), static_cast<int64_t>(bytes.size()));
}

TEST(ZipReader, TakesSizesFromTheDirectoryWhereLocalHeadersHaveNone) {
  const std::string archive = ZipBuilder().DataDescriptors().Add("p/data.pkl", "pickle").Add("p/data/0", "tensor").Bytes();
  EXPECT_EQ(Read(archive, "p/data.pkl"), "pickle");
  EXPECT_EQ(Read(archive, "p/data/0"), "tensor");
  EXPECT_EQ(archive.find("tensor") % 64, 0U) << "the builder pads as PyTorch does";
}

TEST(ZipReader, ReadsZip64Records) {
  const std::string archive = TwoMembers().Zip64().Bytes();
  EXPECT_EQ(Read(archive, "first"), "some bytes");
  EXPECT_EQ(Read(archive, "second"), "more");
}

TEST(ZipReader, FindsTheEndRecordBeforeAComment) {
  EXPECT_EQ(Read(TwoMembers().Comment(std::string(65535, 'x')).Bytes(), "second"), "more");
}

TEST(ZipReader, ReadsAnEmptyArchive) {
  const std::vector<std::byte> bytes = AsBytes(ZipBuilder().Bytes());
  EXPECT_TRUE(ZipReader(bytes).members().empty());
}

TEST(ZipReader, RefusesAMissingMemberByName) {
  ExpectError(ErrorCode::kDataLoss, "member third is missing", [] { Read(TwoMembers().Bytes(), "third"); });
}

TEST(ZipReader, RefusesCompressedMembers) {
  ExpectError(ErrorCode::kInvalidArgument, "member second is compressed",
              [] { Read(TwoMembers().Method(8).Bytes(), "second"); });
  ExpectError(ErrorCode::kInvalidArgument, "member second is compressed",
              [] { Read(TwoMembers().UncompressedSize(5).Bytes(), "second"); });
}

TEST(ZipReader, RefusesAWrongChecksumAtEachCallAndReadsTheOthers) {
  const std::vector<std::byte> bytes = AsBytes(TwoMembers().Checksum(1).Bytes());
  const ZipReader reader(bytes);
  for (int call = 0; call < 2; ++call) {
    ExpectError(ErrorCode::kDataLoss, "member second has a wrong checksum", [&] { reader.Read("second"); });
  }
  EXPECT_EQ(AsText(reader.Read("first")), "some bytes");
}

TEST(ZipReader, RefusesOffsetsOutsideTheArchive) {
  ExpectError(ErrorCode::kDataLoss, "beyond its end", [] { Read(TwoMembers().HeaderOffset(1 << 20).Bytes(), "second"); });
  ExpectError(ErrorCode::kDataLoss, "beyond its end", [] { Read(TwoMembers().DirectoryOffset(1 << 20).Bytes(), "second"); });
}

TEST(ZipReader, RefusesAMemberWhoseOffsetLeadsToNoHeader) {
  ExpectError(ErrorCode::kDataLoss, "member second has no header",
              [] { Read(TwoMembers().HeaderOffset(3).Bytes(), "second"); });
}

TEST(ZipReader, RefusesMoreMembersThanItsDirectoryHas) {
  ExpectError(ErrorCode::kDataLoss, "checkpoint archive", [] { Read(TwoMembers().MemberCount(3).Bytes(), "second"); });
}

TEST(ZipReader, RefusesAZip64CountThatNoArchiveHas) {
  std::string archive = TwoMembers().Zip64().Bytes();
  archive.replace(archive.find("PK\6\6") + 32, 8, BytesOfValue(~uint64_t{0}));
  ExpectError(ErrorCode::kDataLoss, "more than 2^20 members", [&] { ReadAll(archive); });
}

TEST(ZipReader, RefusesAZip64LocatorThatLeadsNowhere) {
  std::string archive = TwoMembers().Zip64().Bytes();
  archive.replace(archive.find("PK\6\7") + 8, 8, BytesOfValue(uint64_t{0}));
  ExpectError(ErrorCode::kDataLoss, "ZIP64 end record", [&] { ReadAll(archive); });
  archive.replace(archive.find("PK\6\7") + 8, 8, BytesOfValue(~uint64_t{0}));
  ExpectError(ErrorCode::kDataLoss, "beyond its end", [&] { ReadAll(archive); });
}

TEST(ZipReader, RefusesACutZip64Field) {
  std::string archive = ZipBuilder().Zip64().Add("only", "bytes").Bytes();
  const std::string field = BytesOfValue(uint16_t{1}) + BytesOfValue(uint16_t{24});
  archive.replace(archive.find(field), 4, BytesOfValue(uint16_t{1}) + BytesOfValue(uint16_t{16}));
  ExpectError(ErrorCode::kDataLoss, "ZIP64 field is cut", [&] { ReadAll(archive); });
}

TEST(ZipReader, RefusesWhatIsNoArchive) {
  ExpectError(ErrorCode::kDataLoss, "too short", [] { ReadAll(""); });
  ExpectError(ErrorCode::kDataLoss, "no end-of-central-directory record", [] { ReadAll(std::string(100000, 'x')); });
}

TEST(ZipReader, RefusesAnArchiveCutAtAnyByte) {
  for (const std::string& archive : {kPythonZip, TwoMembers().DataDescriptors().Bytes(), TwoMembers().Zip64().Bytes()}) {
    for (size_t size = 0; size < archive.size(); ++size) {
      ExpectError(ErrorCode::kDataLoss, "checkpoint archive", [&] { ReadAll(archive.substr(0, size)); });
    }
  }
}

TEST(ZipReader, ReadsTheSameOrRefusesWhereAByteIsWrong) {
  const std::string archive = TwoMembers().Zip64().Bytes();
  for (size_t at = 0; at < archive.size(); ++at) {
    for (const char wrong : {'\0', '\x7f', '\xff'}) {
      std::string damaged = archive;
      damaged[at] = wrong;
      const std::vector<std::byte> bytes = AsBytes(damaged);
      try {
        const ZipReader reader(bytes);
        if (reader.Has("first")) {
          EXPECT_EQ(AsText(reader.Read("first")), "some bytes") << "byte " << at;
        }
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace tuckerseg
