#include "server/serve/segmentation_service.h"

#include <optional>

#include "server/serve/compare_call.h"
#include "server/serve/segment_call.h"
#include "server/serve/status_of.h"
#include "server/serve/stream_slot.h"

namespace tuckerseg {
namespace {

template <typename Call>
grpc::Status Serve(ServiceParts& parts, grpc::ServerContext& context, typename Call::Stream::GrpcStream& stream) {
  std::optional<IdleHeap::Use> use;  // first: the volume and the label maps have gone when it ends
  std::optional<Call> call;
  std::optional<StreamSlot> slot;  // until the call has been reported: who waits for the last stream finds its metrics and log
  const auto stage = [&call] { return call ? call->stage_name() : nullptr; };
  grpc::Status status = StatusOf([&] {
    call.emplace(parts, context, stream);
    slot.emplace(parts, call->client());
    use.emplace(parts.heap);  // a call that is refused is none
    call->Run();
  }, stage);
  if (call) StatusOf([&] { call->Report(status); });  // the call is answered, whatever becomes of its line in the log
  return status;
}

}  // namespace

SegmentationServiceImpl::SegmentationServiceImpl(ServiceParts& parts) : parts_(parts) {
  AddStream("/tuckerseg.v1.SegmentationService/Segment", &SegmentationServiceImpl::Segment);
  AddStream("/tuckerseg.v1.SegmentationService/Compare", &SegmentationServiceImpl::Compare);
}

grpc::Status SegmentationServiceImpl::Segment(grpc::ServerContext* context, grpc::ServerReaderWriter<v1::SegmentResponse, UnreadMessage>* stream) {
  return Serve<SegmentCall>(parts_, *context, *stream);
}

grpc::Status SegmentationServiceImpl::Compare(grpc::ServerContext* context, grpc::ServerReaderWriter<v1::CompareResponse, UnreadMessage>* stream) {
  return Serve<CompareCall>(parts_, *context, *stream);
}

}  // namespace tuckerseg
