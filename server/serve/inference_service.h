/// The Open Inference Protocol, version 2: a second door, for clients of KServe and Triton.
#pragma once

#include "inference/grpc_service.pb.h"
#include "server/config.h"
#include "server/serve/bounded_service.h"
#include "server/serve/service_parts.h"

namespace tuckerseg {

/// The largest message that the server must take for ModelInfer: half of the memory for requests, as the volume is held once more beside its
/// message, three quarters of what gRPC may hold (receive_limits.h), and no more than a file may have; never less than gRPC's own limit of 4 MiB nor more than protobuf's of 2 GiB.
int LargestInferMessage(const ServerConfig& config);

/// Synchronous, as SegmentationService is: what it does is the same, but for the volume in one message and no progress.
class InferenceServiceImpl final : public BoundedService {
 public:
  /// `parts` must outlive the service.
  explicit InferenceServiceImpl(ServiceParts& parts);

 private:
  grpc::Status ServerLive(grpc::ServerContext*, const inference::ServerLiveRequest*, inference::ServerLiveResponse* response);
  grpc::Status ServerReady(grpc::ServerContext*, const inference::ServerReadyRequest*, inference::ServerReadyResponse* response);
  grpc::Status ModelReady(grpc::ServerContext*, const inference::ModelReadyRequest* request, inference::ModelReadyResponse* response);
  grpc::Status ServerMetadata(grpc::ServerContext*, const inference::ServerMetadataRequest*,
                              inference::ServerMetadataResponse* response);
  grpc::Status ModelMetadata(grpc::ServerContext*, const inference::ModelMetadataRequest* request,
                             inference::ModelMetadataResponse* response);
  grpc::Status ModelInfer(grpc::ServerContext* context, const inference::ModelInferRequest* request,
                          inference::ModelInferResponse* response);

  /// Of a ModelInfer whose message could not be read: no call of ours begins.
  void CountUnread(const grpc::Status& status);
  /// Errors: kNotFound, kFailedPrecondition where the model that is meant or its version takes no inferences.
  static const CatalogueModel& FindReady(const CatalogueView& view, const std::string& name, const std::string& version);

  ServiceParts& parts_;
};

}  // namespace tuckerseg
