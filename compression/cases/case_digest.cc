#include "compression/cases/case_digest.h"

#include <span>
#include <type_traits>

#include "engine/sha256.h"
#include "engine/volume/voxel_type.h"

namespace tuckerseg {
namespace {

constexpr size_t kDigits = 8;

/// "i2", "u1", "f4".
std::string TypeName(VoxelType type) {
  return VisitVoxelType(type, []<typename T>() {
    std::string name = std::is_floating_point_v<T> ? "f" : std::is_signed_v<T> ? "i" : "u";
    name += std::to_string(sizeof(T));
    return name;
  });
}

}  // namespace

std::string CaseDigest(const Volume& ct) {
  std::string head;
  for (const int64_t size : ct.geometry.shape) head.append(std::to_string(size)).append(" ");
  head.append(TypeName(ct.type)).append("\n");
  Sha256 digest;
  digest.Update(std::as_bytes(std::span(head)));
  digest.Update(ct.voxels);
  return digest.Digest().substr(0, kDigits);
}

}  // namespace tuckerseg
