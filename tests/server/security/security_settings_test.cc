#include "server/security/security_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

ServerConfig Configured(const std::string& json) {
  ServerConfig config;
  config.models = "models";
  ApplyConfigJson(json, config);
  CompleteConfig(config);
  return config;
}

void ExpectRefusal(const std::string& json, const std::string& message) {
  SCOPED_TRACE(json);
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { Configured(json); });
}

TEST(SecuritySettings, AreReadFromTheirObjects) {
  const ServerConfig config = Configured(
      R"({"tls": {"certificate": "c.pem", "key": "k.pem", "client_ca": "a.pem"},
          "auth": {"tokens_file": "t.json", "allow_plaintext_tokens": true,
                   "certificates": [{"common_name": "pacs", "roles": ["segment", "observe"]}, {"common_name": "ops", "roles": ["manage"]}]},
          "limits": {"requests_per_minute": 30, "bytes_per_minute": 1048576, "client_share": 0.25, "max_priority": 5},
          "reflection": true, "max_connection_age_s": 600, "max_connection_age_grace_s": 900})");
  EXPECT_EQ(config.tls.certificate, "c.pem");
  EXPECT_EQ(config.tls.key, "k.pem");
  EXPECT_EQ(config.tls.client_ca, "a.pem");
  EXPECT_TRUE(config.tls.enabled());
  EXPECT_EQ(config.auth.tokens_file, "t.json");
  EXPECT_TRUE(config.auth.allow_plaintext_tokens);
  ASSERT_EQ(config.auth.certificates.size(), 2U);
  EXPECT_EQ(config.auth.certificates[0].common_name, "pacs");
  EXPECT_EQ(config.auth.certificates[0].roles, (std::set{Role::kSegment, Role::kObserve}));
  EXPECT_EQ(config.auth.certificates[1].roles, std::set{Role::kManage});
  EXPECT_EQ(config.limits.requests_per_minute, 30);
  EXPECT_EQ(config.limits.bytes_per_minute, 1048576);
  EXPECT_EQ(config.limits.client_share, 0.25);
  EXPECT_EQ(config.limits.max_priority, 5);
  EXPECT_TRUE(config.reflection);
  EXPECT_EQ(config.max_connection_age_s, 600);
  EXPECT_EQ(config.max_connection_age_grace_s, 900);
}

TEST(SecuritySettings, ProtectNothingUnlessToldTo) {
  const ServerConfig config = Configured("{}");
  EXPECT_FALSE(config.tls.enabled());
  EXPECT_FALSE(config.auth.required());
  EXPECT_EQ(config.limits.requests_per_minute, 0);
  EXPECT_EQ(config.limits.bytes_per_minute, 0);
  EXPECT_EQ(config.limits.client_share, 0.5) << "of clients that show who they are";
  EXPECT_EQ(config.limits.max_priority, 10) << "every one that there is";
  EXPECT_FALSE(config.reflection);
  EXPECT_EQ(config.max_connection_age_s, 0);
}

TEST(SecuritySettings, AreRefusedWithEveryMistakeAtOnce) {
  ServerConfig config;
  config.models = "models";
  config.listen = "nowhere";
  config.tls.key = "k.pem";
  config.auth = {.tokens_file = "t.json", .certificates = {{"pacs", {Role::kSegment}}}};
  config.limits.bytes_per_minute = 5;
  config.max_connection_age_grace_s = 5;
  EXPECT_THAT(FindMistakes(config), testing::ElementsAre(testing::StartsWith("listen = nowhere: must be HOST:PORT"), testing::StartsWith("tls.certificate: missing"),
                                                         testing::StartsWith("tls.client_ca: missing"), testing::StartsWith("limits.bytes_per_minute = 5: must be"),
                                                         testing::StartsWith("max_connection_age_s = 0: must be positive")));
}

TEST(SecuritySettings, RefuseUnknownKeysAndListTheKnownOnes) {
  ExpectRefusal(R"({"tls": {"certifcate": "c.pem"}})", "config.tls.certifcate: unknown key; did you mean certificate?");
  ExpectRefusal(R"({"auth": {"certificates": [{"common_nam": "a", "roles": ["segment"]}]}})", "config.auth.certificates[0].common_nam: unknown key; did you mean common_name?");
  ExpectRefusal(R"({"auth": {"certificates": [{"common_name": "a", "common_name": "b", "roles": ["segment"]}]}})",
                "config.auth.certificates.common_name: stands there more than once");
  ExpectRefusal(R"({"tls": {"cert": "c.pem"}})", "config.tls.cert: unknown key; must be one of certificate, client_ca, key");
  ExpectRefusal(R"({"auth": {"token": "secret"}})", "config.auth.token: unknown key; must be one of allow_plaintext_tokens, certificates, tokens_file");
  ExpectRefusal(R"({"limits": {"requests": 1}})", "config.limits.requests: unknown key; must be one of bytes_per_minute, client_share, max_priority, requests_per_minute");
  ExpectRefusal(R"({"tls": "c.pem"})", "config.tls: is a string; must be an object");
}

