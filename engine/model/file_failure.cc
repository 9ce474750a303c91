#include "engine/model/file_failure.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "engine/model/file_descriptor.h"

namespace tuckerseg {
namespace {

constexpr int kPassing[] = {EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR, ESTALE, ENOTCONN, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH};

}  // namespace

ErrorCode CodeOfFileFailure(int error_number) {
  return std::find(std::begin(kPassing), std::end(kPassing), error_number) != std::end(kPassing) ? ErrorCode::kUnavailable : ErrorCode::kNotFound;
}

ErrorCode CodeOfUnreadFile(const std::filesystem::path& path) {
  const FileDescriptor file(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char byte = 0;
  if (file.number() >= 0 && read(file.number(), &byte, 1) >= 0) return ErrorCode::kUnavailable;  // by now it can be read
  return CodeOfFileFailure(errno);
}

}  // namespace tuckerseg
