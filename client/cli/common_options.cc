#include <cstdlib>

#include "client/cli/commands.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

std::string Token(const std::string& file_name) {
  if (file_name.empty()) {
    const char* token = std::getenv("TUCKERSEG_TOKEN");
    return token == nullptr || *token == '\0' ? "" : TokenOf(token);
  }
  const std::string text = TextOfFile(file_name);
  if (text.empty()) throw Error(ErrorCode::kInvalidArgument, "--token-file: cannot be read, or is empty; must be a file with a token alone");
  return TokenOf(text);
}

}  // namespace

void AddCommonOptions(CLI::App& command, CommonArguments& arguments) {
  ClientOptions& connection = arguments.connection;
  command.add_option("--server", connection.server, "HOST:PORT of the server")->capture_default_str();
  CLI::Option* ca = command.add_option("--tls-ca", connection.tls_ca, "Encrypt; PEM file of the authority that the server's certificate must come from");
  CLI::Option* certificate = command.add_option("--tls-certificate", connection.tls_certificate, "PEM file of this client's certificate")->needs(ca);
  CLI::Option* key = command.add_option("--tls-key", connection.tls_key, "PEM file of its key")->needs(certificate);
  certificate->needs(key);
  command.add_option("--token-file", arguments.token_file, "File with the token that the server asks for; default: the environment's TUCKERSEG_TOKEN");
  command.add_flag("--allow-plaintext-tokens", connection.allow_plaintext_tokens,
                   "Show the token to a server on another machine without --tls-ca, as something else encrypts (a service mesh, a tunnel)");
  command.add_flag("--json", arguments.json, "Print the result as JSON");
  command.add_flag("--quiet", arguments.quiet, "No progress; errors are shown all the same");
}

Client Connect(const CommonArguments& arguments) {
  ClientOptions options = arguments.connection;
  options.token = Token(arguments.token_file);
  return Client(options);
}

}  // namespace tuckerseg
