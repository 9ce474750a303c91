#include "compression/cli/bench_display.h"

#include <unistd.h>

#include <cstdio>

namespace tuckerseg {
namespace {

constexpr auto kClearLine = "\r\033[K";

}  // namespace

BenchDisplay::BenchDisplay(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

BenchDisplay::~BenchDisplay() {
  if (!quiet_ && terminal_) std::fprintf(stderr, "%s", kClearLine);
}

void BenchDisplay::Show(const std::string& variant, int64_t done, int64_t total) const {
  if (quiet_) return;
  std::fprintf(stderr, "%s%lld/%lld: %s%s", terminal_ ? kClearLine : "", static_cast<long long>(done), static_cast<long long>(total), variant.c_str(),
               terminal_ ? "" : "\n");
}

}  // namespace tuckerseg
