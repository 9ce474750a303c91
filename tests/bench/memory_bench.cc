/// What a server holds at its peak while it segments a large phantom: measured, predicted, and beside it what nnU-Net's own buffers
/// would take. `tuckerseg-memory-bench large` is the 1.5 mm network on 512 x 512 x 600 voxels (minutes); `sweep` a narrow network over
/// class counts and lengths of the volume. Prints one CSV line a measurement.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "client/lib/client.h"
#include "engine/model/bundle.h"
#include "engine/model/unet_builder.h"
#include "engine/segment/memory_plan.h"
#include "engine/segment/patch_grid.h"
#include "engine/segment/preprocess.h"
#include "server/schedule/idle_heap.h"
#include "tests/bench/phantom_file.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/integration/server_process.h"

namespace tuckerseg {
namespace {

constexpr double kGib = 1 << 30;

/// TotalSegmentator's pipeline at 1.5 mm around a U-Net of these features with random weights.
Bundle BenchBundle(const std::vector<int64_t>& features, int64_t classes, const Size3& patch) {
  UnetPlan plan;
  plan.features = features;
  plan.out_channels = classes;
  plan.kernels.assign(features.size(), {3, 3, 3});
  plan.strides.assign(features.size(), {2, 2, 2});
  plan.strides.front() = {1, 1, 1};
  plan.encoder_convs.assign(features.size(), 2);
  plan.decoder_convs.assign(features.size() - 1, 2);
  Bundle bundle = TinyBundle(BuildUnet(plan), patch, 1);
  bundle.model.parts.front().spacing_mm = {1.5, 1.5, 1.5};
  bundle.model.pipeline = {.totalsegmentator = true, .spacing_mm = Spacing3d{1.5, 1.5, 1.5}, .resampling_order = 1, .tile_step = 0.8};
  return bundle;
}

Geometry GeometryOf(const Index3& shape, const Spacing3& spacing_mm) {
  Geometry geometry;
  geometry.shape = shape;
  geometry.header_spacing_mm = spacing_mm;
  for (size_t a = 0; a < 3; ++a) geometry.affine_ras.linear[a][a] = spacing_mm[a];
  return geometry;
}

/// nnU-Net 2.8.1 on the same case: image in float32; logits and weights of the padded image in half; one patch's logits in float32; the
/// exported logits in half once more (nnunet-inference sections 4.4 and 5).
int64_t NnunetBytes(const Model& model, const Geometry& geometry) {
  const CaseGeometry image = CaseGeometryOf(geometry, model);
  const ModelPart& part = model.parts.front();
  const PatchGrid grid = MakePatchGrid(image.shape, part.patch_size, model.pipeline.tile_step);
  const int64_t voxels = image.shape[0] * image.shape[1] * image.shape[2];
  const int64_t padded = grid.padded[0] * grid.padded[1] * grid.padded[2];
  const int64_t patch = part.patch_size[0] * part.patch_size[1] * part.patch_size[2];
  const int64_t channels = part.graph.OutChannels();
  return 4 * voxels + 2 * padded * (channels + 1) + 4 * channels * patch + 2 * channels * voxels;
}

void Measure(const char* what, const Bundle& bundle, const Index3& shape, const Spacing3& spacing_mm) {
  const TemporaryDirectory directory;
  SaveBundle(bundle, directory.path() / "models" / "bench");
  const std::vector<std::byte> file = PhantomFile(shape, spacing_mm, 2);
  ServerProcess server({"--models", directory.path() / "models", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"});
  const auto serving = server.WaitForEvent("serving");
  if (!serving) {
    std::fprintf(stderr, "error: server: %s", server.Errors().c_str());
    return;
  }
  Client client("127.0.0.1:" + std::to_string(serving->at("port").get<int>()));
  // LibTorch takes memory once, at the first patch, which it keeps: it belongs to the server, not to a request.
  const std::vector<std::byte> small = PhantomFile({64, 64, 64}, spacing_mm, 2);
  client.Segment({}, [&](const ByteSink& sink) { sink(small); }, {});
  std::this_thread::sleep_for(IdleHeapOptions{}.idle + std::chrono::seconds(2));  // until the heap has given back what that request needed
  const int64_t idle = server.ResidentBytes();
  const auto begin = std::chrono::steady_clock::now();
  client.Segment({}, [&](const ByteSink& sink) { sink(file); }, {});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const Geometry geometry = GeometryOf(shape, spacing_mm);
  const int64_t predicted = PredictPeakBytes(bundle.model, geometry, {.threads = 2}) + 2 * geometry.VoxelCount();
  const int64_t peak = server.PeakResidentBytes();
  std::printf("%s,%lld,%lld x %lld x %lld,%.3f,%.3f,%.3f,%.3f,%.2f,%.1f,%.1f\n", what, static_cast<long long>(bundle.model.parts.front().graph.OutChannels()),
              static_cast<long long>(shape[0]), static_cast<long long>(shape[1]), static_cast<long long>(shape[2]), static_cast<double>(idle) / kGib,
              static_cast<double>(peak) / kGib, static_cast<double>(predicted + idle) / kGib,
              static_cast<double>(NnunetBytes(bundle.model, geometry)) / kGib, static_cast<double>(peak) / static_cast<double>(predicted + idle), seconds,
              static_cast<double>(peak - idle) / static_cast<double>(geometry.VoxelCount()));
  std::fflush(stdout);
}

}  // namespace
}  // namespace tuckerseg

int main(int argc, char** argv) {
  using namespace tuckerseg;
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode != "large" && mode != "sweep") {
    std::fprintf(stderr, "error: %s: must be large or sweep\n", mode.c_str());
    return 2;
  }
  std::printf("measurement,classes,voxels,idle GiB,peak GiB,predicted GiB,nnU-Net's buffers GiB,peak / predicted,seconds,bytes a voxel of the input over idle\n");
  if (mode == "large") {
    Measure("1.5 mm network", BenchBundle({32, 64, 128, 256, 320, 320}, 118, {128, 128, 128}), {512, 512, 600}, {0.8, 0.8, 1});
    return 0;
  }
  for (const int64_t classes : {2, 16, 32, 64, 118}) Measure("classes", BenchBundle({16, 16, 16}, classes, {64, 64, 64}), {192, 192, 240}, {1.6, 1.6, 1.6});
  for (const int64_t length : {60, 120, 240, 480}) Measure("volume", BenchBundle({16, 16, 16}, 118, {64, 64, 64}), {192, 192, length}, {1.6, 1.6, 1.6});
}
