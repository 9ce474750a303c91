#include "server/serve/message_memory.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>

namespace tuckerseg {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// What protobuf 3.21 allocates on a 64-bit machine, with what the heap adds to each piece.
constexpr int64_t kOfAnObject = 64;         // of a message: its head, and what refers to it
constexpr int64_t kOfItsField = 40;         // the largest, a map's head, aside
constexpr int64_t kOfAMap = 128;
constexpr int64_t kOfAText = 80;            // beside its bytes
constexpr int64_t kOfAnUnknownNumber = 32;
constexpr int64_t kOfAnUnknownText = 112;   // beside its bytes
constexpr int64_t kOfAnUnknownGroupsByte = 64;  // each two bytes of it may be a field
constexpr int64_t kLargestNumber = 8;
/// As deep as protobuf reads.
constexpr int kDeepest = 100;

/// Whether a packed number takes as many bytes in memory as on the wire.
bool IsPackedAsItIs(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_BOOL:
      return true;
    default:
      return false;
  }
}

int64_t BytesOfNumber(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
      return 8;
    default:
      return 4;
  }
}

class Counter {
 public:
  Counter(CodedInputStream& input, int64_t most) : input_(input), most_(most) {}

  int64_t bytes() const { return bytes_; }

  /// The fields up to the input's end, or its limit. False where they cannot be read.
  bool AddFields(const Descriptor& type, int depth) {
    if (depth > kDeepest) return false;
    bytes_ += kOfAnObject + kOfItsField * type.field_count();
    while (bytes_ <= most_) {
      const uint32_t tag = input_.ReadTag();
      if (tag == 0) return input_.ConsumedEntireMessage();
      const FieldDescriptor* const field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      if (!AddField(tag, field, depth)) return false;
    }
    return true;
  }

 private:
  /// `field`: null where the type has none of that number.
  bool AddField(uint32_t tag, const FieldDescriptor* field, int depth) {
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
        uint32_t length = 0;
        return input_.ReadVarint32(&length) && AddDelimited(field, length, depth);
      }
      case WireFormatLite::WIRETYPE_START_GROUP: {
        const int begin = input_.CurrentPosition();
        if (!WireFormatLite::SkipField(&input_, tag)) return false;
        bytes_ += kOfAnUnknownGroupsByte * (input_.CurrentPosition() - begin + 1);
        return true;
      }
      default:
        bytes_ += field == nullptr ? kOfAnUnknownNumber : field->is_repeated() ? kLargestNumber : 0;
        return WireFormatLite::SkipField(&input_, tag);
    }
  }

  bool AddDelimited(const FieldDescriptor* field, uint32_t length, int depth) {
    if (field == nullptr) return AddBytes(kOfAnUnknownText, length);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: return AddBytes(kOfAText, length);
      case FieldDescriptor::CPPTYPE_MESSAGE: return AddMessage(*field, length, depth);
      default: return field->is_packable() ? AddNumbers(*field, length) : AddBytes(kOfAnUnknownText, length);
    }
  }

  bool AddBytes(int64_t beside, uint32_t length) {
    bytes_ += beside + length;
    return input_.Skip(static_cast<int>(length));
  }

  bool AddMessage(const FieldDescriptor& field, uint32_t length, int depth) {
    if (field.is_map()) bytes_ += kOfAMap;
    const CodedInputStream::Limit outer = input_.PushLimit(static_cast<int>(length));
    if (!AddFields(*field.message_type(), depth + 1)) return false;
    const bool is_whole = bytes_ > most_ || input_.BytesUntilLimit() == 0;
    input_.PopLimit(outer);
    return is_whole;
  }

  /// Packed ones.
  bool AddNumbers(const FieldDescriptor& field, uint32_t length) {
    if (IsPackedAsItIs(field)) return AddBytes(0, length);
    int64_t left = length;
    while (left > 0 && bytes_ <= most_) {
      const void* data = nullptr;
      int size = 0;
      if (!input_.GetDirectBufferPointer(&data, &size)) return false;
      const int64_t now = std::min<int64_t>(size, left);
      const auto* const begin = static_cast<const signed char*>(data);
      bytes_ += BytesOfNumber(field) * std::count_if(begin, begin + now, [](signed char byte) { return byte >= 0; });  // a number's last byte
      if (!input_.Skip(static_cast<int>(now))) return false;
      left -= now;
    }
    return true;
  }

  CodedInputStream& input_;
  const int64_t most_;
  int64_t bytes_ = 0;
};

}  // namespace

std::optional<int64_t> MemoryOfMessage(grpc::ByteBuffer& encoded, const Descriptor& type, int64_t most) {
  grpc::ProtoBufferReader reader(&encoded);
  if (!reader.status().ok()) return std::nullopt;
  CodedInputStream input(&reader);
  Counter counter(input, most);
  if (!counter.AddFields(type, 0)) return std::nullopt;
  return counter.bytes();
}

}  // namespace tuckerseg
