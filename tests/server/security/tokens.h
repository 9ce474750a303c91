/// Files of tokens.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/sha256.h"

namespace tuckerseg {

struct TestToken {
  std::string name;
  std::string token;
  std::string roles;  ///< as in JSON: `"segment", "observe"`
};

inline std::string TokensJson(const std::vector<TestToken>& tokens) {
  std::string json;
  for (const TestToken& token : tokens) {
    Sha256 digest;
    digest.Update(std::as_bytes(std::span(token.token)));
    json += (json.empty() ? "" : ", ") + std::string(R"({"name": ")") + token.name + R"(", "sha256": ")" + digest.Digest() + R"(", "roles": [)" + token.roles + "]}";
  }
  return R"({"tokens": [)" + json + "]}";
}

}  // namespace tuckerseg
