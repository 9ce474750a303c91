#include "engine/model/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "engine/error.h"
#include "engine/model/file_descriptor.h"
#include "engine/model/file_failure.h"

namespace tuckerseg {
namespace {

constexpr auto kUnreadable = ": cannot be opened; must be a readable file";

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::Open(const std::filesystem::path& path, const std::string& what) {
  const FileDescriptor file(path, O_RDONLY | O_CLOEXEC);  // the mapping outlives it
  struct stat status {};
  if (file.number() < 0 || fstat(file.number(), &status) != 0) throw Error(CodeOfFileFailure(errno), what + kUnreadable);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::kNotFound, what + kUnreadable);
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile({}));
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (address == MAP_FAILED) throw Error(errno == ENOMEM ? ErrorCode::kResourceExhausted : ErrorCode::kInternal, what + ": cannot be mapped into memory");
  return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(address), size}));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace tuckerseg
