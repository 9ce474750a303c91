// What a stream can make the reader allocate. Its own program, because it counts every allocation.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>

#include "engine/error.h"
#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/nifti_builder.h"

namespace {

std::atomic<size_t> largest_allocation{0};

}  // namespace

void* operator new(size_t size) {
  size_t largest = largest_allocation.load();
  while (size > largest && !largest_allocation.compare_exchange_weak(largest, size)) {
  }
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace tuckerseg {
namespace {

constexpr size_t kMebibyte = size_t{1} << 20;

TEST(NiftiReaderMemory, AnAnnouncementOfGibibytesCostsNothing) {
  const auto bytes = NiftiBuilder().Dim(1, 2048).Dim(2, 1024).Dim(3, 1024).Type(64, 64).Bytes();  // 16 GiB
  largest_allocation = 0;
  NiftiReader reader;
  reader.Feed(bytes);
  EXPECT_THROW(reader.Finish(), Error);
  EXPECT_LT(largest_allocation, kMebibyte);
}

TEST(NiftiReaderMemory, AnAnnouncementOfLongExtensionsCostsNothing) {
  const auto bytes = NiftiBuilder().VoxOffset(352 + 16777216).Bytes();
  largest_allocation = 0;
  NiftiReader reader;
  reader.Feed(bytes);
  EXPECT_THROW(reader.Finish(), Error);
  EXPECT_LT(largest_allocation, kMebibyte);
}

#ifndef __SANITIZE_ADDRESS__  // its shadow of what is asked for is memory too

size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0;
  size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

TEST(NiftiReaderMemory, RoomForTheVolumeTakesMemoryOnlyAsBytesCome) {
  const auto bytes = NiftiBuilder().Shape({512, 512, 128}).Bytes();  // 64 MiB
  const size_t before = ResidentBytes();
  NiftiReader reader;
  size_t fed = 0;
  for (; fed + 4096 < bytes.size(); fed += 4096) {
    reader.Feed(std::span(bytes).subspan(fed, 4096));
    EXPECT_LE(ResidentBytes(), before + fed + 6 * kMebibyte) << "a large page at the end is not yet full";
  }
  reader.Feed(std::span(bytes).subspan(fed));
  EXPECT_EQ(reader.Finish().volume.voxels.capacity(), 64 * kMebibyte) << "no room beyond the volume";
}

#endif

TEST(NiftiReaderMemory, ABombIsStoppedBeforeItHasUnfolded) {
  std::vector<std::byte> bytes = NiftiBuilder().Bytes();
  bytes.resize(bytes.size() + 64 * kMebibyte);
  const auto bomb = Gzipped(bytes);
  bytes = {};
  largest_allocation = 0;
  NiftiReader reader;
  EXPECT_THROW(reader.Feed(bomb), Error);
  EXPECT_LT(largest_allocation, kMebibyte);
}

}  // namespace
}  // namespace tuckerseg
