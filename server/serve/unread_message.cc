#include "server/serve/unread_message.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <optional>
#include <string>

#include "server/serve/message_memory.h"

namespace tuckerseg {

Error UnreadableMessage() { return {ErrorCode::kInvalidArgument, "message: cannot be read; must be one of the call's own type"}; }

void UnreadMessage::ReadInto(google::protobuf::Message& message, int64_t most) const {
  if (!encoded_.Valid()) throw UnreadableMessage();  // there was none
  const std::optional<int64_t> bytes = MemoryOfMessage(encoded_, *message.GetDescriptor(), most);
  if (!bytes) throw UnreadableMessage();
  if (*bytes > most) {
    throw Error(ErrorCode::kResourceExhausted, "message: takes more than " + std::to_string(most) + " bytes of memory once it is read; must take less").AtLimit(LimitOfBytes(static_cast<uint64_t>(*bytes), most));
  }
  bool is_read = false;
  {
    grpc::ProtoBufferReader reader(&encoded_);
    is_read = message.ParseFromZeroCopyStream(&reader);
  }
  encoded_.Clear();
  if (!is_read) throw UnreadableMessage();
}

}  // namespace tuckerseg
