/// Messages that no honest client sends, made by the descriptors of their types: the same for a seed every time, but for the order of maps.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace tuckerseg {

class HostileMessages {
 public:
  explicit HostileMessages(unsigned seed) : random_(seed) {}

  /// A number below `count`, which is at least 1.
  size_t Below(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  bool OnceIn(size_t times) { return Below(times) == 0; }

  /// Of any length up to `most`.
  std::string Bytes(size_t most) {
    std::string bytes(Below(most + 1), '\0');
    for (char& byte : bytes) byte = static_cast<char>(Below(256));
    return bytes;
  }
  /// A message of this type, encoded: half of its fields are set, to what is at the edge of what they may be, or beyond.
  std::string Message(const google::protobuf::Descriptor& type) { return Changed("", type, 2); }
  /// The same message with few of its fields set anew, or set further, at any depth. What cannot be read is taken as far as it can.
  std::string Changed(const std::string& encoded, const google::protobuf::Descriptor& type) { return Changed(encoded, type, 8); }
  /// With some bits turned over, and its end cut off at times.
  std::string Damaged(std::string bytes) {
    if (bytes.empty()) return bytes;
    for (size_t left = 1 + Below(6); left > 0; --left) {
      char& byte = bytes[Below(bytes.size())];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << Below(8)));
    }
    if (OnceIn(4)) bytes.resize(Below(bytes.size()));
    return bytes;
  }

  /// A conversation of messages of this type with something left out, said twice or in another place, changed or damaged; or with a message that has nothing to do with it.
  void Spoil(std::vector<std::string>& messages, const google::protobuf::Descriptor& type) {
    if (messages.empty()) {
      messages.push_back(Message(type));
      return;
    }
    const size_t at = Below(messages.size());
    const auto place = messages.begin() + static_cast<std::ptrdiff_t>(at);
    switch (Below(7)) {
      case 0: messages.erase(place); break;
      case 1: messages.insert(place, std::string(*place)); break;
      case 2: std::swap(*place, messages[Below(messages.size())]); break;
      case 3: *place = Damaged(*place); break;
      case 4: *place = Changed(*place, type); break;
      case 5: *place = Message(type); break;
      default: *place = Bytes(300); break;
    }
  }

 private:
  using Field = google::protobuf::FieldDescriptor;

  static constexpr int kDeepest = 4;

  std::string Changed(const std::string& encoded, const google::protobuf::Descriptor& type, size_t one_in) {
    const std::unique_ptr<google::protobuf::Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
    if (!encoded.empty()) message->ParsePartialFromString(encoded);
    Change(*message, one_in, 0);
    return message->SerializePartialAsString();
  }

  void Change(google::protobuf::Message& message, size_t one_in, int depth) {
    if (depth > kDeepest) return;
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const Field& field = *message.GetDescriptor()->field(i);
      if (OnceIn(one_in)) {
        for (size_t left = field.is_repeated() ? Below(4) : 1; left > 0; --left) Put(message, field, depth);
      } else if (field.cpp_type() == Field::CPPTYPE_MESSAGE) {
        ChangeWithin(message, field, one_in, depth);
      }
    }
  }

  void ChangeWithin(google::protobuf::Message& message, const Field& field, size_t one_in, int depth) {
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    if (!field.is_repeated()) {
      if (reflection.HasField(message, &field)) Change(*reflection.MutableMessage(&message, &field), one_in, depth + 1);
      return;
    }
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) Change(*reflection.MutableRepeatedMessage(&message, &field, i), one_in, depth + 1);
  }

  /// Sets a field, or adds to it.
  void Put(google::protobuf::Message& message, const Field& field, int depth) {
    const google::protobuf::Reflection& to = *message.GetReflection();
    const bool add = field.is_repeated();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_INT32: {
        const auto value = WholeNumber<int32_t>();
        add ? to.AddInt32(&message, &field, value) : to.SetInt32(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_INT64: {
        const auto value = WholeNumber<int64_t>();
        add ? to.AddInt64(&message, &field, value) : to.SetInt64(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_UINT32: {
        const auto value = WholeNumber<uint32_t>();
        add ? to.AddUInt32(&message, &field, value) : to.SetUInt32(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_UINT64: {
        const auto value = WholeNumber<uint64_t>();
        add ? to.AddUInt64(&message, &field, value) : to.SetUInt64(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_DOUBLE: {
        const auto value = Real<double>();
        add ? to.AddDouble(&message, &field, value) : to.SetDouble(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_FLOAT: {
        const auto value = Real<float>();
        add ? to.AddFloat(&message, &field, value) : to.SetFloat(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_BOOL: {
        const bool value = OnceIn(2);
        add ? to.AddBool(&message, &field, value) : to.SetBool(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_ENUM: {
        const int value = OnceIn(2) ? static_cast<int>(Below(6)) : WholeNumber<int>();
        add ? to.AddEnumValue(&message, &field, value) : to.SetEnumValue(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_STRING: {
        const std::string value = field.type() == Field::TYPE_BYTES ? Bytes(300) : Text();
        add ? to.AddString(&message, &field, value) : to.SetString(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_MESSAGE: Change(add ? *to.AddMessage(&message, &field) : *to.MutableMessage(&message, &field), 2, depth + 1); break;
    }
  }

  template <typename Number>
  Number WholeNumber() {
    using Limits = std::numeric_limits<Number>;
    const std::array<Number, 9> edges{0, 1, 2, 3, 11, static_cast<Number>(-1), Limits::max(), Limits::min(), static_cast<Number>(Limits::max() / 2 + 1)};
    return edges[Below(edges.size())];
  }

  template <typename Number>
  Number Real() {
    using Limits = std::numeric_limits<Number>;
    const std::array<Number, 11> edges{Number{0},     Number{1},         Number{0.5},         Number{-1},         Limits::max(),      Limits::lowest(), Limits::denorm_min(),
                                       Number{1e-30F}, Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()};
    return edges[Below(edges.size())];
  }

  /// UTF-8, as protobuf asks of texts: names that mean something to the server, paths, and what upsets those who write logs, pages and messages.
  std::string Text() {
    static const std::vector<std::string> kTexts{
        "", "tiny", "original", "quick", "auto", "0.3", "cpu", "structure_1", "volume", "spacing", "direction", "origin", "labels", "INT16", "FP32", "FP64", "priority", "timeout", "min_quality",
        "*", "liveness", "tuckerseg.v1.ModelService", "tuckerseg/v1/model.proto", "../../../../etc/passwd", "..", "/", "variants/../../tiny", "C:\\", "NaN", "-1", "1e400", "%s%n%p",
        "\"} 1\nhostile{x=\"", "<script>", "line\r\nend", std::string("nul\0inside", 10), "\xC3\xA4\xF0\x9F\xA9\xBB\xE2\x80\xAE", std::string(5000, 'x'), std::string(129, '\x01')};
    return kTexts[Below(kTexts.size())];
  }

  std::mt19937 random_;
};

}  // namespace tuckerseg
