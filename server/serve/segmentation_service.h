/// SegmentationService of the contract.
#pragma once

#include "server/serve/bounded_service.h"
#include "server/serve/service_parts.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// Synchronous: a call keeps a thread while it lasts. Its work takes seconds to minutes and holds a volume, so memory, not
/// threads, bounds how many there can be; `max_streams` does.
class SegmentationServiceImpl final : public BoundedService {
 public:
  /// `parts` must outlive the service.
  explicit SegmentationServiceImpl(ServiceParts& parts);

 private:
  grpc::Status Segment(grpc::ServerContext* context, grpc::ServerReaderWriter<v1::SegmentResponse, UnreadMessage>* stream);
  grpc::Status Compare(grpc::ServerContext* context, grpc::ServerReaderWriter<v1::CompareResponse, UnreadMessage>* stream);

  ServiceParts& parts_;
};

}  // namespace tuckerseg
