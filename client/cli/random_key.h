/// A name for a request that no other request has.
#pragma once

#include <string>

namespace tuckerseg {

/// 128 random bits in hexadecimal: an idempotency key that nobody else guesses.
std::string RandomKey();

}  // namespace tuckerseg
