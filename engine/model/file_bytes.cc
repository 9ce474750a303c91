#include "engine/model/file_bytes.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "engine/error.h"
#include "engine/model/file_descriptor.h"
#include "engine/model/file_failure.h"

namespace tuckerseg {
namespace {

constexpr auto kUnreadable = ": cannot be opened; must be a readable file";

void ReadAll(int file, std::span<std::byte> bytes, const std::string& what) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = read(file, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(CodeOfFileFailure(errno), what + ": cannot be read to its end; must be on a disk that can be read");
    if (count == 0) throw Error(ErrorCode::kDataLoss, what + ": was cut to " + std::to_string(done) + " of its " + std::to_string(bytes.size()) + " bytes while it was read: must be replaced as a whole");
    done += static_cast<size_t>(count);
  }
}

}  // namespace

std::shared_ptr<const FileBytes> FileBytes::Read(const std::filesystem::path& path, const std::string& what) {
  const FileDescriptor file(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe would be waited for
  struct stat status {};
  if (file.number() < 0 || fstat(file.number(), &status) != 0) throw Error(CodeOfFileFailure(errno), what + kUnreadable);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::kNotFound, what + kUnreadable);
  const auto size = static_cast<size_t>(status.st_size);
  const std::shared_ptr<FileBytes> result(new FileBytes());
  if (size == 0) return result;
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) throw Error(ErrorCode::kResourceExhausted, what + ": no memory for its " + std::to_string(size) + " bytes");
  result->bytes_ = {static_cast<std::byte*>(address), size};
  ReadAll(file.number(), result->bytes_, what);
  return result;
}

FileBytes::~FileBytes() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

}  // namespace tuckerseg
