#include "engine/model/pickle_reader.h"

#include <gmock/gmock.h>

#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/pickle_builder.h"
#include "tests/engine/model/python_pickles.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using Kind = PickleValue::Kind;
using std::string_literals::operator""s;
using ::testing::ElementsAre;

PickleDocument Parse(std::string_view bytes) { return PickleDocument::Parse(AsBytes(bytes)); }

std::vector<int64_t> IntegersOf(const PickleDocument& document, const PickleValue& container) {
  std::vector<int64_t> integers;
  for (const uint32_t item : container.items) {
    EXPECT_EQ(document.At(item).kind, Kind::kInteger);
    integers.push_back(document.At(item).integer);
  }
  return integers;
}

class PythonPickleOfEachProtocol : public testing::TestWithParam<PythonPickle> {
 protected:
  const PickleValue& Value(const std::string& key) const {
    const PickleValue* value = document_.Find(document_.root(), key);
    if (value == nullptr) throw std::out_of_range(key);
    return *value;
  }
  const PickleDocument document_ = Parse(GetParam().bytes);
};

INSTANTIATE_TEST_SUITE_P(Protocols, PythonPickleOfEachProtocol, testing::ValuesIn(kPythonPickles),
                         [](const auto& pickle) { return "Protocol" + std::to_string(pickle.param.protocol); });

TEST_P(PythonPickleOfEachProtocol, GivesNoneAndBooleans) {
  EXPECT_EQ(Value("none").kind, Kind::kNone);
  EXPECT_EQ(Value("yes").kind, Kind::kBoolean);
  EXPECT_EQ(Value("yes").integer, 1);
  EXPECT_EQ(Value("no").kind, Kind::kBoolean);
  EXPECT_EQ(Value("no").integer, 0);
}

TEST_P(PythonPickleOfEachProtocol, GivesIntegersOfEveryWidth) {
  EXPECT_EQ(Value("byte").integer, 5);
  EXPECT_EQ(Value("short").integer, 300);
  EXPECT_EQ(Value("negative").integer, -7);
  EXPECT_EQ(Value("wide").integer, int64_t{1} << 40);
  EXPECT_EQ(Value("wide_negative").integer, -(int64_t{1} << 40));
  EXPECT_EQ(Value("huge").kind, Kind::kOpaque) << "2^70 passes 64 bits";
}

TEST_P(PythonPickleOfEachProtocol, GivesRealsTextsAndBytes) {
  EXPECT_EQ(Value("real").kind, Kind::kReal);
  EXPECT_EQ(Value("real").real, -0.5);
  EXPECT_EQ(Value("text").kind, Kind::kText);
  EXPECT_EQ(Value("text").text, "Gr\u00fc\u00dfe");
  EXPECT_EQ(Value("bytes").kind, Kind::kBytes);
  EXPECT_EQ(Value("bytes").text, "\1A");
}

TEST_P(PythonPickleOfEachProtocol, GivesTuplesOfEveryLength) {
  EXPECT_EQ(Value("empty").kind, Kind::kTuple);
  EXPECT_THAT(IntegersOf(document_, Value("empty")), ElementsAre());
  EXPECT_THAT(IntegersOf(document_, Value("one")), ElementsAre(1));
  EXPECT_THAT(IntegersOf(document_, Value("two")), ElementsAre(1, 2));
  EXPECT_THAT(IntegersOf(document_, Value("three")), ElementsAre(1, 2, 3));
  EXPECT_THAT(IntegersOf(document_, Value("four")), ElementsAre(1, 2, 3, 4));
}

TEST_P(PythonPickleOfEachProtocol, GivesNestedListsAndDicts) {
  const PickleValue& list = Value("list");
  ASSERT_EQ(list.kind, Kind::kList);
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_THAT(IntegersOf(document_, document_.At(list.items[1])), ElementsAre(2, 3));
  EXPECT_EQ(document_.Find(Value("dict"), "inner")->integer, 1);
}

TEST_P(PythonPickleOfEachProtocol, RecallsWhatWasMemorised) {
  EXPECT_THAT(IntegersOf(document_, Value("first")), ElementsAre(1, 2));
  EXPECT_EQ(&Value("first"), &Value("second"));
}

TEST_P(PythonPickleOfEachProtocol, TakesAnOrderedDictForADict) { EXPECT_EQ(document_.root().kind, Kind::kDict); }

TEST_P(PythonPickleOfEachProtocol, IsRefusedWhereverItIsCut) {
  const std::string_view bytes = GetParam().bytes;
  for (size_t size = 0; size < bytes.size(); ++size) {
    ExpectError(ErrorCode::kDataLoss, "checkpoint pickle", [&] { Parse(bytes.substr(0, size)); });
  }
}

TEST_P(PythonPickleOfEachProtocol, IsReadOrRefusedWhereAByteIsWrong) {
  for (size_t at = 0; at < GetParam().bytes.size(); ++at) {
    for (const char wrong : {'\0', '(', 'R', 'a', 's', 'u', '\x7f', '\xff'}) {
      std::string damaged(GetParam().bytes);
      damaged[at] = wrong;
      try {
        Parse(damaged);
      } catch (const Error&) {
      }
    }
  }
}

