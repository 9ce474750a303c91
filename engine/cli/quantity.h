/// Reads durations and sizes as people write them on a command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tuckerseg {

/// "500ms", "30s", "5m", "1.5h"; a bare number is seconds. Errors: kInvalidArgument for anything else, and outside (0, 7 days].
std::chrono::milliseconds ParseDuration(const std::string& text);

/// "4GiB", "512MiB", "64KiB", "2GB", "100MB", "10kB"; a bare number is bytes. Errors: kInvalidArgument for anything else, and
/// outside [1, 2^50].
uint64_t ParseBytes(const std::string& text);

}  // namespace tuckerseg
