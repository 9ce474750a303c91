#include "server/serve/segmentation_service.h"

#include <optional>

#include "server/serve/segment_call.h"
#include "server/serve/status_of.h"
#include "server/serve/stream_slot.h"

namespace tuckerseg {

grpc::Status SegmentationServiceImpl::Segment(grpc::ServerContext* context, SegmentStream* stream) {
  std::optional<IdleHeap::Use> use;  // first: the volume and the label map have gone when it ends
  std::optional<SegmentCall> call;
  std::optional<StreamSlot> slot;  // until the call has been reported: who waits for the last stream finds its metrics and log
  grpc::Status status = StatusOf([&] {
    call.emplace(parts_, *context, *stream);
    slot.emplace(parts_);
    use.emplace(parts_.heap);  // a call that is refused is none
    call->Run();
  });
  if (call) StatusOf([&] { call->Report(status); });  // the call is answered, whatever becomes of its line in the log
  return status;
}

}  // namespace tuckerseg