TEST(PickleReader, TakesSetsForLists) {
  // [{1}, frozenset([1])] in protocol 4, by Python.
  const PickleDocument document = Parse(
      "\x80\4\x95\x10\0\0\0\0\0\0\0]\x94(\x8f\x94(K\1\x90(K\1\x91\x94"
      "e."s);
  for (const uint32_t set : document.root().items) EXPECT_THAT(IntegersOf(document, document.At(set)), ElementsAre(1));
}

TEST(PickleReader, ReadsLongIntegersOfEveryLength) {
  const auto integer = [](const std::string& opcodes) { return Parse("\x80\2" + opcodes + "."); };
  EXPECT_EQ(integer("\x8a\0"s).root().integer, 0);
  EXPECT_EQ(integer("\x8a\1\xff"s).root().integer, -1);
  EXPECT_EQ(integer("\x8a\2\0\1"s).root().integer, 256);
  EXPECT_EQ(integer("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"s).root().integer, INT64_MAX);
  EXPECT_EQ(integer("\x8a\x08\0\0\0\0\0\0\0\x80"s).root().integer, INT64_MIN);
  EXPECT_EQ(integer("\x8b\1\0\0\0\x05"s).root().integer, 5);
}

TEST(PickleReader, MemorisesUnderLongKeys) {
  const PickleDocument document = Parse("\x80\2K\7r\0\1\0\0j\0\1\0\0\x86."s);
  EXPECT_THAT(IntegersOf(document, document.root()), ElementsAre(7, 7));
}

TEST(PickleReader, ReadsTheOpcodesThatOnlyOtherPicklersWrite) {
  EXPECT_THAT(Parse("\x80\2(K\1l."s).root().kind, Kind::kList);          // LIST
  EXPECT_EQ(Parse("\x80\2(X\1\0\0\0aK\1d."s).root().kind, Kind::kDict);  // DICT
  EXPECT_EQ(Parse("\x80\2K\1K\2"
                  "0."s)
                .root()
                .integer,
            1);  // POP
  EXPECT_EQ(Parse("\x80\2K\1(K\2K\3"
                  "1."s)
                .root()
                .integer,
            1);  // POP_MARK
  EXPECT_EQ(Parse("\x80\2K\1"
                  "2\x86."s)
                .root()
                .items.size(),
            2U);                                                                 // DUP
  EXPECT_EQ(Parse("\x80\2U\2hi."s).root().kind, Kind::kBytes);                   // SHORT_BINSTRING
  EXPECT_EQ(Parse("\x80\2T\2\0\0\0hi."s).root().text, "hi");                     // BINSTRING
  EXPECT_EQ(Parse("\x80\4\x8d\2\0\0\0\0\0\0\0hi."s).root().kind, Kind::kText);   // BINUNICODE8
  EXPECT_EQ(Parse("\x80\4\x8e\2\0\0\0\0\0\0\0hi."s).root().kind, Kind::kBytes);  // BINBYTES8
}

TEST(PickleReader, KeepsTheLastValueOfAKey) {
  const PickleDocument document =
      Parse(pickled::Document(pickled::Dict({{"key", pickled::Integer(1)}, {"key", pickled::Integer(2)}})));
  EXPECT_EQ(document.Find(document.root(), "key")->integer, 2);
}

TEST(PickleReader, FindsNothingWhereTheKeyOrTheDictIsAbsent) {
  const PickleDocument document = Parse(pickled::Document(pickled::Dict({{"list", pickled::List({})}})));
  EXPECT_EQ(document.Find(document.root(), "other"), nullptr);
  EXPECT_EQ(document.Find(*document.Find(document.root(), "list"), "list"), nullptr);
}

TEST(PickleReader, KeepsPersistentIds) {
  const PickleDocument document = Parse(pickled::Document(pickled::Persistent(pickled::Text("storage"))));
  ASSERT_EQ(document.root().kind, Kind::kPersistent);
  EXPECT_EQ(document.At(document.root().items.at(0)).text, "storage");
}

