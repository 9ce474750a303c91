/// A file descriptor that is closed at the end of its scope.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

namespace tuckerseg {

class FileDescriptor {
 public:
  /// `flags`: of open(2). A file that cannot be opened has a number below 0. A file that is made can be read by everyone.
  FileDescriptor(const std::filesystem::path& path, int flags) : number_(open(path.c_str(), flags, 0644)) {}
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace tuckerseg
