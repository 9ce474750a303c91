/// How a client reaches a server, and what it shows of itself.
#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace tuckerseg {

struct ClientOptions {
  std::string server = "127.0.0.1:50051";  ///< HOST:PORT
  std::string tls_ca;                      ///< PEM file of the authorities that a server's certificate must come from; empty: no TLS
  std::string tls_certificate;             ///< PEM file of the client's own, for a server that asks for one; empty: none
  std::string tls_key;                     ///< PEM file of its key
  std::string token;                       ///< shown with every call; empty: none
  bool allow_plaintext_tokens = false;     ///< show it without TLS to other machines too, as something else encrypts (a service mesh, a tunnel)
};

/// A channel to the server; it connects at the first call, to a loopback without any HTTP proxy. The token is not its matter: without TLS gRPC would drop it.
/// Errors: kInvalidArgument for files that cannot be read or hold something else, and for a certificate without its key or without tls_ca.
std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options);

/// What `options.token` is shown as with every call; empty where there is none.
/// Errors: those of TokenOf. kInvalidArgument where it would travel in the clear, so that whoever answers has it: without TLS, to a server that is no loopback (`localhost`,
/// 127.0.0.0/8, `[::1]`, `unix:PATH`), unless that is allowed.
std::string ShownToken(const ClientOptions& options);

/// What a file holds, a pipe too: secrets come through both. Empty where it cannot be read.
std::string TextOfFile(const std::string& path);

/// `text` without white space around it.
/// Errors: kInvalidArgument for one that cannot travel as a header: empty, or with other than visible ASCII. The message shows nothing of it.
std::string TokenOf(const std::string& text);

}  // namespace tuckerseg