TEST(SecuritySettings, RefuseValuesOutOfRange) {
  ExpectRefusal(R"({"limits": {"requests_per_minute": -1}})", "config.limits.requests_per_minute = -1: must be a whole number in [0, 1000000]");
  ExpectRefusal(R"({"limits": {"bytes_per_minute": 1000}})", "limits.bytes_per_minute = 1000: must be 0 (no limit) or at least 1048576");
  ExpectRefusal(R"({"limits": {"client_share": 0}})", "config.limits.client_share = 0: must be in (0, 1]");
  ExpectRefusal(R"({"limits": {"client_share": 1.5}})", "config.limits.client_share = 1.5: must be in (0, 1]");
  ExpectRefusal(R"({"limits": {"client_share": "half"}})", R"(config.limits.client_share = "half": must be a finite number)");
  ExpectRefusal(R"({"limits": {"max_priority": 11}})", "config.limits.max_priority = 11: must be a whole number in [0, 10]");
  ExpectRefusal(R"({"limits": {"max_priority": -1}})", "config.limits.max_priority = -1: must be a whole number in [0, 10]");
  ExpectRefusal(R"({"max_connection_age_s": -1})", "config.max_connection_age_s = -1: must be in [0, 604800] s");
  ExpectRefusal(R"({"max_connection_age_grace_s": 5})", "max_connection_age_s = 0: must be positive where max_connection_age_grace_s is");
  ExpectRefusal(R"({"reflection": 1})", "config.reflection = 1: must be true or false");
}

TEST(SecuritySettings, RefuseCertificatesWithoutANameOrARole) {
  ExpectRefusal(R"({"auth": {"certificates": []}})", "config.auth.certificates: is an empty list; must hold at least one");
  ExpectRefusal(R"({"auth": {"certificates": [{"roles": ["segment"]}]}})", "config.auth.certificates[0].common_name: missing");
  ExpectRefusal(R"({"auth": {"certificates": [{"common_name": "a"}]}})", "config.auth.certificates[0].roles: missing");
  ExpectRefusal(R"({"auth": {"certificates": [{"common_name": "a", "roles": []}]}})", "config.auth.certificates[0].roles: must be a list of");
  ExpectRefusal(R"({"auth": {"certificates": [{"common_name": "a", "roles": ["admin"]}]}})",
                "config.auth.certificates[0].roles[0]: must be segment, manage or observe");
  ExpectRefusal(R"({"auth": {"certificates": [{"common_name": "anonymous", "roles": ["segment"]}]}})", "config.auth.certificates[0].common_name: must be another name than `anonymous`");
  ExpectRefusal(R"({"auth": {"certificates": [{"common_name": "a", "roles": ["segment"]}, {"common_name": "a", "roles": ["manage"]}]}})",
                "config.auth.certificates[1].common_name: is there before; must be another");
}

TEST(SecuritySettings, RefuseHalfOfTls) {
  ExpectRefusal(R"({"tls": {"certificate": "c.pem"}})", "tls.key: missing; must be given with tls.certificate");
  ExpectRefusal(R"({"tls": {"key": "k.pem"}})", "tls.certificate: missing; must be given with tls.key");
  ExpectRefusal(R"({"tls": {"client_ca": "a.pem"}})", "tls.certificate: missing; must be given with tls.client_ca");
  ExpectRefusal(R"({"tls": {"certificate": "c.pem", "key": "k.pem"}, "auth": {"certificates": [{"common_name": "a", "roles": ["segment"]}]}})",
                "tls.client_ca: missing; must be given with auth.certificates");
}

TEST(SecuritySettings, LetNoTokenTravelInTheClearBeyondTheMachine) {
  const std::string tokens = R"("auth": {"tokens_file": "t.json"})";
  for (const char* address : {"0.0.0.0:1", "192.168.1.2:1", "[::]:1", "127.example.org:1", "ct-server:1"})
    ExpectRefusal("{\"listen\": \"" + std::string(address) + "\", " + tokens + "}", "auth.tokens_file: tokens would travel in the clear");
  for (const char* address : {"127.0.0.1:1", "127.0.1.1:1", "localhost:1", "[::1]:1"})
    EXPECT_NO_THROW(Configured("{\"listen\": \"" + std::string(address) + "\", " + tokens + "}")) << address;
  EXPECT_NO_THROW(Configured(R"({"listen": "0.0.0.0:1", "tls": {"certificate": "c.pem", "key": "k.pem"}, )" + tokens + "}"));
  EXPECT_NO_THROW(Configured(R"({"listen": "0.0.0.0:1", "auth": {"tokens_file": "t.json", "allow_plaintext_tokens": true}})"));
}

}  // namespace
}  // namespace tuckerseg
