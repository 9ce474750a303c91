#include "server/security/token_table.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <span>

#include "engine/error.h"
#include "engine/sha256.h"
#include "engine/whole_file.h"
#include "server/known_keys.h"
#include "server/security/security_settings.h"

namespace tuckerseg {
namespace {

constexpr size_t kDigits = 64;

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); }

/// Names go into messages of refused calls, which travel as header lines.
bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

bool IsSha256(const std::string& text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// The text of a string; empty for what is none.
std::string TextOf(const JsonField& field) { return field.json().is_string() ? field.Text() : ""; }

TokenTable::Client ReadClient(const JsonField& entry) {
  if (!entry.json().is_object()) Refuse(entry.path() + ": must be an object of name, sha256 and roles");
  TokenTable::Client client;
  ReadKeys(entry, {{"name", [&](const JsonField& f) { client.name = TextOf(f); }},
                   {"sha256", [&](const JsonField& f) { client.sha256 = TextOf(f); }},
                   {"roles", [&](const JsonField& f) { client.roles = ReadRoles(f); }}});
  if (!IsName(client.name) || client.name == kAnonymous) {
    Refuse(entry.path() + ".name: must be 1 to 64 letters, digits, dots, underscores or hyphens, and not `anonymous`");
  }
  if (!IsSha256(client.sha256)) {
    Refuse(entry.path() + ".sha256: must be the SHA-256 of the token, 64 lower-case hexadecimal digits");
  }
  if (client.roles.empty()) Refuse(entry.path() + ".roles: must be a list of segment, manage, observe");
  return client;
}

}  // namespace

TokenTable TokenTable::Parse(const std::string& text) {
  const Json json = ParseJson(text, "auth.tokens_file");
  // Whoever reads the file may have read the other one of two lists of roles.
  for (const std::string& key : RepeatedKeys(text, "auth.tokens_file")) Refuse(key + ": stands there more than once; must be given once");
  const bool right = json.is_object() && json.contains("tokens") && json.size() == 1 && json.at("tokens").is_array() && !json.at("tokens").empty();
  // An empty list would let everybody in.
  if (!right) Refuse("auth.tokens_file: must be an object with the key `tokens` alone, a list of at least one");
  TokenTable table;
  const JsonField list(json.at("tokens"), "auth.tokens_file.tokens");
  for (size_t i = 0; i < list.Size(); ++i) {
    const Client client = ReadClient(list.At(i));
    for (const Client& other : table.clients_) {
      if (other.name == client.name) Refuse(list.At(i).path() + ".name: is there before; must be another");
      if (other.sha256 == client.sha256) Refuse(list.At(i).path() + ".sha256: is there before; must be another token's");
    }
    table.clients_.push_back(client);
  }
  return table;
}

TokenTable TokenTable::Read(const std::filesystem::path& path) {
  const auto text = ReadWholeFile(path);
  if (!text) Refuse("auth.tokens_file: cannot be read; must be a file of tokens' hashes");
  return Parse(*text);
}

bool TokenTable::HasName(const std::string& name) const {
  return std::any_of(clients_.begin(), clients_.end(), [&](const Client& client) { return client.name == name; });
}

const TokenTable::Client* TokenTable::Find(std::string_view token) const {
  Sha256 digest;
  digest.Update(std::as_bytes(std::span(token)));
  const std::string sha256 = digest.Digest();
  const Client* found = nullptr;
  for (const Client& client : clients_) {
    if (CRYPTO_memcmp(client.sha256.data(), sha256.data(), kDigits) == 0) found = &client;
  }
  return found;
}

}  // namespace tuckerseg
