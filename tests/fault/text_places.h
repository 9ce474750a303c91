/// Where a message can hold a text of its sender's, from the descriptors of its type: a field that is added to the contract is found without being named.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace tuckerseg {

/// The fields that lead to a text, or to bytes, from the message's own to that of the text.
using TextPlace = std::vector<const google::protobuf::FieldDescriptor*>;

inline void FindTextPlaces(const google::protobuf::Descriptor& type, const TextPlace& way, std::vector<TextPlace>& found) {
  using Field = google::protobuf::FieldDescriptor;
  for (int i = 0; i < type.field_count(); ++i) {
    const Field* field = type.field(i);
    TextPlace further = way;
    further.push_back(field);
    if (field->cpp_type() == Field::CPPTYPE_STRING) found.push_back(further);
    if (field->cpp_type() != Field::CPPTYPE_MESSAGE) continue;
    // What holds messages of its own type has no other places within them.
    const bool has_been_there = std::any_of(further.begin(), further.end(), [&](const Field* before) { return before->containing_type() == field->message_type(); });
    if (!has_been_there) FindTextPlaces(*field->message_type(), further, found);
  }
}

/// All of a type, at any depth.
inline std::vector<TextPlace> TextPlacesOf(const google::protobuf::Descriptor& type) {
  std::vector<TextPlace> found;
  FindTextPlaces(type, {}, found);
  return found;
}

/// "package.Message.field.field".
inline std::string NameOf(const TextPlace& place) {
  std::string name = place.front()->containing_type()->full_name();
  for (const auto* field : place) name += "." + field->name();
  return name;
}

/// The encoded message with a text at the place; in the first element of what is repeated on the way to it, and in a further one of what is repeated there.
inline std::string WithText(const std::string& encoded, const TextPlace& place, const std::string& text) {
  using google::protobuf::Message;
  const std::unique_ptr<Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(place.front()->containing_type())->New());
  message->ParsePartialFromString(encoded);
  Message* at = message.get();
  for (const auto* field : place) {
    const google::protobuf::Reflection& to = *at->GetReflection();
    if (field == place.back()) {
      field->is_repeated() ? to.AddString(at, field, text) : to.SetString(at, field, text);
    } else if (!field->is_repeated()) {
      at = to.MutableMessage(at, field);
    } else {
      at = to.FieldSize(*at, field) > 0 ? to.MutableRepeatedMessage(at, field, 0) : to.AddMessage(at, field);
    }
  }
  return message->SerializePartialAsString();
}

}  // namespace tuckerseg
