#include "engine/whole_file.h"

#include <unistd.h>

#include <ios>
#include <iterator>
#include <system_error>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {

WholeFile::WholeFile(std::filesystem::path path) : path_(std::move(path)), partial_(path_) {
  partial_ += ".partial" + std::to_string(getpid());
  stream_.open(partial_, std::ios::binary | std::ios::trunc);
  if (!stream_)
    throw Error(ErrorCode::kInvalidArgument,
                "output: cannot be written: its folder must exist and be writable");
}

WholeFile::~WholeFile() {
  if (committed_) return;
  stream_.close();
  std::error_code ignored;
  std::filesystem::remove(partial_, ignored);
}

void WholeFile::Write(std::span<const std::byte> bytes) {
  stream_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream_)
    throw Error(ErrorCode::kResourceExhausted, "output: writing failed: the disk must have room for it");
}

void WholeFile::Commit() {
  stream_.close();
  if (!stream_)
    throw Error(ErrorCode::kResourceExhausted, "output: writing failed: the disk must have room for it");
  std::error_code error;
  std::filesystem::rename(partial_, path_, error);
  if (error) throw Error(ErrorCode::kInternal, "output: cannot take its name: no folder may have it");
  committed_ = true;
}

std::optional<std::string> ReadWholeFile(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  try {
    return std::string{std::istreambuf_iterator<char>(file), {}};
  } catch (const std::ios_base::failure&) {  // they throw where reading fails, of a share that has gone say, whatever the stream was told
    return std::nullopt;
  }
}

void WriteWholeFile(const std::filesystem::path& path, std::string_view text) {
  WholeFile file(path);
  file.Write(std::as_bytes(std::span(text)));
  file.Commit();
}

}  // namespace tuckerseg