TEST(PickleReader, NeverCallsWhatThePickleNames) {
  const TemporaryDirectory folder;
  const std::string command = "touch " + (folder.path() / "ran").string();
  const PickleDocument document =
      Parse(pickled::Document(pickled::Call(pickled::Global("os", "system"), {pickled::Text(command)})));
  EXPECT_EQ(document.root().kind, Kind::kCall);
  EXPECT_EQ(document.root().text, "os system");
  EXPECT_EQ(document.At(document.At(document.root().items.at(0)).items.at(0)).text, command);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(PickleReader, ReadsObjectsOfUnknownClassesAndDropsTheirState) {
  // NEWOBJ, BUILD, NEWOBJ_EX, STACK_GLOBAL; then items added to an object that is none of our containers.
  const std::string global = pickled::Global("some", "Class");
  EXPECT_EQ(Parse("\x80\2"s + global + ")\x81}b.").root().text, "some Class");
  EXPECT_EQ(Parse("\x80\4"s + global + ")}\x92.").root().kind, Kind::kCall);
  EXPECT_EQ(Parse("\x80\4\x8c\4some\x8c\5"
                  "Class\x93."s)
                .root()
                .text,
            "some Class");
  EXPECT_EQ(Parse("\x80\2"s + global + ")R(K\1e.").root().kind, Kind::kCall);
  EXPECT_EQ(Parse("\x80\2"s + global + ")RK\1K\2s.").root().kind, Kind::kCall);
  EXPECT_EQ(Parse("\x80\2K\1)R."s).root().kind, Kind::kOpaque) << "an integer cannot be called";
}

TEST(PickleReader, ReadsAListThatHoldsItself) {
  const PickleDocument document = Parse("\x80\2]q\0h\0a."s);
  EXPECT_EQ(&document.At(document.root().items.at(0)), &document.root());
}

TEST(PickleReader, ReadsAMillionNestedListsWithoutAStackOfItsOwn) {
  const size_t depth = 1'000'000;
  const PickleDocument document = Parse("\x80\2" + std::string(depth, ']') + std::string(depth - 1, 'a') + ".");
  EXPECT_EQ(document.root().items.size(), 1U);
}

TEST(PickleReader, RefusesOtherProtocols) {
  ExpectError(ErrorCode::kInvalidArgument, "protocol 1: must be 2 to 5", [] { Parse("\x80\1K\1."s); });
  ExpectError(ErrorCode::kInvalidArgument, "protocol 6: must be 2 to 5", [] { Parse("\x80\6K\1."s); });
}

TEST(PickleReader, RefusesOpcodesThatNoCheckpointNeeds) {
  for (const char* opcodes : {"I1\n.", "i", "\x82\1.", "\x97."}) {  // INT, INST, EXT1, NEXT_BUFFER
    ExpectError(ErrorCode::kInvalidArgument, "none that plain data need", [&] { Parse("\x80\2"s + opcodes); });
  }
}

TEST(PickleReader, RefusesStacksThatAreEmptyOrLackAMark) {
  for (const std::string& opcodes :
       {"."s, "a."s, "0."s, "2."s, "\x86."s, "q\0."s, "b."s, "R."s, "Q."s, "K\1(0."s, "K\1(\x85."s}) {
    ExpectError(ErrorCode::kDataLoss, "empty stack", [&] { Parse("\x80\2" + opcodes); });
  }
  for (const std::string& opcodes : {"t."s, "]e."s, "}u."s, "1."s}) {
    ExpectError(ErrorCode::kDataLoss, "lacks a mark", [&] { Parse("\x80\2" + opcodes); });
  }
}

TEST(PickleReader, RefusesADamagedDocumentInWords) {
  ExpectError(ErrorCode::kDataLoss, "a key without a value", [] { Parse("\x80\2}(K\1u."s); });
  ExpectError(ErrorCode::kDataLoss, "adds items to what holds none", [] {
    Parse(
        "\x80\2K\1K\2"
        "a."s);
  });
  ExpectError(ErrorCode::kDataLoss, "adds items to what holds none", [] { Parse("\x80\2]K\1K\2s."s); });
  ExpectError(ErrorCode::kDataLoss, "recalls what was never memorised", [] { Parse("\x80\2h\5."s); });
  ExpectError(ErrorCode::kDataLoss, "a string passes its end", [] { Parse("\x80\4\x8d\xff\xff\xff\xff\xff\xff\xff\xffx."s); });
  ExpectError(ErrorCode::kDataLoss, "a name has no end", [] { Parse("\x80\2cmodule\nname."s); });
  ExpectError(ErrorCode::kDataLoss, "a global has no name", [] { Parse("\x80\4K\1K\2\x93."s); });
}

TEST(PickleReader, RefusesMoreThan64MebiBytes) {
  ExpectError(ErrorCode::kInvalidArgument, "at most 64 MiB", [] { Parse(std::string((size_t{64} << 20) + 1, 'N')); });
}

TEST(PickleReader, RefusesMoreThanFourMillionValuesOrMarks) {
  ExpectError(ErrorCode::kDataLoss, "4 million values", [] { Parse("\x80\2" + std::string((4 << 20) + 1, 'N') + "."); });
  ExpectError(ErrorCode::kDataLoss, "4 million values", [] { Parse("\x80\2N" + std::string(4 << 20, '2') + "."); });
  ExpectError(ErrorCode::kDataLoss, "4 million marks", [] { Parse("\x80\2" + std::string((4 << 20) + 1, '(') + "."); });
}

TEST(PickleReader, RefusesALongNameThatIsCalledOverAndOver) {
  // 1 MiB of name, called from 4 bytes each: without a bound this asks for gigabytes.
  std::string calls;
  for (int i = 0; i < 200; ++i) calls += "h\0)R"s;
  const std::string pickle = "\x80\2" + pickled::Global("m", std::string(1 << 20, 'n')) + "q\0"s + calls + ".";
  ExpectError(ErrorCode::kDataLoss, "128 MiB of text", [&] { Parse(pickle); });
}

}  // namespace
}  // namespace tuckerseg
