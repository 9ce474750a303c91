#include "server/random_id.h"

#include <cstdint>
#include <random>

namespace tuckerseg {

std::string RandomId() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int word = 0; word < 4; ++word) {
    uint32_t bits = random();
    for (int i = 0; i < 8; ++i, bits >>= 4) id += kHex[bits & 0xFU];
  }
  return id;
}

}  // namespace tuckerseg
