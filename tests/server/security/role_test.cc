#include "server/security/role.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "tests/server/security/contract_methods.h"

namespace tuckerseg {
namespace {

TEST(RoleOf, KnowsEveryCallOfTheContract) {
  const std::vector<std::string> methods = ContractMethods();
  ASSERT_GE(methods.size(), 15U);
  for (const std::string& method : methods) EXPECT_NE(RoleOf(method).has_value(), NeedsNoRole(method)) << method << ": give it a role in server/security/role.cc";
}

TEST(RoleOf, AsksForTheRoleOfWhatACallDoes) {
  EXPECT_EQ(RoleOf("/tuckerseg.v1.SegmentationService/Segment"), Role::kSegment);
  EXPECT_EQ(RoleOf("/tuckerseg.v1.SegmentationService/Compare"), Role::kSegment);
  EXPECT_EQ(RoleOf("/tuckerseg.v1.ModelService/LoadVariant"), Role::kManage);
  EXPECT_EQ(RoleOf("/tuckerseg.v1.ModelService/UnloadVariant"), Role::kManage);
  for (const char* call : {"ListModels", "GetModel", "ListVariants", "WatchVariants"})
    EXPECT_EQ(RoleOf(std::string("/tuckerseg.v1.ModelService/") + call), Role::kObserve) << call;
  EXPECT_EQ(RoleOf("/tuckerseg.v1.ServerService/GetServerInfo"), Role::kObserve);
  EXPECT_EQ(RoleOf("/inference.GRPCInferenceService/ModelInfer"), Role::kSegment);
  for (const char* call : {"ModelReady", "ModelMetadata", "ServerMetadata"})
    EXPECT_EQ(RoleOf(std::string("/inference.GRPCInferenceService/") + call), Role::kObserve) << call;
}

TEST(RoleOf, HasNoneForCallsItDoesNotKnow) {
  for (const char* method : {"", "/", "/tuckerseg.v1.ModelService/", "/tuckerseg.v1.ModelService/ListModels/", "tuckerseg.v1.ModelService/ListModels",
                             "/tuckerseg.v1.modelservice/ListModels", "/grpc.health.v1.Health/Check"})
    EXPECT_EQ(RoleOf(method), std::nullopt) << method;
}

TEST(NeedsNoRole, HoldsForHealthAndReflectionAlone) {
  for (const char* method : {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                             "/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady"})
    EXPECT_TRUE(NeedsNoRole(method)) << method;
  for (const char* method : {"", "/grpc.health.v1.HealthX/Check", "grpc.health.v1.Health/Check", "/tuckerseg.v1.ModelService/ListModels",
                             "/inference.GRPCInferenceService/ServerLive/", "/inference.GRPCInferenceService/ServerReadyX"})
    EXPECT_FALSE(NeedsNoRole(method)) << method;
}

TEST(NamesOfRoles, AreThoseOfTheConfiguration) {
  EXPECT_EQ(NamesOf({Role::kObserve, Role::kSegment}), "segment, observe");
  EXPECT_EQ(NamesOf({}), "none");
}

}  // namespace
}  // namespace tuckerseg
