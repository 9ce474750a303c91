/// Every call of every service of the contract, from the descriptors of its generated code.
#pragma once

#include <google/protobuf/descriptor.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "inference/grpc_service.pb.h"
#include "server/security/role.h"
#include "tuckerseg/v1/model.pb.h"
#include "tuckerseg/v1/segmentation.pb.h"
#include "tuckerseg/v1/server_info.pb.h"

namespace tuckerseg {

/// `/package.Service/Method`, of all files in proto/tuckerseg/v1 and proto/inference: one that is added is walked too, or this throws because it is not linked.
inline std::vector<std::string> ContractMethods() {
  // Links the files' code, and with it their descriptors.
  v1::SegmentHeader::descriptor();
  v1::ListModelsRequest::descriptor();
  v1::GetServerInfoRequest::descriptor();
  inference::ModelInferRequest::descriptor();
  std::vector<std::string> methods;
  for (const char* folder : {"tuckerseg/v1", "inference"}) {
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(TUCKERSEG_SOURCE_DIR) / "proto" / folder)) {
      if (entry.path().extension() != ".proto") continue;
      const std::string name = std::string(folder) + "/" + entry.path().filename().string();
      const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
      if (file == nullptr) throw std::runtime_error(name + " is not linked into this test");
      for (int s = 0; s < file->service_count(); ++s) {
        const auto* service = file->service(s);
        for (int m = 0; m < service->method_count(); ++m) methods.push_back("/" + service->full_name() + "/" + service->method(m)->name());
      }
    }
  }
  return methods;
}

/// Those of them that need a role.
inline std::vector<std::string> GuardedMethods() {
  std::vector<std::string> methods = ContractMethods();
  std::erase_if(methods, [](const std::string& method) { return NeedsNoRole(method); });
  return methods;
}

}  // namespace tuckerseg
