#include "server/serve/segmentation_service.h"

#include <optional>

#include "engine/error.h"
#include "server/serve/segment_call.h"
#include "server/serve/status_of.h"

namespace tuckerseg {
namespace {

/// A call's place among those that may run at once; given back at the end of its scope.
class StreamSlot {
 public:
  explicit StreamSlot(ServiceParts& parts) : parts_(parts) {
    const int64_t others = parts_.streams.fetch_add(1);
    try {
      if (parts_.draining) throw Error(ErrorCode::kUnavailable, "the server is stopping: try another one");
      if (others >= parts_.config.max_streams) {
        throw Error(ErrorCode::kResourceExhausted, "streams: " + std::to_string(others) + " are open: must be fewer than " +
                                                       std::to_string(parts_.config.max_streams) + "; try again later")
            .RetryAfter(5);
      }
    } catch (...) {
      parts_.streams.fetch_sub(1);
      throw;
    }
  }
  ~StreamSlot() { parts_.streams.fetch_sub(1); }
  StreamSlot(const StreamSlot&) = delete;
  StreamSlot& operator=(const StreamSlot&) = delete;

 private:
  ServiceParts& parts_;
};

}  // namespace

grpc::Status SegmentationServiceImpl::Segment(grpc::ServerContext* context, SegmentStream* stream) {
  std::optional<IdleHeap::Use> use;  // first: the volume and the label map have gone when it ends
  SegmentCall call(parts_, *context, *stream);
  std::optional<StreamSlot> slot;  // until the call has been reported: who waits for the last stream finds its metrics and log
  grpc::Status status = StatusOf([&] {
    slot.emplace(parts_);
    use.emplace(parts_.heap);  // a call that is refused is none
    call.Run();
  });
  call.Report(status);
  return status;
}

}  // namespace tuckerseg
