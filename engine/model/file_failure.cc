#include "engine/model/file_failure.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "engine/model/file_descriptor.h"

namespace tuckerseg {
namespace {

constexpr int kPassing[] = {EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR, ESTALE, ENOTCONN, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH};

bool IsPassing(int error_number) { return std::find(std::begin(kPassing), std::end(kPassing), error_number) != std::end(kPassing); }

}  // namespace

bool SaysNothingOfTheFile(int error_number) {
  return error_number == EIO || IsPassing(error_number);  // EIO: a broken disk's, but a share's too that has not answered in time
}

ErrorCode CodeOfFileFailure(int error_number) { return IsPassing(error_number) ? ErrorCode::kUnavailable : ErrorCode::kNotFound; }

ErrorCode CodeOfUnreadFile(const std::filesystem::path& path) {
  const FileDescriptor file(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status {};
  if (file.number() < 0 || fstat(file.number(), &status) != 0) return CodeOfFileFailure(errno);
  if (!S_ISREG(status.st_mode)) return ErrorCode::kNotFound;
  std::array<char, 1 << 14> bytes;
  for (;;) {
    const ssize_t count = read(file.number(), bytes.data(), bytes.size());
    if (count < 0) return CodeOfFileFailure(errno);
    if (count == 0) return ErrorCode::kUnavailable;
  }
}

}  // namespace tuckerseg
