#include "engine/phantom/renderer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/parallel.h"

namespace tuckerseg::phantom {
namespace {

constexpr int64_t kTile = 8;
constexpr float kAirHu = -1000;
constexpr float kScannerBlurMm = 0.7F;  // half the width of an edge that the scanner alone makes
constexpr float kTransparent =
    0.004F;  // a share of a voxel too small to change its value by more than rounding

/// The parts that reach into one tile, and of each the solids that do.
struct TilePart {
  const OrganPart* part;
  const TissueLook* look;
  size_t first, count;  // in TileParts::solids
};
struct TileParts {
  std::vector<TilePart> parts;
  std::vector<const Primitive*> solids;

  std::span<const Primitive* const> SolidsOf(const TilePart& part) const {
    return {solids.data() + part.first, part.count};
  }
};

class Sampler {
 public:
  Sampler(const Anatomy& anatomy, const BodyDeformation& deformation, const ScanGrid& grid, uint64_t seed);

  void RenderTile(int64_t tile, TileParts& near, std::span<std::byte> voxels,
                  std::span<uint16_t> labels) const;
  int64_t TileCount() const { return tiles_[0] * tiles_[1] * tiles_[2]; }

 private:
  struct PartBounds {
    BoxMm all;
    std::vector<BoxMm> solids;
  };
  struct Sample {
    float hu;
    uint16_t label;
  };

  void Gather(const BoxMm& scanner, TileParts& near) const;
  Sample At(Point scanner, const TileParts& near) const;
  float Outside(Point scanner) const;
  float Noise(int64_t x, int64_t y, int64_t z) const;

