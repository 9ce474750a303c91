/// ModelService and ServerService of the contract.
#pragma once

#include <atomic>

#include "server/serve/service_parts.h"
#include "tuckerseg/v1/model.grpc.pb.h"
#include "tuckerseg/v1/server_info.grpc.pb.h"

namespace tuckerseg {

/// Synchronous: each call has a thread of its own, those that watch for as long as they do.
class ModelServiceImpl final : public v1::ModelService::Service {
 public:
  /// `parts` must outlive the service.
  explicit ModelServiceImpl(ServiceParts& parts) : parts_(parts) {}

  grpc::Status ListModels(grpc::ServerContext*, const v1::ListModelsRequest*, v1::ListModelsResponse* response) override;
  grpc::Status GetModel(grpc::ServerContext*, const v1::GetModelRequest* request, v1::GetModelResponse* response) override;
  grpc::Status ListVariants(grpc::ServerContext*, const v1::ListVariantsRequest* request,
                            v1::ListVariantsResponse* response) override;
  grpc::Status LoadVariant(grpc::ServerContext*, const v1::LoadVariantRequest* request, v1::LoadVariantResponse* response) override;
  grpc::Status UnloadVariant(grpc::ServerContext*, const v1::UnloadVariantRequest* request, v1::UnloadVariantResponse* response) override;
  grpc::Status WatchVariants(grpc::ServerContext* context, const v1::WatchVariantsRequest*, grpc::ServerWriter<v1::WatchVariantsResponse>* writer) override;

 private:
  ServiceParts& parts_;
  std::atomic<int> watchers_ = 0;
};

class ServerServiceImpl final : public v1::ServerService::Service {
 public:
  /// `parts` must outlive the service.
  explicit ServerServiceImpl(ServiceParts& parts) : parts_(parts) {}

  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*, v1::GetServerInfoResponse* response) override;

 private:
  ServiceParts& parts_;
};

}  // namespace tuckerseg
