/// A real server with TLS, and clients that may and may not connect.
#include <gmock/gmock.h>
#include <grpc/grpc_security_constants.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/server/security/served_securely.h"
#include "tuckerseg/v1/model.grpc.pb.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

struct Answered {
  grpc::Status status;
  std::string certificate;  ///< the server's, as PEM
};

Answered ListModels(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::ListModelsResponse response;
  Answered answered{v1::ModelService::NewStub(channel)->ListModels(&context, {}, &response), ""};
  if (!answered.status.ok()) return answered;
  for (const grpc::string_ref& pem : context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME))
    answered.certificate.assign(pem.data(), pem.size());
  return answered;
}

/// Whether a client of these versions of TLS comes to an agreement with the server. At OpenSSL's lowest security level, or this client itself
/// would refuse the old ones.
bool ShakesHands(const std::string& address, int least, int most) {
  const TlsContextHandle context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 0);
  EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0"), 1);
  EXPECT_EQ(SSL_CTX_set_min_proto_version(context.get(), least), 1);
  EXPECT_EQ(SSL_CTX_set_max_proto_version(context.get(), most), 1);
  const BioHandle connection(BIO_new_ssl_connect(context.get()));
  BIO_set_conn_hostname(connection.get(), address.c_str());
  return BIO_do_connect(connection.get()) == 1 && BIO_do_handshake(connection.get()) == 1;
}

TEST(Tls, ServesClientsThatTrustTheServersAuthority) {
  const SecurityFiles files;
  const ServedModel served(files.Options(/*tls=*/true, /*client_certificates=*/false));
  const Answered answered = ListModels(served.NewChannel(TlsCredentials(files.authority())));
  EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
  EXPECT_EQ(answered.certificate, FileText(files.path("certificate.pem")));
}

TEST(Tls, ServesNobodyInTheClear) {
  const SecurityFiles files;
  const ServedModel served(files.Options(true, false));
  EXPECT_EQ(ListModels(served.NewChannel()).status.error_code(), grpc::UNAVAILABLE);
  EXPECT_TRUE(ListModels(served.NewChannel(TlsCredentials(files.authority()))).status.ok()) << "and serves the next";
}

TEST(Tls, IsRefusedByClientsOfAnotherAuthority) {
  const SecurityFiles files;
  const ServedModel served(files.Options(true, false));
  EXPECT_EQ(ListModels(served.NewChannel(TlsCredentials(CertificateAuthority("another")))).status.error_code(), grpc::UNAVAILABLE);
}

/// Agrees to any version of TLS that this machine's OpenSSL has, once.
class PermissiveServer {
 public:
  explicit PermissiveServer(const SecurityFiles& files) : context_(SSL_CTX_new(TLS_server_method())), listener_(BIO_new_accept("127.0.0.1:0")) {
    SSL_CTX_set_security_level(context_.get(), 0);
    EXPECT_EQ(SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0"), 1);
    EXPECT_EQ(SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION), 1);
    EXPECT_EQ(SSL_CTX_use_certificate_file(context_.get(), files.path("certificate.pem").c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_.get(), files.path("key.pem").c_str(), SSL_FILETYPE_PEM), 1);
    BIO_set_accept_bios(listener_.get(), BIO_new_ssl(context_.get(), /*client=*/0));
    EXPECT_EQ(BIO_do_accept(listener_.get()), 1) << "binds";
    acceptor_ = std::jthread([this] {
      if (BIO_do_accept(listener_.get()) != 1) return;
      const BioHandle connection(BIO_pop(listener_.get()));
      BIO_do_handshake(connection.get());
    });
  }
  std::string address() const { return std::string("127.0.0.1:") + BIO_get_accept_port(listener_.get()); }

 private:
  const TlsContextHandle context_;
  const BioHandle listener_;
  std::jthread acceptor_;
};

TEST(Tls, IsOfVersion12OrLater) {
  const SecurityFiles files;
  const ServedModel served(files.Options(true, false));
  EXPECT_TRUE(ShakesHands(served.address(), TLS1_3_VERSION, TLS1_3_VERSION));
  EXPECT_TRUE(ShakesHands(served.address(), TLS1_2_VERSION, TLS1_2_VERSION));
  for (const int old : {TLS1_1_VERSION, TLS1_VERSION}) {
    EXPECT_TRUE(ShakesHands(PermissiveServer(files).address(), old, old)) << "this client can: a server that lets it in does";
    EXPECT_FALSE(ShakesHands(served.address(), old, old));
  }
}

