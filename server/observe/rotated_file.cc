#include "server/observe/rotated_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// For the server's user and its group: whoever looks after it.
constexpr mode_t kMode = 0640;

}  // namespace

RotatedFile::RotatedFile(const std::string& key, std::string path, int64_t max_bytes) : path_(std::move(path)), max_bytes_(max_bytes) {
  if (!Open()) throw Error(ErrorCode::kInvalidArgument, key + ": cannot be opened for writing; must be a file that this server may write");
}

RotatedFile::~RotatedFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool RotatedFile::Open() {
  // Read too, for the last byte. Without waiting: what is written to a pipe that nobody empties is lost, and holds nobody up.
  descriptor_ = open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode);
  struct stat status {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) {
    error_ = errno;
    return false;
  }
  size_ = status.st_size;
  regular_ = S_ISREG(status.st_mode);
  char last = '\n';
  // A server that was killed may have left half a line: the next one begins on a line of its own.
  if (size_ > 0 && pread(descriptor_, &last, 1, size_ - 1) == 1 && last != '\n') Write("\n");
  return true;
}

bool RotatedFile::PutAside() {
  close(descriptor_);
  descriptor_ = -1;
  if (std::rename(path_.c_str(), (path_ + ".1").c_str()) == 0) return Open();
  error_ = errno;
  return false;
}

bool RotatedFile::Write(const std::string& bytes) {
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = write(descriptor_, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      error_ = count < 0 ? errno : EIO;
      // Half a line would spoil the next one.
      if (written > 0 && ftruncate(descriptor_, size_) != 0) size_ += static_cast<int64_t>(written);
      return false;
    }
    written += static_cast<size_t>(count);
  }
  size_ += static_cast<int64_t>(written);
  return true;
}

bool RotatedFile::Append(const std::string& line) {
  if (descriptor_ < 0 && !Open()) return false;
  const auto bytes = static_cast<int64_t>(line.size()) + 1;
  if (regular_ && size_ > 0 && size_ + bytes > max_bytes_ && !PutAside()) return false;
  return Write(line + "\n");
}

}  // namespace tuckerseg
