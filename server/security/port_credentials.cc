#include "server/security/port_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/log.h>

#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace tuckerseg {
namespace {

std::string_view ViewOf(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

ShownCredentials Shown(const grpc_auth_context* peer, const grpc_metadata* metadata, size_t count) {
  ShownCredentials shown;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view key = ViewOf(metadata[i].key);
    if (key == ":path") shown.method = ViewOf(metadata[i].value);
    if (key == "authorization") shown.authorization.emplace_back(ViewOf(metadata[i].value));
  }
  grpc_auth_property_iterator names = grpc_auth_context_find_properties_by_name(peer, GRPC_X509_CN_PROPERTY_NAME);
  while (const grpc_auth_property* name = grpc_auth_property_iterator_next(&names)) shown.common_name.assign(name->value, name->value_length);
  return shown;
}

class PortCredentials final : public grpc::ServerCredentials {
 public:
  PortCredentials(CertificateFiles* certificates, const Access& access, std::function<void(const grpc::Status&)> refused)
      : certificates_(certificates), access_(access), refused_(std::move(refused)),
        credentials_(certificates == nullptr ? grpc_insecure_server_credentials_create() : MakeTls()) {
    if (access_.required()) grpc_server_credentials_set_auth_metadata_processor(credentials_, {&Process, nullptr, this});
  }
  ~PortCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {
    GPR_ASSERT(false);  // it would take our judge's place
  }

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* MakeTls() {
    const bool clients_too = !certificates_->Current()->pem.client_ca.empty();
    const auto request = clients_too ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request, &Fetch, this));
  }

  /// Called by gRPC before each handshake. gRPC keeps what it has where this gives nothing new.
  static grpc_ssl_certificate_config_reload_status Fetch(void* self, grpc_ssl_server_certificate_config** config) {
    auto& port = *static_cast<PortCredentials*>(self);
    try {
      // gRPC calls this under a lock of its own, which is nothing that it promises, and which ThreadSanitizer does not see.
      const std::lock_guard lock(port.mutex_);
      auto current = port.certificates_->Current();
      if (current == port.given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
      const CertificatePem& pem = current->pem;
      const grpc_ssl_pem_key_cert_pair pair{pem.key.c_str(), pem.certificate.c_str()};
      // Debian's gRPC asserts that there are authorities, even where no client is asked for a certificate and they serve no purpose.
      const std::string& authorities = pem.client_ca.empty() ? pem.certificate : pem.client_ca;
      *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
      port.given_ = std::move(current);
      return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    } catch (const std::exception&) {  // no memory; exceptions must not pass gRPC's C code
      return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
    }
  }

  /// Called by gRPC for each call, when its metadata has come. Takes microseconds, so it answers at once.
  static void Process(void* self, grpc_auth_context* peer, const grpc_metadata* metadata, size_t count, grpc_process_auth_metadata_done_cb done,
                      void* call) {
    const auto& port = *static_cast<const PortCredentials*>(self);
    grpc::Status status(grpc::StatusCode::INTERNAL, "authorization: cannot be judged");
    try {
      // The peer's context belongs to the connection, whose calls may have other tokens: it must not learn who makes this one.
      status = port.access_.Judge(Shown(peer, metadata, count));
      if (!status.ok()) port.refused_(status);
    } catch (const std::exception&) {  // refused
    }
    // The token stays in the metadata, so that Access::IdentityOf can tell the handler whose it is.
    done(call, nullptr, 0, nullptr, 0, static_cast<grpc_status_code>(status.error_code()), status.error_message().c_str());
  }

  CertificateFiles* const certificates_;
  const Access& access_;
  const std::function<void(const grpc::Status&)> refused_;
  std::mutex mutex_;
  std::shared_ptr<const CertificateFiles::Loaded> given_;  // to gRPC, last
  grpc_server_credentials* const credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakePortCredentials(CertificateFiles* certificates, const Access& access,
                                                             std::function<void(const grpc::Status&)> refused) {
  return std::make_shared<PortCredentials>(certificates, access, std::move(refused));
}

}  // namespace tuckerseg
