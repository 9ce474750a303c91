#include "engine/phantom/phantom.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "engine/error.h"
#include "engine/phantom/anatomy.h"
#include "engine/phantom/deformation.h"
#include "engine/phantom/renderer.h"
#include "engine/phantom/scan_grid.h"

namespace tuckerseg {
namespace {

using phantom::StructuresByProminence;

template <typename T>
void Require(bool holds, const char* field, T value, const char* right) {
  if (holds) return;
  std::ostringstream message;
  message << field << " = " << value << right;
  throw Error(ErrorCode::kInvalidArgument, message.str());
}

void Check(const PhantomOptions& options, int threads) {
  constexpr std::array<const char*, 3> kSpacing{"spacing[0]", "spacing[1]", "spacing[2]"};
  for (size_t axis = 0; axis < 3; ++axis)
    Require(options.spacing_mm[axis] > 0 && options.spacing_mm[axis] <= 20, kSpacing[axis],
            options.spacing_mm[axis], " mm: must be in (0, 20]");
  Require(std::abs(options.oblique_degrees) <= 30, "oblique", options.oblique_degrees,
          " degrees: must be in [-30, 30]");
  const int most = static_cast<int>(StructuresByProminence().size());
  std::ostringstream range;
  range << ": must be in [0, " << most << "], where 0 means all";
  Require(options.structures >= 0 && options.structures <= most, "structures", options.structures,
          range.str().c_str());
  Require(threads >= 1, "threads", threads, ": must be at least 1");
}

/// Takes out what was not asked for; what is no structure stays.
void KeepStructures(phantom::Anatomy& anatomy, int count) {
  if (count == 0) return;
  const auto wanted = StructuresByProminence().first(static_cast<size_t>(count));
  std::erase_if(anatomy.parts, [wanted](const phantom::OrganPart& part) {
    return part.label != phantom::kUnlabelled &&
           std::find(wanted.begin(), wanted.end(), part.label) == wanted.end();
  });
}

}  // namespace

ContrastPhase PhaseOfSeed(uint64_t seed) {
  const float draw = phantom::RandomStream(seed, 0x9A5E).Unit();
  return draw < 0.35F   ? ContrastPhase::kNone
         : draw < 0.55F ? ContrastPhase::kArterial
                        : ContrastPhase::kPortalVenous;
}

Phantom MakePhantom(const PhantomOptions& options, int threads) {
  Check(options, threads);
  Phantom result;
  result.phase = options.phase.value_or(PhaseOfSeed(options.seed));
  phantom::Anatomy anatomy = phantom::MakeAnatomy(options.seed, result.phase);
  KeepStructures(anatomy, options.structures);
  const phantom::BodyDeformation deformation(options.seed);
  const phantom::BoxMm field_of_view = phantom::FieldOfView(options.seed, anatomy, deformation);
  anatomy.table_y = field_of_view.low.y + 38;
  const phantom::ScanGrid grid = phantom::MakeScanGrid(options, field_of_view);

  const auto voxels = static_cast<size_t>(grid.geometry.VoxelCount());
  result.ct.geometry = grid.geometry;
  result.ct.voxels.resize(voxels * sizeof(int16_t));
  result.labels.shape = grid.geometry.shape;
  result.labels.labels.resize(voxels);
  phantom::Render(anatomy, deformation, grid, options.seed, threads, result.ct.voxels, result.labels.labels);
  return result;
}

}  // namespace tuckerseg
