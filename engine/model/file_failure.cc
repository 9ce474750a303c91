#include "engine/model/file_failure.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

namespace tuckerseg {
namespace {

constexpr int kPassing[] = {EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR, EIO, ESTALE, ENOTCONN, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH};

}  // namespace

ErrorCode CodeOfFileFailure(int error_number) {
  return std::find(std::begin(kPassing), std::end(kPassing), error_number) != std::end(kPassing) ? ErrorCode::kUnavailable : ErrorCode::kNotFound;
}

ErrorCode CodeOfUnreadFile(const std::filesystem::path& path) {
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(path, error);
  if (error) return CodeOfFileFailure(error.value());
  return is_file && access(path.c_str(), R_OK) == 0 ? ErrorCode::kUnavailable : ErrorCode::kNotFound;
}

}  // namespace tuckerseg
