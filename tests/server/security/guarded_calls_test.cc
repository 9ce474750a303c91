/// Every call of a real server, made by clients that may and by clients that may not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "server/security/role.h"
#include "server/serve/status_of.h"
#include "tests/server/security/contract_methods.h"
#include "tests/server/security/raw_call.h"
#include "tests/server/security/served_securely.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

constexpr Role kAllRoles[] = {Role::kSegment, Role::kManage, Role::kObserve};
constexpr const char* kHealth = "/grpc.health.v1.Health/Check";

std::string Quoted(Role role) { return std::string("\"") + NameOf(role) + "\""; }

/// One token for each role; its text is `token of ROLE`, with dots.
std::string TokenOf(Role role) { return std::string("token.of.") + NameOf(role); }
std::vector<TestToken> OneTokenForEachRole() {
  std::vector<TestToken> tokens;
  for (const Role role : kAllRoles) tokens.push_back({NameOf(role), TokenOf(role), Quoted(role)});
  return tokens;
}

/// Whether the server let the call in, whatever came of it then.
bool WasLetIn(const grpc::Status& status) {
  return status.error_code() != grpc::UNAUTHENTICATED && status.error_code() != grpc::PERMISSION_DENIED;
}

class GuardedCalls : public testing::Test {
 protected:
  void ExpectRefusal(const std::string& method, const std::string& authorization, grpc::StatusCode code, const std::string& message) {
    SCOPED_TRACE(method + " with " + authorization);
    const grpc::Status status = RawCall(served_.channel(), method, authorization);
    EXPECT_EQ(NameOf(status.error_code()), NameOf(code)) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(message));
  }

  const SecurityFiles files_;
  ServedModel served_{files_.Options(/*tls=*/false, /*client_certificates=*/false, OneTokenForEachRole())};
};

TEST_F(GuardedCalls, AreRefusedWithoutAToken) {
  for (const std::string& method : GuardedMethods()) {
    ExpectRefusal(method, "", grpc::UNAUTHENTICATED, "authorization: missing; must be `Bearer TOKEN`");
    ExpectRefusal(method, "Bearer something.else", grpc::UNAUTHENTICATED, "authorization: unknown token");
    ExpectRefusal(method, TokenOf(*RoleOf(method)), grpc::UNAUTHENTICATED, "authorization: unknown token");  // no scheme
  }
}

TEST_F(GuardedCalls, AreRefusedToClientsWithoutTheirRoleAndLetInWithIt) {
  for (const std::string& method : GuardedMethods()) {
    const Role needed = *RoleOf(method);
    for (const Role role : kAllRoles) {
      if (role == needed) {
        EXPECT_TRUE(WasLetIn(RawCall(served_.channel(), method, "Bearer " + TokenOf(role)))) << method;
      } else {
        ExpectRefusal(method, "Bearer " + TokenOf(role), grpc::PERMISSION_DENIED,
                      std::string("needs ") + NameOf(needed) + "; this client has " + NameOf(role));
      }
    }
  }
}

TEST_F(GuardedCalls, AreJudgedEachByItselfOnOneConnection) {
  const std::string method = "/tuckerseg.v1.ServerService/GetServerInfo";
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(RawCall(served_.channel(), method, "Bearer " + TokenOf(Role::kObserve)).ok());
    ExpectRefusal(method, "", grpc::UNAUTHENTICATED, "");
    ExpectRefusal(method, "Bearer " + TokenOf(Role::kManage), grpc::PERMISSION_DENIED, "");
  }
}

TEST_F(GuardedCalls, LetHealthIn) {
  EXPECT_TRUE(RawCall(served_.channel(), kHealth).ok());
  EXPECT_TRUE(RawCall(served_.channel(), kHealth, "Bearer something.else").ok());
  for (const char* method : {"ServerLive", "ServerReady"}) EXPECT_TRUE(RawCall(served_.channel(), std::string("/inference.GRPCInferenceService/") + method).ok()) << method;
}

