/// The tokens that clients may show: a file of their hashes, so that the file's reader cannot use them.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/security/role.h"

namespace tuckerseg {

/// Immutable, so thread-safe.
class TokenTable {
 public:
  struct Client {
    std::string name;
    std::string sha256;  ///< of the token, 64 lower-case hexadecimal digits
    std::set<Role> roles;
  };

  TokenTable() = default;
  /// `{"tokens": [{"name": "pacs", "sha256": "...", "roles": ["segment", "observe"]}]}`, at least one.
  /// Errors: kInvalidArgument for what is not so, for a key, a name or a hash that is there twice, and for names that are not 1 to 64 of
  /// `A-Z a-z 0-9 . _ -`. Messages show no value: someone may have written a token where its hash belongs.
  static TokenTable Parse(const std::string& json);
  /// Errors: besides, kInvalidArgument for a file that cannot be read.
  static TokenTable Read(const std::filesystem::path& path);

  bool empty() const { return clients_.empty(); }
  bool HasName(const std::string& name) const;

  /// Whose token this is; null: nobody's. Takes as long for a wrong token as for a right one, whatever they have in common.
  const Client* Find(std::string_view token) const;

 private:
  std::vector<Client> clients_;
};

}  // namespace tuckerseg
