/// ModelService and ServerService of the contract.
#pragma once

#include <atomic>

#include "server/serve/bounded_service.h"
#include "server/serve/service_parts.h"
#include "tuckerseg/v1/model.pb.h"
#include "tuckerseg/v1/server_info.pb.h"

namespace tuckerseg {

/// Synchronous: each call has a thread of its own, those that watch for as long as they do.
class ModelServiceImpl final : public BoundedService {
 public:
  /// `parts` must outlive the service.
  explicit ModelServiceImpl(ServiceParts& parts);

 private:
  grpc::Status ListModels(grpc::ServerContext*, const v1::ListModelsRequest*, v1::ListModelsResponse* response);
  grpc::Status GetModel(grpc::ServerContext*, const v1::GetModelRequest* request, v1::GetModelResponse* response);
  grpc::Status ListVariants(grpc::ServerContext*, const v1::ListVariantsRequest* request,
                            v1::ListVariantsResponse* response);
  grpc::Status LoadVariant(grpc::ServerContext*, const v1::LoadVariantRequest* request, v1::LoadVariantResponse* response);
  grpc::Status UnloadVariant(grpc::ServerContext*, const v1::UnloadVariantRequest* request, v1::UnloadVariantResponse* response);
  grpc::Status WatchVariants(grpc::ServerContext* context, const v1::WatchVariantsRequest*, grpc::ServerWriter<v1::WatchVariantsResponse>* writer);

  ServiceParts& parts_;
  std::atomic<int> watchers_ = 0;
};

class ServerServiceImpl final : public BoundedService {
 public:
  /// `parts` must outlive the service.
  explicit ServerServiceImpl(ServiceParts& parts);

 private:
  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*, v1::GetServerInfoResponse* response);

  ServiceParts& parts_;
};

}  // namespace tuckerseg
