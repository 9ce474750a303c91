#include "engine/volume/itk/dicom_structure.h"

#include <gmock/gmock.h>

#include <string>

#include "engine/error.h"

namespace tuckerseg {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

std::string Little(uint32_t value, int width) {
  std::string bytes;
  for (int index = 0; index < width; ++index) bytes += static_cast<char>(value >> (8 * index) & 0xff);
  return bytes;
}

std::string Tag(uint32_t group, uint32_t element) { return Little(group, 2) + Little(element, 2); }

/// An element of explicit VR with a length of two bytes.
std::string Short(uint32_t group, uint32_t element, const std::string& vr, const std::string& value) {
  return Tag(group, element) + vr + Little(static_cast<uint32_t>(value.size()), 2) + value;
}

/// An element of explicit VR with a length of four bytes.
std::string Long(uint32_t group, uint32_t element, const std::string& vr, uint32_t length,
                 const std::string& value) {
  return Tag(group, element) + vr + "\0\0"s + Little(length, 4) + value;
}

std::string Item(uint32_t length, const std::string& value) {
  return Tag(0xfffe, 0xe000) + Little(length, 4) + value;
}

constexpr uint32_t kUndefined = 0xffffffff;
const std::string kItemEnd = Tag(0xfffe, 0xe00d) + Little(0, 4);
const std::string kSequenceEnd = Tag(0xfffe, 0xe0dd) + Little(0, 4);

std::string File(const std::string& syntax, const std::string& elements) {
  return std::string(128, '\0') + "DICM" + Short(0x0002, 0x0010, "UI", syntax) + elements;
}

const std::string kExplicit = "1.2.840.10008.1.2.1\0"s;
const std::string kImplicit = "1.2.840.10008.1.2\0"s;
const std::string kJpeg2000 = "1.2.840.10008.1.2.4.90"s;

DicomStructure Check(const std::string& bytes) {
  return CheckDicomStructure(std::as_bytes(std::span(bytes)));
}

void ExpectError(const std::string& bytes, ErrorCode code, const std::string& words) {
  try {
    Check(bytes);
    ADD_FAILURE() << "accepted; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_THAT(error.what(), HasSubstr(words));
  }
}

/// Every file cut anywhere but between two elements at the top is refused.
void ExpectRefusedWhenCut(const std::string& bytes, size_t last_element) {
  for (size_t size = bytes.size() - 1; size > bytes.size() - last_element; --size) {
    EXPECT_THROW(Check(bytes.substr(0, size)), Error) << "at byte " << size << " of " << bytes.size();
  }
}

TEST(CheckDicomStructure, FindsPlainPixels) {
  const std::string pixels = Long(0x7fe0, 0x0010, "OW", 4, "abcd");
  const std::string bytes = File(kExplicit, Short(0x0008, 0x0060, "CS", "CT") + pixels);
  const DicomStructure structure = Check(bytes);
  EXPECT_TRUE(structure.has_pixels);
  EXPECT_FALSE(structure.encapsulated);
  EXPECT_EQ(structure.pixel_bytes, 4);
  ExpectRefusedWhenCut(bytes, pixels.size());
}

TEST(CheckDicomStructure, FindsCompressedPixelsAndWantsTheirDelimiter) {
  const std::string pixels =
      Long(0x7fe0, 0x0010, "OB", kUndefined, Item(0, "") + Item(6, "frames") + kSequenceEnd);
  const std::string bytes = File(kJpeg2000, pixels);
  const DicomStructure structure = Check(bytes);
  EXPECT_TRUE(structure.encapsulated);
  EXPECT_EQ(structure.pixel_bytes, 6);
  ExpectRefusedWhenCut(bytes, pixels.size());
}

TEST(CheckDicomStructure, KnowsAFileWithoutPixels) {
  EXPECT_FALSE(Check(File(kExplicit, Short(0x0008, 0x0060, "CS", "SR"))).has_pixels);
  EXPECT_FALSE(Check(File(kExplicit, "")).has_pixels);
}

TEST(CheckDicomStructure, WalksSequencesOfBothKindsOfLength) {
  const std::string inner = Short(0x0008, 0x1150, "UI", "1.2.");
  const std::string closed = Item(static_cast<uint32_t>(inner.size()), inner);
  for (const std::string& sequence :
       {Long(0x0008, 0x1140, "SQ", static_cast<uint32_t>(closed.size()), closed),
        Long(0x0008, 0x1140, "SQ", kUndefined, closed + kSequenceEnd),
        Long(0x0008, 0x1140, "SQ", kUndefined, Item(kUndefined, inner + kItemEnd) + kSequenceEnd)}) {
    const std::string bytes = File(kExplicit, sequence);
    EXPECT_NO_THROW(Check(bytes));
    ExpectRefusedWhenCut(bytes, sequence.size());
  }
}

TEST(CheckDicomStructure, RefusesANestedElementThatLeavesItsItem) {
  const std::string inner = Tag(0x0008, 0x1150) + "UI" + Little(200, 2) + "1.2.";
  const std::string items = Item(static_cast<uint32_t>(inner.size()), inner);
  ExpectError(File(kExplicit, Long(0x0008, 0x1140, "SQ", static_cast<uint32_t>(items.size()), items) +
                                  std::string(300, ' ')),
              ErrorCode::kDataLoss, "every element must lie within its file");
}

TEST(CheckDicomStructure, WalksImplicitFilesAndTheirSequences) {
  const std::string inner = Tag(0x0008, 0x1150) + Little(4, 4) + "1.2.";
  const std::string items = Item(static_cast<uint32_t>(inner.size()), inner);
  const std::string sequence = Tag(0x0008, 0x1140) + Little(static_cast<uint32_t>(items.size()), 4) + items;
  const std::string pixels = Tag(0x7fe0, 0x0010) + Little(2, 4) + "ab";
  EXPECT_EQ(Check(File(kImplicit, sequence + pixels)).pixel_bytes, 2);
  const std::string torn = Tag(0x0008, 0x1140) + Little(static_cast<uint32_t>(items.size()) - 2, 4) + items;
  ExpectError(File(kImplicit, torn), ErrorCode::kDataLoss, "cut or malformed");
}

TEST(CheckDicomStructure, RefusesDeepNesting) {
  std::string open;
  std::string close;
  for (int depth = 0; depth < 100000; ++depth) {
    open += Long(0x0008, 0x1140, "SQ", kUndefined, "") + Item(kUndefined, "");
    close += kItemEnd + kSequenceEnd;
  }
  ExpectError(File(kExplicit, open + close), ErrorCode::kInvalidArgument, "nested more than 16 deep");
}

TEST(CheckDicomStructure, RefusesWhatGdcmStumblesOver) {
  const std::string pixels = Long(0x7fe0, 0x0010, "OW", 2, "ab");
  ExpectError(File(kExplicit, Short(0x0008, 0x0060, "XX", "CT") + pixels), ErrorCode::kDataLoss, "malformed");
  ExpectError(File(kExplicit, pixels + pixels), ErrorCode::kDataLoss, "malformed");
  ExpectError(File(kExplicit, Long(0x0009, 0x0010, "OB", kUndefined, kSequenceEnd)), ErrorCode::kDataLoss,
              "malformed");
  ExpectError(File(kExplicit, kItemEnd), ErrorCode::kDataLoss, "malformed");
}

TEST(CheckDicomStructure, RefusesUnknownAndDeflatedSyntaxes) {
  for (const std::string& syntax : {"1.2.840.10008.1.2.1.99"s, "9.9.9."s, ""s}) {
    ExpectError(File(syntax, ""), ErrorCode::kInvalidArgument,
                "TransferSyntaxUID (0002,0010) is deflated or unknown");
  }
}

TEST(HasDicomPreamble, LooksAtByte128) {
  const std::string file = File(kExplicit, "");
  EXPECT_TRUE(HasDicomPreamble(std::as_bytes(std::span(file))));
  EXPECT_FALSE(HasDicomPreamble(std::as_bytes(std::span(file).first(131))));
}

}  // namespace
}  // namespace tuckerseg
