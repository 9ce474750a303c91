#include "engine/model/pickle_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;
// Values cost more memory than the opcode that makes them: together they stay below 1 GB, far above what a checkpoint has.
constexpr size_t kMaxValues = size_t{4} << 20;
// A long name that is memorised once can be called for every four bytes of the pickle: texts are counted as they are copied.
constexpr size_t kMaxTextBytes = 2 * kMaxBytes;

[[noreturn]] void Damaged(const std::string& what) { throw Error(ErrorCode::kDataLoss, "checkpoint pickle: " + what); }

/// The opcodes that Python's pickler writes for plain data (pickletools.py names them).
enum Opcode : uint8_t {
  kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2', kBinFloat = 'G', kBinInt = 'J', kBinInt1 = 'K',
  kBinInt2 = 'M', kNone = 'N', kBinPersId = 'Q', kReduce = 'R', kBinString = 'T', kShortBinString = 'U', kBinUnicode = 'X',
  kAppend = 'a', kBuild = 'b', kGlobal = 'c', kAppends = 'e', kBinGet = 'h', kLongBinGet = 'j', kEmptyList = ']',
  kEmptyTuple = ')', kEmptyDict = '}', kList = 'l', kDict = 'd', kTuple = 't', kBinPut = 'q', kLongBinPut = 'r', kSetItem = 's',
  kSetItems = 'u', kBinBytes = 'B', kShortBinBytes = 'C', kProto = 0x80, kNewObj = 0x81, kTuple1 = 0x85, kTuple2 = 0x86,
  kTuple3 = 0x87, kNewTrue = 0x88, kNewFalse = 0x89, kLong1 = 0x8a, kLong4 = 0x8b, kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d, kBinBytes8 = 0x8e, kEmptySet = 0x8f, kAddItems = 0x90, kFrozenSet = 0x91, kNewObjEx = 0x92,
  kStackGlobal = 0x93, kMemoize = 0x94, kFrame = 0x95,
};

}  // namespace

/// The pickle's stack machine.
class PickleMachine {
 public:
  explicit PickleMachine(std::span<const std::byte> bytes) : bytes_(bytes) {}