TEST_F(GuardedCalls, ThatAreUnknownTellStrangersNothing) {
  ExpectRefusal("/tuckerseg.v1.ModelService/Drop", "", grpc::UNAUTHENTICATED, "");
  ExpectRefusal("/tuckerseg.v1.ModelService/Drop", "Bearer " + TokenOf(Role::kManage), grpc::UNIMPLEMENTED, "");
}

TEST_F(GuardedCalls, RefuseAVolumeBeforeItIsRead) {
  SegmentConversation conversation(served_.channel());
  conversation.SendHeader({});
  conversation.SendFile(SmallCt().Bytes());
  const Answer answer = conversation.Finish();
  EXPECT_EQ(answer.status.error_code(), grpc::UNAUTHENTICATED);
  EXPECT_EQ(answer.order, "");
  EXPECT_EQ(served_.parts().streams, 0) << "no handler has run";
}

TEST_F(GuardedCalls, ThatAreRefusedAreCounted) {
  ExpectRefusal("/tuckerseg.v1.ServerService/GetServerInfo", "", grpc::UNAUTHENTICATED, "");
  ExpectRefusal("/tuckerseg.v1.ServerService/GetServerInfo", "Bearer " + TokenOf(Role::kManage), grpc::PERMISSION_DENIED, "");
  EXPECT_THAT(served_.metrics().Text(), HasSubstr(R"(tuckerseg_rejected_total{reason="UNAUTHENTICATED"} 1)"));
  EXPECT_THAT(served_.metrics().Text(), HasSubstr(R"(tuckerseg_rejected_total{reason="PERMISSION_DENIED"} 1)"));
}

TEST(OpenCalls, NeedNothingWhereNothingIsAskedFor) {
  const ServedModel served;
  for (const std::string& method : ContractMethods()) EXPECT_TRUE(WasLetIn(RawCall(served.channel(), method))) << method;
}

TEST(CallsByCertificate, GoByTheRolesOfItsCommonName) {
  const SecurityFiles files;
  ServedOptions options = files.Options(/*tls=*/true, /*client_certificates=*/true);
  for (const Role role : kAllRoles) options.config.auth.certificates.push_back({NameOf(role), {role}});
  const ServedModel served(std::move(options));
  for (const Role role : kAllRoles) {
    const IssuedCertificate own = files.authority().Issue({.common_name = NameOf(role), .names = ""});
    const auto channel = served.NewChannel(TlsCredentials(files.authority(), own));
    for (const std::string& method : GuardedMethods()) {
      const grpc::Status status = RawCall(channel, method);
      EXPECT_EQ(status.error_code() != grpc::PERMISSION_DENIED, role == *RoleOf(method)) << method << " as " << NameOf(role) << ": " << status.error_message();
      EXPECT_NE(status.error_code(), grpc::UNAUTHENTICATED);
    }
  }
  const IssuedCertificate stranger = files.authority().Issue({.common_name = "stranger", .names = ""});
  const auto channel = served.NewChannel(TlsCredentials(files.authority(), stranger));
  for (const std::string& method : GuardedMethods()) EXPECT_EQ(RawCall(channel, method).error_code(), grpc::PERMISSION_DENIED) << method;
}

TEST(CallsByTokenOverTls, GoByTheTokensRoles) {
  const SecurityFiles files;
  const ServedModel served(files.Options(/*tls=*/true, /*client_certificates=*/false, OneTokenForEachRole()));
  const auto channel = served.NewChannel(TlsCredentials(files.authority()));
  const std::string method = "/tuckerseg.v1.ServerService/GetServerInfo";
  EXPECT_TRUE(RawCall(channel, method, "Bearer " + TokenOf(Role::kObserve)).ok());
  EXPECT_EQ(RawCall(channel, method).error_code(), grpc::UNAUTHENTICATED);
  EXPECT_EQ(RawCall(channel, method, "Bearer " + TokenOf(Role::kSegment)).error_code(), grpc::PERMISSION_DENIED);
}

}  // namespace
}  // namespace tuckerseg
