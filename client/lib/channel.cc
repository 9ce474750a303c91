#include "client/lib/channel.h"

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// `mark`: what a PEM file of this kind holds. gRPC itself would say no more than that it cannot connect.
std::string ReadPem(const std::string& option, const std::string& path, const std::string& mark) {
  const std::string text = TextOfFile(path);
  if (text.find(mark) == std::string::npos) {
    throw Error(ErrorCode::kInvalidArgument, option + ": cannot be read, or holds no " + mark + "; must be a PEM file");
  }
  return text;
}

/// Calls that change nothing, or that end where they would have ended if sent once, are sent again by gRPC itself where no server took them: one is just being started anew, say. Segment and Compare are not
/// (send_again.h): what gRPC keeps of a call for that, 256 KiB, is less than a volume.
constexpr auto kSentAgain = R"({"methodConfig": [{
  "name": [{"service": "tuckerseg.v1.ServerService", "method": "GetServerInfo"},
           {"service": "tuckerseg.v1.ModelService", "method": "ListModels"},
           {"service": "tuckerseg.v1.ModelService", "method": "GetModel"},
           {"service": "tuckerseg.v1.ModelService", "method": "ListVariants"},
           {"service": "tuckerseg.v1.ModelService", "method": "LoadVariant"},
           {"service": "tuckerseg.v1.ModelService", "method": "UnloadVariant"}],
  "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 3, "retryableStatusCodes": ["UNAVAILABLE"]}}]})";

/// Of HOST:PORT, HOST, [IPV6]:PORT or IPV6, as gRPC splits them; all of what is none of these.
std::string HostOf(const std::string& server) {
  const size_t bracket = server.find("]:");
  if (server.starts_with('[') && bracket != std::string::npos) return server.substr(1, bracket - 1);
  const size_t colon = server.find(':');
  return colon == server.rfind(':') ? server.substr(0, colon) : server;
}

/// Whether what is sent there stays on this machine. Of names `localhost` alone: any other is where a resolver says.
bool IsLoopback(const std::string& server) {
  if (server.starts_with("unix:")) return true;
  const std::string host = HostOf(server);
  in_addr four{};
  in6_addr six{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) return std::memcmp(&six, &in6addr_loopback, sizeof(six)) == 0;
  return host == "localhost";
}

/// gRPC's own pauses between attempts to connect grow to two minutes: a server that starts anew would be found long after it is back. And a server whose
/// machine has gone says nothing: pings tell. Servers of ours take one every ten seconds.
grpc::ChannelArguments ConnectionArguments(const std::string& server) {
  grpc::ChannelArguments arguments;
  if (IsLoopback(server)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // the environment's proxy would connect to its own loopback
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit, or there were two: who waits for a label map sends nothing
  arguments.SetServiceConfigJSON(kSentAgain);
  return arguments;
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options) {
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "tls-certificate: must be given with tls-key, and tls-key with it");
  }
  if (options.tls_ca.empty()) {
    if (!options.tls_key.empty()) throw Error(ErrorCode::kInvalidArgument, "tls-ca: missing; must be given with tls-certificate");
    return grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(), ConnectionArguments(options.server));
  }
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ReadPem("tls-ca", options.tls_ca, "CERTIFICATE-----");
  if (!options.tls_key.empty()) {
    tls.pem_cert_chain = ReadPem("tls-certificate", options.tls_certificate, "CERTIFICATE-----");
    tls.pem_private_key = ReadPem("tls-key", options.tls_key, "PRIVATE KEY-----");
  }
  return grpc::CreateCustomChannel(options.server, grpc::SslCredentials(tls), ConnectionArguments(options.server));
}

std::string ShownToken(const ClientOptions& options) {
  if (options.token.empty()) return "";
  if (options.tls_ca.empty() && !options.allow_plaintext_tokens && !IsLoopback(options.server)) {
    throw Error(ErrorCode::kInvalidArgument, "token: would travel in the clear to server = " + options.server +
                                                 ": must have tls-ca, a loopback address, or allow-plaintext-tokens where something else encrypts");
  }
  return TokenOf(options.token);
}

std::string TextOfFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();  // which, unlike the file's iterators, does not throw for a folder
  return text.str();
}

std::string TokenOf(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) throw Error(ErrorCode::kInvalidArgument, "token: is empty; must be the text that the server's operator gave out");
  const std::string token = text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
  const bool visible = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!visible) throw Error(ErrorCode::kInvalidArgument, "token: holds white space or other than visible ASCII; must be one word");
  return token;
}

}  // namespace tuckerseg
