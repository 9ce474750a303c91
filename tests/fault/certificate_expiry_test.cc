/// A server's certificate that expires: clients are told at the next connection, those that are connected go on, and a renewed one is taken without a restart.
#include <gtest/gtest.h>

#include <ctime>
#include <memory>

#include "tests/fault/sanitized.h"
#include "tests/server/security/raw_call.h"
#include "tests/server/security/served_securely.h"

namespace tuckerseg {
namespace {

constexpr auto kMethod = "/tuckerseg.v1.ServerService/GetServerInfo";

class CertificateThatExpires : public testing::Test {
 protected:
  void Start(int64_t expiry_s) {
    files_ = std::make_unique<SecurityFiles>(expiry_s);
    served_ = std::make_unique<ServedModel>(files_->Options(/*tls=*/true, /*client_certificates=*/false));
  }
  std::shared_ptr<grpc::Channel> NewChannel() const { return served_->NewChannel(TlsCredentials(files_->authority())); }
  grpc::StatusCode CodeForANewClient() const { return RawCall(NewChannel(), kMethod).error_code(); }

  std::unique_ptr<SecurityFiles> files_;  // before the server, which looks at them
  std::unique_ptr<ServedModel> served_;
};

TEST_F(CertificateThatExpires, HadExpiredBeforeTheStartAndIsRenewed) {
  Start(std::time(nullptr) - 10);
  EXPECT_EQ(CodeForANewClient(), grpc::UNAVAILABLE) << "clients refuse it";
  files_->Replace(files_->authority().Issue({.common_name = "renewed"}));
  EXPECT_EQ(CodeForANewClient(), grpc::OK) << "without a restart";
}

TEST_F(CertificateThatExpires, CutsNoConnectionAndLetsNobodyInUntilItIsRenewed) {
  Start(std::time(nullptr) + (kSanitized ? 15 : 8));  // by then the server is up and the first client is in, on a busy machine too
  const auto open = NewChannel();
  ASSERT_TRUE(RawCall(open, kMethod).ok());
  ASSERT_TRUE(WaitUntil([this] { return CodeForANewClient() == grpc::UNAVAILABLE; })) << "its time is over";
  EXPECT_TRUE(RawCall(open, kMethod).ok()) << "who is connected stays so";
  files_->Replace(files_->authority().Issue({.common_name = "renewed"}));
  EXPECT_EQ(CodeForANewClient(), grpc::OK);
  EXPECT_TRUE(RawCall(open, kMethod).ok());
}

}  // namespace
}  // namespace tuckerseg
