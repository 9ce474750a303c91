#include "compression/bench/mapped_pages.h"

#include <gtest/gtest.h>

#include <string>

#include "compression/bench/peak_memory.h"
#include "engine/model/mapped_file.h"
#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

TEST(ReadPages, LeavesNothingToCountOfMappedWeights) {
  const TemporaryDirectory folder;
  const auto file = MappedFile::Open(folder.Write("weights", std::string(32 * kMebibyte, 'w')), "weights");
  WeightStore weights;
  weights.AddView("conv.weight", {TensorType::kInt8, {32 * kMebibyte}, file->bytes()}, file);
  ResidentPeak peak;
  peak.Begin();
  ReadPages(weights);
  const auto first = peak.Bytes();
  peak.Begin();
  ReadPages(weights);
  const auto again = peak.Bytes();
  if (!first || !again) GTEST_SKIP() << "/proc/self/clear_refs may not be written here";
  EXPECT_GE(*first, 24 * kMebibyte);
  EXPECT_LE(*again, 8 * kMebibyte);
}

}  // namespace
}  // namespace tuckerseg
