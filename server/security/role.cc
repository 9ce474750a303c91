#include "server/security/role.h"

#include <algorithm>
#include <iterator>

namespace tuckerseg {
namespace {

struct MethodRole {
  std::string_view method;
  Role role;
};

/// Whole names, not beginnings: a call that is added later has no role until someone gives it one here.
constexpr MethodRole kRoles[] = {
    {"/tuckerseg.v1.SegmentationService/Segment", Role::kSegment},
    {"/tuckerseg.v1.SegmentationService/Compare", Role::kSegment},
    {"/tuckerseg.v1.ModelService/ListModels", Role::kObserve},
    {"/tuckerseg.v1.ModelService/GetModel", Role::kObserve},
    {"/tuckerseg.v1.ModelService/ListVariants", Role::kObserve},
    {"/tuckerseg.v1.ModelService/WatchVariants", Role::kObserve},
    {"/tuckerseg.v1.ModelService/LoadVariant", Role::kManage},
    {"/tuckerseg.v1.ModelService/UnloadVariant", Role::kManage},
    {"/tuckerseg.v1.ServerService/GetServerInfo", Role::kObserve},
    {"/inference.GRPCInferenceService/ModelInfer", Role::kSegment},
    {"/inference.GRPCInferenceService/ModelReady", Role::kObserve},
    {"/inference.GRPCInferenceService/ModelMetadata", Role::kObserve},
    {"/inference.GRPCInferenceService/ServerMetadata", Role::kObserve},
};

/// The Open Inference Protocol's own health.
constexpr std::string_view kOpenMethods[] = {
    "/inference.GRPCInferenceService/ServerLive",
    "/inference.GRPCInferenceService/ServerReady",
};

constexpr std::string_view kOpenServices[] = {
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
};

}  // namespace

const char* NameOf(Role role) {
  switch (role) {
    case Role::kSegment: return "segment";
    case Role::kManage: return "manage";
    case Role::kObserve: return "observe";
  }
  return "segment";
}

std::string NamesOf(const std::set<Role>& roles) {
  std::string names;
  for (const Role role : roles) names += (names.empty() ? "" : ", ") + std::string(NameOf(role));
  return names.empty() ? "none" : names;
}

std::optional<Role> RoleOf(std::string_view full_method) {
  const auto found = std::find_if(std::begin(kRoles), std::end(kRoles), [&](const MethodRole& entry) { return entry.method == full_method; });
  return found == std::end(kRoles) ? std::nullopt : std::optional(found->role);
}

bool NeedsNoRole(std::string_view full_method) {
  if (std::find(std::begin(kOpenMethods), std::end(kOpenMethods), full_method) != std::end(kOpenMethods)) return true;
  return std::any_of(std::begin(kOpenServices), std::end(kOpenServices),
                     [&](std::string_view service) { return full_method.starts_with(service); });
}

}  // namespace tuckerseg
