// What a stream can make the reader allocate. Its own program, because it counts what operator new gives, and looks at the process.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
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

#if !defined(__SANITIZE_ADDRESS__) && !defined(_GLIBCXX_TSAN)  // their shadow of what is asked for is memory too

/// Of this process: address space, and what of it is in memory.
struct ProcessMemory {
  size_t room = 0;
  size_t resident = 0;
};

ProcessMemory MemoryOfProcess() {
  std::ifstream file("/proc/self/statm");
  ProcessMemory pages;
  file >> pages.room >> pages.resident;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return {pages.room * page, pages.resident * page};
}

constexpr size_t kLargePage = 2 * kMebibyte;  // the one that is being filled
constexpr size_t kOther = 4 * kMebibyte;      // of the test's own

TEST(NiftiReaderMemory, RoomForAnAnnouncementOfGibibytesIsBoundedAndTakesNoMemory) {
  const auto bytes = NiftiBuilder().Dim(1, 2048).Dim(2, 1024).Dim(3, 1024).Type(64, 64).Bytes();  // 16 GiB, and a few voxels
  const ProcessMemory before = MemoryOfProcess();
  NiftiReader reader;
  reader.Feed(bytes);
  const ProcessMemory after = MemoryOfProcess();
  EXPECT_LE(after.room, before.room + 256 * kMebibyte + kOther);
  EXPECT_LE(after.resident, before.resident + kLargePage + kOther);
}

TEST(NiftiReaderMemory, RoomForTheVolumeTakesMemoryOnlyAsBytesCome) {
  const auto bytes = NiftiBuilder().Shape({512, 512, 128}).Bytes();  // 64 MiB
  const ProcessMemory before = MemoryOfProcess();
  NiftiReader reader;
  size_t fed = 0;
  for (; fed + 4096 < bytes.size(); fed += 4096) {
    reader.Feed(std::span(bytes).subspan(fed, 4096));
    EXPECT_LE(MemoryOfProcess().resident, before.resident + fed + kLargePage + kOther);
  }
  reader.Feed(std::span(bytes).subspan(fed));
  EXPECT_EQ(reader.Finish().volume.voxels.capacity(), 64 * kMebibyte) << "no room beyond the volume";
}

/// Header of 320 MiB of voxels, then slices that hold their own number.
Volume ReadLargeVolume(bool room_for_all, size_t* most_room) {
  constexpr int64_t kSlices = 640;
  NiftiReader reader;
  const std::vector<std::byte> file = NiftiBuilder().Dim(1, 512).Dim(2, 512).Dim(3, kSlices).Bytes();
  reader.Feed(std::span(file).first(352));
  if (room_for_all) reader.MakeRoomForAll();
  for (int64_t k = 0; k < kSlices; ++k) {
    const std::vector<int16_t> slice(512 * 512, static_cast<int16_t>(k));
    reader.Feed(std::as_bytes(std::span(slice)));
    *most_room = std::max(*most_room, MemoryOfProcess().room);
  }
  return reader.Finish().volume;
}

TEST(NiftiReaderMemory, VolumesBeyondTheFirstRoomKeepTheirVoxelsAndAreCopiedOnlyWhereTheCallerAskedForNoRoom) {
  for (const bool room_for_all : {false, true}) {
    const size_t before = MemoryOfProcess().room;
    size_t most_room = 0;
    const Volume volume = ReadLargeVolume(room_for_all, &most_room);
    EXPECT_EQ(volume.voxels.size(), 320 * kMebibyte);
    for (size_t k = 0; k < 640; ++k) {
      int16_t first = 0;
      std::memcpy(&first, volume.voxels.data() + k * 512 * 512 * sizeof(int16_t), sizeof(first));
      ASSERT_EQ(first, static_cast<int16_t>(k));
    }
    if (room_for_all) {
      EXPECT_LE(most_room, before + 320 * kMebibyte + kOther);
    }
  }
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
