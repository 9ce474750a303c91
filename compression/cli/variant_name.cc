#include "compression/cli/variant_name.h"

#include "engine/error.h"
#include "engine/model/plain_name.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

std::string DirectoryName(const std::filesystem::path& directory) {
  const std::filesystem::path path = std::filesystem::absolute(directory).lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

}  // namespace

std::string VariantName(const std::filesystem::path& output, const std::string& wanted) {
  const std::string name = wanted.empty() ? DirectoryName(output) : wanted;
  if (name == kOriginal || name == "auto") {
    throw Error(ErrorCode::kInvalidArgument, (wanted.empty() ? "--output" : "--name") + std::string(" = ") + name + ": must be another name: this one has a meaning of its own" +
                                                 (wanted.empty() ? ", or go with --name" : ""));
  }
  if (IsPlainName(name)) return name;
  throw Error(ErrorCode::kInvalidArgument, (wanted.empty() ? "--output" : "--name") + std::string(" = ") + name + ": must be a name of letters, digits, '_', '-' and '.'" +
                                               (wanted.empty() ? ", or go with --name" : ""));
}

}  // namespace tuckerseg
