#include "compression/bench/volume_latency.h"

#include <chrono>
#include <cmath>

#include "engine/segment/segmenter.h"

namespace tuckerseg {
namespace {

Spacing3 RoundedSpacing(Spacing3 spacing_mm) {
  for (double& value : spacing_mm) value = std::round(value * 1e6) / 1e6;
  return spacing_mm;
}

}  // namespace

VolumeTime MeasureVolume(const Bundle& bundle, const ExecutorFactory& factory, const Volume& volume, int threads, PeakMemory& memory) {
  VolumeTime time{.shape = volume.geometry.shape, .spacing_mm = RoundedSpacing(volume.geometry.AffineSpacingMm())};
  memory.Begin();
  Segmenter segmenter(bundle, factory);
  const auto begin = std::chrono::steady_clock::now();
  segmenter.Segment(volume, {.threads = threads}, {}, [&time](const Progress& progress) { time.patches = progress.patches_done; });
  time.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  time.peak_bytes = memory.Bytes();
  return time;
}

}  // namespace tuckerseg
