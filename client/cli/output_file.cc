#include "client/cli/output_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// An open file that is removed again unless it is kept.
class Beside {
 public:
  explicit Beside(const std::filesystem::path& path) : name_(path.string() + ".XXXXXX"), descriptor_(mkstemp(name_.data())) {
    if (descriptor_ < 0) Fail();
  }
  ~Beside() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!name_.empty()) unlink(name_.c_str());
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  void Write(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) Fail();
      bytes = bytes.subspan(static_cast<size_t>(count));
    }
  }

  void KeepAs(const std::filesystem::path& path) {
    // mkstemp's files are for their owner alone; an ordinary file follows the umask.
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor_, 0666 & ~mask) != 0 || fsync(descriptor_) != 0) Fail();
    if (close(std::exchange(descriptor_, -1)) != 0 || rename(name_.c_str(), path.c_str()) != 0) Fail();
    name_.clear();
  }

 private:
  [[noreturn]] static void Fail() {
    throw Error(ErrorCode::kInternal, std::string("output: cannot be written (") + std::strerror(errno) + "): must be a path with room for it");
  }

  std::string name_;
  int descriptor_;
};

}  // namespace

OutputFile::OutputFile(std::filesystem::path path) : path_(std::move(path)) {
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  std::error_code none;
  if (access(folder.c_str(), W_OK) != 0 || std::filesystem::is_directory(path_, none)) {
    throw Error(ErrorCode::kInvalidArgument, "output: must be a file in a folder that is there and can be written to");
  }
}

void OutputFile::Write(std::span<const std::byte> bytes) const {
  Beside file(path_);
  file.Write(bytes);
  file.KeepAs(path_);
}

}  // namespace tuckerseg