TEST(MutualTls, ServesClientsWithACertificateOfTheAuthorityAlone) {
  const SecurityFiles files;
  const ServedModel served(files.Options(true, /*client_certificates=*/true));
  const IssuedCertificate right = files.authority().Issue({.common_name = "pacs", .names = ""});
  EXPECT_TRUE(ListModels(served.NewChannel(TlsCredentials(files.authority(), right))).status.ok());

  EXPECT_EQ(ListModels(served.NewChannel(TlsCredentials(files.authority()))).status.error_code(), grpc::UNAVAILABLE) << "none";
  const IssuedCertificate foreign = CertificateAuthority("another").Issue({.common_name = "pacs", .names = ""});
  EXPECT_EQ(ListModels(served.NewChannel(TlsCredentials(files.authority(), foreign))).status.error_code(), grpc::UNAVAILABLE) << "another's";
  const IssuedCertificate expired = files.authority().Issue({.common_name = "pacs", .names = "", .expiry_s = std::time(nullptr) - 10});
  EXPECT_EQ(ListModels(served.NewChannel(TlsCredentials(files.authority(), expired))).status.error_code(), grpc::UNAVAILABLE) << "expired";
}

TEST(CertificateRenewal, IsSeenByTheNextConnectionAndLeavesTheOthersAlone) {
  const SecurityFiles files;
  const ServedModel served(files.Options(true, false));
  const auto old_channel = served.NewChannel(TlsCredentials(files.authority()));
  const std::string old_certificate = ListModels(old_channel).certificate;
  const IssuedCertificate renewed = files.authority().Issue({.common_name = "renewed"});
  files.Replace(renewed);
  EXPECT_EQ(ListModels(served.NewChannel(TlsCredentials(files.authority()))).certificate, renewed.certificate);
  EXPECT_EQ(ListModels(old_channel).certificate, old_certificate) << "no connection is cut";
}

TEST(CertificateRenewal, KeepsTheOldPairWhileTheNewOneDoesNotFit) {
  const SecurityFiles files;
  const ServedModel served(files.Options(true, false));
  const std::string old_certificate = FileText(files.path("certificate.pem"));
  const IssuedCertificate renewed = files.authority().Issue({.common_name = "renewed"});
  files.Write("certificate.pem", renewed.certificate);
  EXPECT_EQ(ListModels(served.NewChannel(TlsCredentials(files.authority()))).certificate, old_certificate) << "mismatched";
  files.Write("certificate.pem", renewed.certificate.substr(0, 100));
  EXPECT_EQ(ListModels(served.NewChannel(TlsCredentials(files.authority()))).certificate, old_certificate) << "half";
  files.Replace(renewed);
  EXPECT_EQ(ListModels(served.NewChannel(TlsCredentials(files.authority()))).certificate, renewed.certificate);
}

TEST(CertificateRenewal, TakesNewAuthoritiesOfClients) {
  const SecurityFiles files;
  const ServedModel served(files.Options(true, true));
  const CertificateAuthority other("another");
  const IssuedCertificate client = other.Issue({.common_name = "pacs", .names = ""});
  EXPECT_FALSE(ListModels(served.NewChannel(TlsCredentials(files.authority(), client))).status.ok());
  files.Write("ca.pem", other.certificate());
  EXPECT_TRUE(ListModels(served.NewChannel(TlsCredentials(files.authority(), client))).status.ok());
}

TEST(CertificateExpiry, IsShownOnThePageOfMetrics) {
  const SecurityFiles files(/*expiry_s=*/1893456000);
  ServedModel served(files.Options(true, false));
  EXPECT_THAT(served.metrics().Text(), HasSubstr("# TYPE tuckerseg_tls_certificate_expiry_timestamp_seconds gauge"));
  EXPECT_THAT(served.metrics().Text(), HasSubstr("\ntuckerseg_tls_certificate_expiry_timestamp_seconds 1893456000\n"));
  files.Replace(files.authority().Issue({.common_name = "renewed", .expiry_s = 1924992000}));
  EXPECT_THAT(served.metrics().Text(), HasSubstr("\ntuckerseg_tls_certificate_expiry_timestamp_seconds 1924992000\n"))
      << "renewed, although nobody has connected since";
}

TEST(CertificateExpiry, IsNotShownWithoutTls) {
  ServedModel served;
  EXPECT_THAT(served.metrics().Text(), testing::Not(HasSubstr("certificate_expiry_timestamp_seconds ")));
}

}  // namespace
}  // namespace tuckerseg
