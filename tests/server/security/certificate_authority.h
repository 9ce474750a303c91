/// Certificates as an authority issues them, made anew for each test.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>  // EVP_EC_gen is a macro that needs it

#include <cstdint>
#include <ctime>
#include <stdexcept>
#include <string>

#include "server/security/openssl_handles.h"

namespace tuckerseg {

/// PEM texts.
struct IssuedCertificate {
  std::string certificate;
  std::string key;
};

class CertificateAuthority {
 public:
  struct Wish {
    std::string common_name;
    std::string names = "IP:127.0.0.1,DNS:localhost";  ///< as OpenSSL's subjectAltName takes them
    int64_t expiry_s = std::time(nullptr) + 3600;      ///< since 1970
  };

  explicit CertificateAuthority(const std::string& name = "test authority") : key_(NewKey()), certificate_(X509_new()) {
    Begin(*certificate_, *key_, name, std::time(nullptr) + 7200);
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    Extend(*certificate_, NID_basic_constraints, "critical,CA:TRUE");
    Extend(*certificate_, NID_key_usage, "critical,keyCertSign");
    Sign(*certificate_);
  }

  /// Its own certificate, as PEM.
  std::string certificate() const { return PemOf(certificate_.get()); }

  IssuedCertificate Issue(const Wish& wish) const {
    const KeyHandle key = NewKey();
    const CertificateHandle certificate(X509_new());
    Begin(*certificate, *key, wish.common_name, wish.expiry_s);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
    Extend(*certificate, NID_basic_constraints, "CA:FALSE");
    if (!wish.names.empty()) Extend(*certificate, NID_subject_alt_name, wish.names);
    Sign(*certificate);
    return {PemOf(certificate.get()), PemOf(key.get())};
  }

 private:
  static void Require(bool done) {
    if (!done) throw std::runtime_error("OpenSSL cannot make a certificate");
  }

  static KeyHandle NewKey() {
    KeyHandle key(EVP_EC_gen("P-256"));
    Require(key != nullptr);
    return key;
  }

  /// All but issuer, extensions and signature.
  static void Begin(X509& certificate, EVP_PKEY& key, const std::string& common_name, int64_t expiry_s) {
    static uint64_t serial = 0;
    Require(X509_set_version(&certificate, 2) == 1);  // counted from 0: X.509 v3
    Require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(&certificate), ++serial) == 1);
    Require(ASN1_TIME_set(X509_getm_notBefore(&certificate), std::time(nullptr) - 60) != nullptr);
    Require(ASN1_TIME_set(X509_getm_notAfter(&certificate), static_cast<std::time_t>(expiry_s)) != nullptr);
    Require(X509_set_pubkey(&certificate, &key) == 1);
    const auto* name = reinterpret_cast<const unsigned char*>(common_name.c_str());
    Require(X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1);
  }

  static void Extend(X509& certificate, int extension, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, nullptr, &certificate, nullptr, nullptr, 0);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension, value.c_str());
    Require(made != nullptr && X509_add_ext(&certificate, made, -1) == 1);
    X509_EXTENSION_free(made);
  }

  void Sign(X509& certificate) const { Require(X509_sign(&certificate, key_.get(), EVP_sha256()) > 0); }

  static std::string TextOf(const BioHandle& written) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(written.get(), &text);
    return {text, static_cast<size_t>(size)};
  }
  static std::string PemOf(X509* certificate) {
    const BioHandle writer(BIO_new(BIO_s_mem()));
    Require(PEM_write_bio_X509(writer.get(), certificate) == 1);
    return TextOf(writer);
  }
  static std::string PemOf(EVP_PKEY* key) {
    const BioHandle writer(BIO_new(BIO_s_mem()));
    Require(PEM_write_bio_PrivateKey(writer.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return TextOf(writer);
  }

  KeyHandle key_;
  CertificateHandle certificate_;
};

}  // namespace tuckerseg
