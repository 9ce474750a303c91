#include "server/observe/rotated_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// For the server's user and its group: whoever looks after it.
constexpr mode_t kMode = 0640;
/// Read too, for the last byte. Without waiting: what is written to a pipe that nobody empties is lost, and holds nobody up.
constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
/// As many as Linux follows.
constexpr int kMostLinks = 40;

[[noreturn]] void Refuse(const std::string& key) {
  throw Error(ErrorCode::kInvalidArgument, key + ": cannot be opened for writing; must be a file that this server may write");
}

bool May(const std::filesystem::path& path, int rights) { return faccessat(AT_FDCWD, path.c_str(), rights, AT_EACCESS) == 0; }

/// Where a file would be made of this name: a link may lead to where there is none yet.
std::filesystem::path Target(std::filesystem::path path) {
  std::error_code error;
  for (int links = 0; links < kMostLinks && std::filesystem::is_symlink(path, error); ++links) path = path.parent_path() / std::filesystem::read_symlink(path, error);
  return path;
}

/// A file could be made in its folder.
bool MayBeMade(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  return May(folder.empty() ? "." : folder, W_OK | X_OK);
}

bool CanBeOpened(const std::string& path) {
  const int descriptor = open(path.c_str(), kFlags);
  if (descriptor >= 0) close(descriptor);
  return descriptor >= 0;
}

}  // namespace

RotatedFile::RotatedFile(const std::string& key, std::string path, int64_t max_bytes) : path_(std::move(path)), max_bytes_(max_bytes) {
  if (!Open()) Refuse(key);
}

void RotatedFile::Check(const std::string& key, const std::string& path) {
  struct stat status {};
  const bool there = stat(path.c_str(), &status) == 0;
  bool good = false;
  if (!there) {
    good = errno == ENOENT && MayBeMade(Target(path));
  } else if (S_ISFIFO(status.st_mode)) {
    good = May(path, R_OK | W_OK);  // whoever reads a pipe would take the end of this look for the end of what is written
  } else {
    good = CanBeOpened(path);
  }
  if (!good) Refuse(key);
}

RotatedFile::~RotatedFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool RotatedFile::Open() {
  descriptor_ = open(path_.c_str(), kFlags | O_CREAT, kMode);
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
