/// ModelService and ServerService of the contract.
#pragma once

#include "server/serve/service_parts.h"
#include "tuckerseg/v1/model.grpc.pb.h"
#include "tuckerseg/v1/server_info.grpc.pb.h"

namespace tuckerseg {

/// Models are loaded at start and stay: LoadVariant, UnloadVariant and WatchVariants answer UNIMPLEMENTED.
class ModelServiceImpl final : public v1::ModelService::Service {
 public:
  /// `parts` must outlive the service.
  explicit ModelServiceImpl(ServiceParts& parts) : parts_(parts) {}

  grpc::Status ListModels(grpc::ServerContext*, const v1::ListModelsRequest*, v1::ListModelsResponse* response) override;
  grpc::Status GetModel(grpc::ServerContext*, const v1::GetModelRequest* request, v1::GetModelResponse* response) override;
  grpc::Status ListVariants(grpc::ServerContext*, const v1::ListVariantsRequest* request,
                            v1::ListVariantsResponse* response) override;

 private:
  ServiceParts& parts_;
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
