/// How gRPC's port is secured: TLS whose certificate may change, and a judge before every handler.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <memory>

#include "server/security/access.h"
#include "server/security/certificate_files.h"

namespace tuckerseg {

/// For one port. `certificates` null: no TLS. `access` judges every call before its handler runs, on every service; `refused` hears of those
/// that are refused, from gRPC's threads. What this returns, and what it was given, must outlive the server.
///
/// gRPC's C++ library has no such credentials: it takes a judge on ports with TLS alone, and changes of certificates in a way that is not
/// safe (certificate_files.h). Its C interface, on which that library stands, has all of it.
/// TLS 1.2 or later: gRPC 1.51 asks OpenSSL for nothing below it (tsi_ssl_server_handshaker_options, min_tls_version), and has no setting
/// that would change it for this kind of credentials. A test holds it to that.
std::shared_ptr<grpc::ServerCredentials> MakePortCredentials(CertificateFiles* certificates, const Access& access,
                                                             std::function<void(const grpc::Status&)> refused);

}  // namespace tuckerseg
