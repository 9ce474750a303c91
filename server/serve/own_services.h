/// The services of our contract that a server offers.
#pragma once

#include <string>
#include <vector>

#include "server/config.h"

namespace tuckerseg {

/// Their full names. Health and reflection, which are gRPC's own, are not among them.
inline std::vector<std::string> OwnServices(const ServerConfig& config) {
  std::vector<std::string> services{"tuckerseg.v1.SegmentationService", "tuckerseg.v1.ModelService", "tuckerseg.v1.ServerService"};
  if (config.open_inference) services.emplace_back("inference.GRPCInferenceService");
  return services;
}

/// Whether the service can do nothing without a model.
inline bool NeedsAModel(const std::string& service) { return service == "tuckerseg.v1.SegmentationService" || service == "inference.GRPCInferenceService"; }

}  // namespace tuckerseg
