/// SegmentationService of the contract.
#pragma once

#include "server/serve/service_parts.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {

/// Synchronous: a call keeps a thread while it lasts. Its work takes seconds to minutes and holds a volume, so memory, not
/// threads, bounds how many there can be; `max_streams` does.
class SegmentationServiceImpl final : public v1::SegmentationService::Service {
 public:
  /// `parts` must outlive the service.
  explicit SegmentationServiceImpl(ServiceParts& parts) : parts_(parts) {}

  grpc::Status Segment(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::SegmentResponse, v1::SegmentRequest>* stream) override;
  grpc::Status Compare(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::CompareResponse, v1::CompareRequest>* stream) override;

 private:
  ServiceParts& parts_;
};

}  // namespace tuckerseg
