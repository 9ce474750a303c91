#include "server/security/certificate_check.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>
#include <vector>

#include "engine/error.h"
#include "server/security/openssl_handles.h"

namespace tuckerseg {
namespace {

[[noreturn]] void Refuse(const std::string& message) {
  ERR_clear_error();  // of this thread: gRPC would report it as the reason of a later failure
  throw Error(ErrorCode::kInvalidArgument, message);
}

/// OpenSSL's default would ask for the passphrase at the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

/// All certificates of a file, at least one.
std::vector<CertificateHandle> ReadCertificates(const std::string& field, const std::string& pem) {
  const BioHandle reader = ReaderOf(pem);
  std::vector<CertificateHandle> certificates;
  while (X509* certificate = PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr)) certificates.emplace_back(certificate);
  const unsigned long error = ERR_peek_last_error();
  const bool ended = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (certificates.empty()) Refuse(field + ": holds no certificate; must be a PEM file of certificates");
  if (!ended) Refuse(field + ": holds a certificate that is cut or damaged; must be a PEM file of whole ones");
  ERR_clear_error();
  return certificates;
}

KeyHandle ReadKey(const std::string& pem) {
  const BioHandle reader = ReaderOf(pem);
  KeyHandle key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassphrase, nullptr));
  if (!key) Refuse("tls.key: holds no private key, or one that is encrypted, cut or damaged; must be a PEM file of a plain one");
  return key;
}

int64_t Expiry(const X509& certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) Refuse("tls.certificate: has no time of expiry; must have one");
  return timegm(&time);
}

}  // namespace

int64_t CheckCertificates(const CertificatePem& pem) {
  const std::vector<CertificateHandle> chain = ReadCertificates("tls.certificate", pem.certificate);
  X509* own = chain.front().get();
  const KeyHandle key = ReadKey(pem.key);
  if (X509_check_private_key(own, key.get()) != 1) Refuse("tls.key: is not the key of tls.certificate; must be");
  const TlsContextHandle context(SSL_CTX_new(TLS_server_method()));
  if (!context) throw Error(ErrorCode::kInternal, "tls: OpenSSL cannot make a context on this machine");
  if (SSL_CTX_use_certificate(context.get(), own) != 1 || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    Refuse("tls.certificate: its key or its signature is too weak; must be at least RSA of 2048 bits or EC of 224, and SHA-256");
  }
  if (!pem.client_ca.empty()) ReadCertificates("tls.client_ca", pem.client_ca);
  return Expiry(*own);
}

}  // namespace tuckerseg