  PickleDocument Run() {
    for (;;) {
      const auto opcode = Take<uint8_t>();
      if (opcode == kStop) break;
      if (!RunScalar(opcode) && !RunContainer(opcode) && !RunStack(opcode) && !RunObject(opcode)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "checkpoint pickle: opcode " + std::to_string(opcode) + ": none that plain data need");
      }
    }
    document_.root_ = PopValue();
    return std::move(document_);
  }

 private:
  using Kind = PickleValue::Kind;

  template <typename T>
  T Take() {
    if (bytes_.size() < sizeof(T)) Damaged("ends early");
    T value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }
  std::string TakeText(uint64_t size) {
    if (size > bytes_.size()) Damaged("a string passes its end");
    std::string text(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    return text;
  }
  std::string TakeLine() {
    const auto end = std::find(bytes_.begin(), bytes_.end(), std::byte{'\n'});
    if (end == bytes_.end()) Damaged("a name has no end");
    std::string line = TakeText(static_cast<uint64_t>(end - bytes_.begin()));
    bytes_ = bytes_.subspan(1);
    return line;
  }
  /// Two's complement, little-endian, any length; what passes 64 bits is of no use to us.
  void PushLong(uint64_t size) {
    const std::string digits = TakeText(size);
    if (size > 8) return Push({.kind = Kind::kOpaque});
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size(); ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(digits[i])) << (8 * i);
    if (size > 0 && size < 8 && (static_cast<uint8_t>(digits.back()) & 0x80U) != 0) value |= ~uint64_t{0} << (8 * size);
    Push({.kind = Kind::kInteger, .integer = static_cast<int64_t>(value)});
  }

  void Push(PickleValue value) {
    if (document_.values_.size() >= kMaxValues) Damaged("has more than 4 million values");
    text_bytes_ += value.text.size();
    if (text_bytes_ > kMaxTextBytes) Damaged("has more than 128 MiB of text");
    document_.values_.push_back(std::move(value));
    PushPlace(static_cast<uint32_t>(document_.values_.size() - 1));
  }
  void PushPlace(uint32_t place) {
    if (stack_.size() >= kMaxValues) Damaged("has more than 4 million values on its stack");
    stack_.push_back(place);
  }
  uint32_t PopValue() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) Damaged("takes a value from an empty stack");
    const uint32_t place = stack_.back();
    stack_.pop_back();
    return place;
  }
  std::vector<uint32_t> PopToMark() {
    if (marks_.empty()) Damaged("lacks a mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<uint32_t> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  PickleValue& Value(uint32_t place) { return document_.values_[place]; }
  PickleValue& Top() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) Damaged("looks at an empty stack");
    return Value(stack_.back());
  }

  bool RunScalar(uint8_t opcode) {
    switch (opcode) {
      case kNone: Push({}); return true;
      case kNewTrue: Push({.kind = Kind::kBoolean, .integer = 1}); return true;
      case kNewFalse: Push({.kind = Kind::kBoolean, .integer = 0}); return true;
      case kBinInt: Push({.kind = Kind::kInteger, .integer = Take<int32_t>()}); return true;
      case kBinInt1: Push({.kind = Kind::kInteger, .integer = Take<uint8_t>()}); return true;
      case kBinInt2: Push({.kind = Kind::kInteger, .integer = Take<uint16_t>()}); return true;
      case kLong1: PushLong(Take<uint8_t>()); return true;
      case kLong4: PushLong(Take<uint32_t>()); return true;
      case kBinFloat: {
        uint64_t big_endian = Take<uint64_t>();
        uint64_t bits = 0;
        for (int i = 0; i < 8; ++i, big_endian >>= 8) bits = bits << 8 | (big_endian & 0xFF);
        Push({.kind = Kind::kReal, .real = std::bit_cast<double>(bits)});
        return true;
      }
      case kBinUnicode: PushText(Kind::kText, Take<uint32_t>()); return true;
      case kShortBinUnicode: PushText(Kind::kText, Take<uint8_t>()); return true;
      case kBinUnicode8: PushText(Kind::kText, Take<uint64_t>()); return true;
      case kBinString:
      case kBinBytes: PushText(Kind::kBytes, Take<uint32_t>()); return true;
      case kShortBinString:
      case kShortBinBytes: PushText(Kind::kBytes, Take<uint8_t>()); return true;
      case kBinBytes8: PushText(Kind::kBytes, Take<uint64_t>()); return true;
      default: return false;
    }
  }
  void PushText(Kind kind, uint64_t size) { Push({.kind = kind, .text = TakeText(size)}); }

  bool RunContainer(uint8_t opcode) {
    switch (opcode) {
      case kEmptyList:
      case kEmptySet: Push({.kind = Kind::kList}); return true;
      case kEmptyTuple: Push({.kind = Kind::kTuple}); return true;
      case kEmptyDict: Push({.kind = Kind::kDict}); return true;
      case kTuple: PushItems(Kind::kTuple, PopToMark()); return true;
      case kList:
      case kFrozenSet: PushItems(Kind::kList, PopToMark()); return true;
      case kDict: PushItems(Kind::kDict, Pairs(PopToMark())); return true;
      case kTuple1: PushItems(Kind::kTuple, PopMany(1)); return true;
      case kTuple2: PushItems(Kind::kTuple, PopMany(2)); return true;
      case kTuple3: PushItems(Kind::kTuple, PopMany(3)); return true;
      case kAppend: AddItems(Kind::kList, PopMany(1)); return true;
      case kAppends:
      case kAddItems: AddItems(Kind::kList, PopToMark()); return true;
      case kSetItem: AddItems(Kind::kDict, PopMany(2)); return true;
      case kSetItems: AddItems(Kind::kDict, Pairs(PopToMark())); return true;
      default: return false;
    }
  }
  void PushItems(Kind kind, std::vector<uint32_t> items) { Push({.kind = kind, .items = std::move(items)}); }
  static std::vector<uint32_t> Pairs(std::vector<uint32_t> items) {
    if (items.size() % 2 != 0) Damaged("a dict has a key without a value");
    return items;
  }
  std::vector<uint32_t> PopMany(size_t count) {
    std::vector<uint32_t> items(count);
    for (size_t i = count; i > 0; --i) items[i - 1] = PopValue();
    return items;
  }
  /// Into the container on the stack. An opaque object takes items too, and forgets them.
  void AddItems(Kind kind, const std::vector<uint32_t>& items) {
    PickleValue& container = Top();
    if (container.kind == kind) {
      container.items.insert(container.items.end(), items.begin(), items.end());
    } else if (container.kind != Kind::kCall && container.kind != Kind::kOpaque) {
      Damaged("adds items to what holds none");
    }
  }

  bool RunStack(uint8_t opcode) {
    switch (opcode) {
      case kProto: {
        const auto protocol = Take<uint8_t>();
        if (protocol < 2 || protocol > 5) {
          throw Error(ErrorCode::kInvalidArgument, "checkpoint pickle: protocol " + std::to_string(protocol) + ": must be 2 to 5");
        }
        return true;
      }
      case kFrame: Take<uint64_t>(); return true;
      case kMark: {
        if (marks_.size() >= kMaxValues) Damaged("has more than 4 million marks");
        marks_.push_back(stack_.size());
        return true;
      }
      case kPop: PopValue(); return true;
      case kPopMark: PopToMark(); return true;
      case kDup: Top(); PushPlace(stack_.back()); return true;
      case kBinPut: Memorize(Take<uint8_t>()); return true;
      case kLongBinPut: Memorize(Take<uint32_t>()); return true;
      case kMemoize: Memorize(static_cast<uint32_t>(memo_.size())); return true;
      case kBinGet: Recall(Take<uint8_t>()); return true;
      case kLongBinGet: Recall(Take<uint32_t>()); return true;
      default: return false;
    }
  }
  void Memorize(uint32_t key) {
    Top();
    memo_[key] = stack_.back();
  }
  void Recall(uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) Damaged("recalls what was never memorised");
    PushPlace(found->second);
  }

  bool RunObject(uint8_t opcode) {
    switch (opcode) {
      case kGlobal: {
        const std::string module = TakeLine();
        Push({.kind = Kind::kGlobal, .text = module + " " + TakeLine()});
        return true;
      }
      case kStackGlobal: {
        const auto names = PopMany(2);
        if (Value(names[0]).kind != Kind::kText || Value(names[1]).kind != Kind::kText) Damaged("a global has no name");
        Push({.kind = Kind::kGlobal, .text = Value(names[0]).text + " " + Value(names[1]).text});
        return true;
      }
      case kReduce:
      case kNewObj: {
        const auto call = PopMany(2);
        Call(call[0], call[1]);
        return true;
      }
      case kNewObjEx: {
        const auto call = PopMany(3);
        Call(call[0], call[1]);
        return true;
      }
      case kBuild: {
        PopValue();
        Top();  // the object stays
        return true;
      }
      case kBinPersId: {
        const uint32_t id = PopValue();
        Push({.kind = Kind::kPersistent, .items = {id}});
        return true;
      }
      default: return false;
    }
  }
  void Call(uint32_t callable, uint32_t arguments) {
    const PickleValue& function = Value(callable);
    const PickleValue& tuple = Value(arguments);
    if (function.kind != Kind::kGlobal || tuple.kind != Kind::kTuple) return Push({.kind = Kind::kOpaque});
    if (function.text == "collections OrderedDict" && tuple.items.empty()) return Push({.kind = Kind::kDict});
    if (function.text == "_codecs encode" && !tuple.items.empty() && Value(tuple.items[0]).kind == Kind::kText) {
      // Latin-1 text in UTF-8; its bytes are read by nobody here, so they are not turned back.
      return Push({.kind = Kind::kBytes, .text = Value(tuple.items[0]).text});
    }
    Push({.kind = Kind::kCall, .text = std::string(function.text), .items = {arguments}});
  }

  std::span<const std::byte> bytes_;
  PickleDocument document_;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, uint32_t> memo_;
  size_t text_bytes_ = 0;
};

PickleDocument PickleDocument::Parse(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxBytes) throw Error(ErrorCode::kInvalidArgument, "checkpoint pickle: must be at most 64 MiB");
  return PickleMachine(bytes).Run();
}

const PickleValue* PickleDocument::Find(const PickleValue& dict, const std::string& key) const {
  if (dict.kind != PickleValue::Kind::kDict) return nullptr;
  for (size_t i = dict.items.size(); i >= 2; i -= 2) {
    const PickleValue& candidate = At(dict.items[i - 2]);
    if (candidate.kind == PickleValue::Kind::kText && candidate.text == key) return &At(dict.items[i - 1]);
  }
  return nullptr;
}

}  // namespace tuckerseg
