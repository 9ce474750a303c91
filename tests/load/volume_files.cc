#include "tests/load/volume_files.h"

#include <span>
#include <utility>

#include "engine/volume/nifti_writer.h"

namespace tuckerseg::load {

std::vector<VolumeFile> MakeVolumeFiles(const Workload& workload, int threads) {
  std::vector<VolumeFile> files;
  for (const VolumeWish& wish : workload.volumes) {
    VolumeFile file{.name = wish.name, .share = wish.share, .bytes = {}};
    WriteVolume(MakePhantom(wish.phantom, threads).ct, Compression::kGzip,
                [&file](std::span<const std::byte> bytes) { file.bytes.insert(file.bytes.end(), bytes.begin(), bytes.end()); });
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace tuckerseg::load
