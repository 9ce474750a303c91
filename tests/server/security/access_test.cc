#include "server/security/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/security/tokens.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

constexpr const char* kSegment = "/tuckerseg.v1.SegmentationService/Segment";
constexpr const char* kListModels = "/tuckerseg.v1.ModelService/ListModels";
constexpr const char* kLoadVariant = "/tuckerseg.v1.ModelService/LoadVariant";

TokenTable Tokens() {
  return TokenTable::Parse(TokensJson({{"pacs", "abc", "\"segment\""}, {"monitor", "def", "\"observe\""}}));
}
std::vector<CertificateRoles> Certificates() { return {{"ct-archive", {Role::kSegment, Role::kObserve}}, {"operations", {Role::kManage}}}; }

struct Case {
  const char* what;
  ShownCredentials shown;
  grpc::StatusCode code;
  std::string message;
};

void ExpectVerdicts(const Access& access, const std::vector<Case>& cases) {
  for (const Case& row : cases) {
    SCOPED_TRACE(row.what);
    const grpc::Status status = access.Judge(row.shown);
    EXPECT_EQ(status.error_code(), row.code) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(row.message));
    EXPECT_THAT(status.error_message(), testing::Not(HasSubstr("abc"))) << "a token";
  }
}

TEST(AccessByToken, GoesByTheRolesOfTheTokensClient) {
  ExpectVerdicts(Access({}, Tokens()), {
    {"right token and role", {kSegment, {"Bearer abc"}, ""}, grpc::OK, ""},
    {"the scheme's case does not matter", {kSegment, {"bearer abc"}, ""}, grpc::OK, ""},
    {"another's role", {kListModels, {"Bearer abc"}, ""}, grpc::PERMISSION_DENIED, "ListModels needs observe; this client has segment"},
    {"nobody's role", {kLoadVariant, {"Bearer def"}, ""}, grpc::PERMISSION_DENIED, "LoadVariant needs manage; this client has observe"},
    {"no token", {kSegment, {}, ""}, grpc::UNAUTHENTICATED, "authorization: missing; must be `Bearer TOKEN`"},
    {"a wrong token", {kSegment, {"Bearer abd"}, ""}, grpc::UNAUTHENTICATED, "authorization: unknown token; must be `Bearer TOKEN`"},
    {"a part of the token", {kSegment, {"Bearer ab"}, ""}, grpc::UNAUTHENTICATED, ""},
    {"no scheme", {kSegment, {"abc"}, ""}, grpc::UNAUTHENTICATED, ""},
    {"another scheme", {kSegment, {"Basic abc"}, ""}, grpc::UNAUTHENTICATED, ""},
    {"the scheme alone", {kSegment, {"Bearer "}, ""}, grpc::UNAUTHENTICATED, ""},
    {"nothing", {kSegment, {""}, ""}, grpc::UNAUTHENTICATED, ""},
    {"two tokens", {kSegment, {"Bearer abc", "Bearer def"}, ""}, grpc::UNAUTHENTICATED, ""},
    {"a certificate, which has no roles", {kSegment, {}, "ct-archive"}, grpc::PERMISSION_DENIED, "this client has none"},
  });
}

TEST(AccessByCertificate, GoesByTheRolesOfItsCommonName) {
  ExpectVerdicts(Access(Certificates(), {}), {
    {"right role", {kSegment, {}, "ct-archive"}, grpc::OK, ""},
    {"another's role", {kLoadVariant, {}, "ct-archive"}, grpc::PERMISSION_DENIED, "LoadVariant needs manage; this client has segment, observe"},
    {"a name that has no roles", {kSegment, {}, "stranger"}, grpc::PERMISSION_DENIED, "this client has none"},
    {"a certificate without a name", {kSegment, {}, ""}, grpc::UNAUTHENTICATED, "authorization: missing; must be a client certificate"},
    {"a token that nobody asked for", {kSegment, {"Bearer abc"}, "ct-archive"}, grpc::OK, ""},
  });
}

TEST(AccessByBoth, TakesTheTokenBeforeTheCertificate) {
  ExpectVerdicts(Access(Certificates(), Tokens()), {
    {"the certificate alone", {kLoadVariant, {}, "operations"}, grpc::OK, ""},
    {"the token's role", {kSegment, {"Bearer abc"}, "operations"}, grpc::OK, ""},
    {"not the certificate's", {kLoadVariant, {"Bearer abc"}, "operations"}, grpc::PERMISSION_DENIED, "this client has segment"},
    {"a wrong token is not forgiven", {kLoadVariant, {"Bearer x"}, "operations"}, grpc::UNAUTHENTICATED, "`Bearer TOKEN`, or a client certificate"},
  });
}

TEST(Access, AllowsHealthAndReflectionToAnyone) {
  for (const char* method : {"/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_TRUE(Access({}, Tokens()).Judge({method, {}, ""}).ok()) << method;
    EXPECT_TRUE(Access({}, Tokens()).Judge({method, {"Bearer wrong"}, ""}).ok()) << method;
  }
}

TEST(Access, AllowsCallsThatItDoesNotKnowToNobody) {
  ExpectVerdicts(Access({}, Tokens()), {
    {"without a token", {"/other.Service/Call", {}, ""}, grpc::UNAUTHENTICATED, ""},
    {"with one", {"/other.Service/Call", {"Bearer abc"}, ""}, grpc::UNIMPLEMENTED, "method: unknown"},
    {"no method", {"", {"Bearer abc"}, ""}, grpc::UNIMPLEMENTED, "method: unknown"},
  });
}

TEST(Access, AllowsEverythingWhereNothingIsAskedFor) {
  EXPECT_FALSE(Access().required());
  EXPECT_TRUE(Access().Judge({kLoadVariant, {}, ""}).ok());
  EXPECT_TRUE(Access().Judge({kLoadVariant, {"Bearer abc"}, "anyone"}).ok());
}

TEST(Access, RefusesATokenAndACertificateOfOneName) {
  ExpectError(ErrorCode::kInvalidArgument, "auth.certificates: common_name = pacs: is a token's name; must be another",
              [] { Access({{"pacs", {Role::kSegment}}}, Tokens()); });
}

}  // namespace
}  // namespace tuckerseg
