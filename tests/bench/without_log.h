/// Keeps the log of a server in this process out of what a bench prints.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "engine/error.h"

namespace tuckerseg {

/// While it lives the server in this process logs to nowhere: its lines would stand in the table.
class WithoutLog {
 public:
  WithoutLog() : output_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (output_ < 0 || nowhere < 0) throw Error(ErrorCode::kInternal, "standard output: cannot be turned to /dev/null");
    dup2(nowhere, STDOUT_FILENO);
    close(nowhere);
  }
  ~WithoutLog() {
    std::fflush(stdout);
    dup2(output_, STDOUT_FILENO);
    close(output_);
  }
  WithoutLog(const WithoutLog&) = delete;
  WithoutLog& operator=(const WithoutLog&) = delete;

 private:
  const int output_;
};

}  // namespace tuckerseg