  const Anatomy& anatomy_;
  const BodyDeformation& deformation_;
  const ScanGrid& grid_;
  uint64_t seed_;
  float edge_mm_;  // half the width of an edge, in the body's millimetres
  float noise_hu_;
  Index3 tiles_{};
  std::vector<PartBounds> bounds_;
};

Sampler::Sampler(const Anatomy& anatomy, const BodyDeformation& deformation, const ScanGrid& grid,
                 uint64_t seed)
    : anatomy_(anatomy), deformation_(deformation), grid_(grid), seed_(seed) {
  const float voxel_mm = grid.VoxelMm();
  edge_mm_ = (0.5F * voxel_mm + kScannerBlurMm) / deformation.scale();
  // Fewer photons in a smaller voxel: the square root of the volume, softened as reconstruction kernels
  // soften it.
  noise_hu_ =
      RandomStream(seed, 0x2015E).Uniform(7, 15) * std::clamp(std::pow(3 / voxel_mm, 0.75F), 0.3F, 3.0F);
  for (size_t axis = 0; axis < 3; ++axis) tiles_[axis] = (grid.shape[axis] + kTile - 1) / kTile;
  for (const OrganPart& part : anatomy.parts) {
    PartBounds bounds{part.shape.Bounds().Grown(edge_mm_), {}};
    for (const Primitive& primitive : part.shape.primitives)
      bounds.solids.push_back(Bounds(primitive).Grown(edge_mm_ + part.shape.blend_mm));
    bounds_.push_back(std::move(bounds));
  }
}

void Sampler::Gather(const BoxMm& scanner, TileParts& near) const {
  near.parts.clear();
  near.solids.clear();
  const BoxMm box = deformation_.BoundsInBody(scanner);
  const Point centre = (box.low + box.high) * 0.5F;
  // Distances of ellipsoids and columns are right to first order only: half as much again is on the safe
  // side.
  const float reach = 0.75F * Length(box.high - box.low) + edge_mm_;
  for (size_t p = 0; p < anatomy_.parts.size(); ++p) {
    const OrganPart& part = anatomy_.parts[p];
    if (!bounds_[p].all.Meets(box)) continue;
    TilePart tile_part{&part, &anatomy_.looks[static_cast<size_t>(part.tissue)], near.solids.size(), 0};
    for (size_t s = 0; s < part.shape.primitives.size(); ++s)
      if (bounds_[p].solids[s].Meets(box)) near.solids.push_back(&part.shape.primitives[s]);
    tile_part.count = near.solids.size() - tile_part.first;
    if (tile_part.count == 0 && !part.shape.primitives.empty()) continue;
    const float distance = part.shape.Distance(centre, near.SolidsOf(tile_part));
    if (distance > reach) {
      near.solids.resize(tile_part.first);
      continue;
    }
    near.parts.push_back(tile_part);
    if (distance < -reach) break;  // fills the tile: nothing behind it is seen
  }
}

Sampler::Sample Sampler::At(Point scanner, const TileParts& near) const {
  const Point p = deformation_.ToBody(scanner);
  Sample sample{0, kUnlabelled};
  float left = 1;
  bool owned = false;
  for (const TilePart& tile_part : near.parts) {
    const float distance = tile_part.part->shape.Distance(p, near.SolidsOf(tile_part));
    if (distance >= edge_mm_) continue;
    if (!owned && distance < 0) {
      owned = true;
      sample.label = tile_part.part->label;
    }
    const float t = std::clamp(0.5F - 0.5F * distance / edge_mm_, 0.0F, 1.0F);
    const float share = left * t * t * (3 - 2 * t);
    float hu = HounsfieldUnits(*tile_part.look, seed_, p, -distance);
    if (p.y > tile_part.part->gas_above_y && -distance > tile_part.look->rim_mm) hu = -940;
    sample.hu += share * hu;
    left -= share;
    if (owned && left < kTransparent) break;
  }
  sample.hu += left * (left > kTransparent ? Outside(scanner) : sample.hu);
  return sample;
}

/// Air, and the table: a shell with foam inside. It lies in the scanner, so it does not bend with the
/// patient.
float Sampler::Outside(Point scanner) const {
  const float table = anatomy_.table_y - scanner.y + 0.0004F * scanner.x * scanner.x;
  constexpr float kThickness = 20, kShell = 3, kHalfWidth = 205;
  if (table < 0 || table > kThickness || std::abs(scanner.x) > kHalfWidth) return kAirHu;
  const bool shell =
      table < kShell || table > kThickness - kShell || std::abs(scanner.x) > kHalfWidth - kShell;
  return shell ? anatomy_.looks[static_cast<size_t>(Tissue::kTable)].hu : -910;
}

/// Neighbours share some of their noise, as reconstruction leaves it.
float Sampler::Noise(int64_t x, int64_t y, int64_t z) const {
  const uint64_t seed = Mix(seed_ + 0x2015E);
  const float beside = WhiteNoise(seed, x - 1, y, z) + WhiteNoise(seed, x + 1, y, z) +
                       WhiteNoise(seed, x, y - 1, z) + WhiteNoise(seed, x, y + 1, z);
  return noise_hu_ * (0.76F * WhiteNoise(seed, x, y, z) + 0.32F * beside);
}

void Sampler::RenderTile(int64_t tile, TileParts& near, std::span<std::byte> voxels,
                         std::span<uint16_t> labels) const {
  const Index3 low{tile % tiles_[0] * kTile, tile / tiles_[0] % tiles_[1] * kTile,
                   tile / (tiles_[0] * tiles_[1]) * kTile};
  Index3 high{};
  for (size_t axis = 0; axis < 3; ++axis) high[axis] = std::min(low[axis] + kTile, grid_.shape[axis]);
  BoxMm box;
  for (int corner = 0; corner < 8; ++corner)
    box.Include(grid_.Centre(corner & 1 ? high[0] - 1 : low[0], corner & 2 ? high[1] - 1 : low[1],
                             corner & 4 ? high[2] - 1 : low[2]));
  Gather(box, near);
  for (int64_t z = low[2]; z < high[2]; ++z) {
    for (int64_t y = low[1]; y < high[1]; ++y) {
      for (int64_t x = low[0]; x < high[0]; ++x) {
        const Sample sample = At(grid_.Centre(x, y, z), near);
        const auto at = static_cast<size_t>(grid_.file_first + x * grid_.file_strides[0] +
                                            y * grid_.file_strides[1] + z * grid_.file_strides[2]);
        labels[at] = sample.label;
        const auto stored =
            static_cast<int16_t>(std::lround(std::clamp(sample.hu + Noise(x, y, z), -1024.0F, 3071.0F)));
        std::memcpy(voxels.data() + at * sizeof(stored), &stored, sizeof(stored));
      }
    }
  }
}

}  // namespace

void Render(const Anatomy& anatomy, const BodyDeformation& deformation, const ScanGrid& grid, uint64_t seed,
            int threads, std::span<std::byte> voxels, std::span<uint16_t> labels) {
  const Sampler sampler(anatomy, deformation, grid, seed);
  ParallelFor(threads, sampler.TileCount(), [&](int64_t begin, int64_t end) {
    TileParts near;
    for (int64_t tile = begin; tile < end; ++tile) sampler.RenderTile(tile, near, voxels, labels);
  });
}

}  // namespace tuckerseg::phantom
