#include "server/serve/unread_message.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <optional>
#include <string>

#include "engine/error.h"
#include "server/serve/message_memory.h"

namespace tuckerseg {
namespace {

[[noreturn]] void RefuseAsUnreadable() { throw Error(ErrorCode::kInvalidArgument, "message: cannot be read; must be one of the call's own type"); }

}  // namespace

void UnreadMessage::ReadInto(google::protobuf::Message& message, int64_t most) const {
  if (!encoded_.Valid()) RefuseAsUnreadable();  // there was none
  const std::optional<int64_t> bytes = MemoryOfMessage(encoded_, *message.GetDescriptor(), most);
  if (!bytes) RefuseAsUnreadable();
  if (*bytes > most) {
    throw Error(ErrorCode::kResourceExhausted, "message: takes more than " + std::to_string(most) + " bytes of memory once it is read; must take less").AtLimit(LimitOfBytes(static_cast<uint64_t>(*bytes), most));
  }
  bool is_read = false;
  {
    grpc::ProtoBufferReader reader(&encoded_);
    is_read = message.ParseFromZeroCopyStream(&reader);
  }
  encoded_.Clear();
  if (!is_read) RefuseAsUnreadable();
}

}  // namespace tuckerseg
