#include "compression/cases/case_digest.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "compression/cases/case_files.h"
#include "tests/compression/sphere_cases.h"
#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {
namespace {

Volume SmallCt() {
  Volume ct = EmptyVolume({3, 1, 2}, 3, VoxelType::kInt16);
  const std::vector<int16_t> voxels{-1000, 0, 40, 60, 1200, -7};
  std::memcpy(ct.voxels.data(), voxels.data(), ct.voxels.size());
  return ct;
}

TEST(CaseDigest, IsThatOfShapeTypeAndVoxelsAsAnotherProgramComputesIt) {
  // hashlib.sha256(b"3 1 2 i2\n" + struct.pack("<6h", -1000, 0, 40, 60, 1200, -7)).hexdigest()[:8]
  EXPECT_EQ(CaseDigest(SmallCt()), "506bb6fc");
}

TEST(CaseDigest, IsTheSameHoweverTheFileIsCalledAndCompressed) {
  const TemporaryDirectory folder;
  const Volume ct = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 1).ct;
  WriteNifti(ct, folder.path() / "compressed.nii.gz");
  {
    std::ofstream plain(folder.path() / "plain.nii", std::ios::binary);
    WriteVolume(ct, Compression::kNone, [&plain](std::span<const std::byte> bytes) {
      plain.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    });
  }
  ASSERT_NE(FileText(folder.path() / "plain.nii"), FileText(folder.path() / "compressed.nii.gz"));
  EXPECT_EQ(CaseDigest(ReadVolume(folder.path() / "plain.nii", "plain")), CaseDigest(ct));
  EXPECT_EQ(CaseDigest(ReadVolume(folder.path() / "compressed.nii.gz", "compressed")), CaseDigest(ct));
}

TEST(CaseDigest, DiffersInOneVoxelInShapeAndInType) {
  const std::string digest = CaseDigest(SmallCt());
  Volume other = SmallCt();
  other.voxels.back() ^= std::byte{1};
  EXPECT_NE(CaseDigest(other), digest);
  other = SmallCt();
  other.geometry.shape = {1, 3, 2};
  EXPECT_NE(CaseDigest(other), digest);
  other = SmallCt();
  other.type = VoxelType::kUint16;
  EXPECT_NE(CaseDigest(other), digest);
}

}  // namespace
}  // namespace tuckerseg
