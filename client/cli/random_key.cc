#include "client/cli/random_key.h"

#include <cstdio>
#include <random>

namespace tuckerseg {

std::string RandomKey() {
  std::random_device random;  // the system's own: no seed, so that no two processes share one
  std::string key;
  for (int word = 0; word < 4; ++word) {
    char digits[9];
    std::snprintf(digits, sizeof(digits), "%08x", random());
    key += digits;
  }
  return key;
}

}  // namespace tuckerseg
