/// A client's side of ModelInfer, and a volume for it.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "inference/grpc_service.grpc.pb.h"
#include "tests/server/serve/inference_message.h"

namespace tuckerseg {

struct Inference {
  grpc::Status status;
  inference::ModelInferResponse response;
};

inline Inference Infer(const std::shared_ptr<grpc::Channel>& channel, const InferRequest& request,
                       const std::multimap<std::string, std::string>& metadata = {}) {
  grpc::ClientContext context;
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  Inference answer;
  answer.status = inference::GRPCInferenceService::NewStub(channel)->ModelInfer(&context, request, &answer.response);
  return answer;
}

/// Thirteen by nine by eleven voxels (x, y, z) of `Voxel`, at random.
template <typename Voxel>
std::vector<Voxel> RandomVoxels() {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> values(-1000, 1000);
  std::vector<Voxel> voxels(13 * 9 * 11);
  for (Voxel& voxel : voxels) voxel = static_cast<Voxel>(values(random));
  return voxels;
}

inline const std::vector<int64_t> kDhw{11, 9, 13};

}  // namespace tuckerseg
