#include "engine/phantom/scan_grid.h"

#include <cmath>
#include <numbers>
#include <sstream>
#include <string>

#include "engine/error.h"
#include "engine/volume/float32.h"

namespace tuckerseg::phantom {
namespace {

constexpr int64_t kMaxVoxels = int64_t{1} << 31;
constexpr int64_t kMaxAxis = 4096;
constexpr float kMarginMm = 12;
constexpr float kTableMm = 30;

/// What one letter of an orientation says.
struct AxisCourse {
  size_t canonical;
  bool flipped;
};

std::array<AxisCourse, 3> ParseOrientation(const std::string& text) {
  constexpr std::string_view kTowards = "RASLPI";
  std::array<AxisCourse, 3> courses{};
  unsigned seen = 0;
  for (size_t axis = 0; axis < 3 && text.size() == 3; ++axis) {
    const size_t at = kTowards.find(text[axis]);
    if (at == std::string_view::npos) break;
    courses[axis] = {at % 3, at >= 3};
    seen |= 1U << (at % 3);
  }
  if (seen == 7) return courses;
  throw Error(
      ErrorCode::kInvalidArgument,
      "orientation: must be three letters, one of R and L, one of A and P, one of S and I, in any order");
}

int64_t VoxelsAcross(float length_mm, double spacing_mm) {
  return std::max<int64_t>(1, std::llround(static_cast<double>(length_mm) / spacing_mm));
}

void CheckSize(const Index3& shape) {
  constexpr std::array<const char*, 3> kNames{"i", "j", "k"};
  double voxels = 1;
  for (size_t axis = 0; axis < 3; ++axis) {
    voxels *= static_cast<double>(shape[axis]);
    if (shape[axis] >= 1 && shape[axis] <= kMaxAxis) continue;
    std::ostringstream message;
    message << "shape along " << kNames[axis] << " = " << shape[axis] << " voxels: must be in [1, "
            << kMaxAxis << "]";
    throw Error(ErrorCode::kInvalidArgument, message.str());
  }
  if (voxels <= static_cast<double>(kMaxVoxels)) return;
  std::ostringstream message;
  message << "shape = " << shape[0] << " x " << shape[1] << " x " << shape[2]
          << ": must have at most 2^31 voxels";
  throw Error(ErrorCode::kResourceExhausted, message.str());
}

/// Rotation about (1, 1, 1): no axis of the grid stays parallel to one of the scanner.
std::array<Point, 3> Directions(double degrees) {
  const double angle = degrees * std::numbers::pi / 180;
  const double c = std::cos(angle), s = std::sin(angle) / std::sqrt(3.0), t = (1 - c) / 3;
  const auto same = static_cast<float>(c + t), next = static_cast<float>(t + s),
             previous = static_cast<float>(t - s);
  return {Point{same, next, previous}, Point{previous, same, next}, Point{next, previous, same}};
}

}  // namespace

float ScanGrid::VoxelMm() const {
  float sum = 0;
  for (const Point& s : step) sum += Dot(s, s);
  return std::sqrt(sum / 3);
}

BoxMm FieldOfView(uint64_t seed, const Anatomy& anatomy, const BodyDeformation& deformation) {
  RandomStream random(seed, 0xF0F);
  const float draw = random.Unit();
  float bottom = random.Uniform(-172, -148), top = random.Uniform(428, 462);
  if (draw > 0.85F)
    bottom = random.Uniform(20, 70);  // chest and upper abdomen
  else if (draw > 0.65F)
    top = random.Uniform(190, 280);  // abdomen and pelvis
  else if (draw > 0.55F)
    bottom = random.Uniform(-120, -40);  // to the iliac crest
  BoxMm body;
  for (float z = bottom; z <= top; z += 20) {
    const ColumnRow row = anatomy.trunk.skin->At(z);
    for (const float x : {-row.radius_x, row.radius_x})
      for (const float y : {row.back_y, row.front_y}) body.Include(deformation.ToScanner({x, y, z}));
  }
  body.low = body.low - Point{kMarginMm, kMarginMm + kTableMm, 0};
  body.high = body.high + Point{kMarginMm, kMarginMm, 0};
  body.low.z = deformation.ToScanner({0, 0, bottom}).z;
  body.high.z = deformation.ToScanner({0, 0, top}).z;
  return body;
}

ScanGrid MakeScanGrid(const PhantomOptions& options, const BoxMm& field_of_view) {
  const std::array<AxisCourse, 3> courses = ParseOrientation(options.orientation);
  const Point size = field_of_view.high - field_of_view.low;
  const std::array<float, 3> lengths{size.x, size.y, size.z};
  ScanGrid grid;
  std::array<double, 3> spacing{};  // canonical
  for (size_t axis = 0; axis < 3; ++axis) {
    const AxisCourse& course = courses[axis];
    spacing[course.canonical] = options.spacing_mm[axis];
    grid.shape[course.canonical] = options.shape
                                       ? (*options.shape)[axis]
                                       : VoxelsAcross(lengths[course.canonical], options.spacing_mm[axis]);
    grid.geometry.shape[axis] = grid.shape[course.canonical];
    grid.geometry.header_spacing_mm[axis] = RoundToFloat32(options.spacing_mm[axis]);
  }
  CheckSize(grid.geometry.shape);

  const std::array<Point, 3> directions = Directions(options.oblique_degrees);
  grid.first = (field_of_view.low + field_of_view.high) * 0.5F;
  for (size_t c = 0; c < 3; ++c) {
    grid.step[c] = directions[c] * static_cast<float>(spacing[c]);
    grid.first = grid.first - grid.step[c] * (0.5F * static_cast<float>(grid.shape[c] - 1));
  }

  Affine& affine = grid.geometry.affine_ras;
  Point corner = grid.first;
  int64_t stride = 1;
  for (size_t axis = 0; axis < 3; ++axis) {
    const auto [c, flipped] = courses[axis];
    const float sign = flipped ? -1.0F : 1.0F;
    const std::array<float, 3> column{grid.step[c].x, grid.step[c].y, grid.step[c].z};
    for (size_t row = 0; row < 3; ++row) affine.linear[row][axis] = static_cast<double>(sign * column[row]);
    grid.file_strides[c] = flipped ? -stride : stride;
    if (flipped) {
      corner = corner + grid.step[c] * static_cast<float>(grid.shape[c] - 1);
      grid.file_first += stride * (grid.shape[c] - 1);
    }
    stride *= grid.shape[c];
  }
  affine.translation = {static_cast<double>(corner.x), static_cast<double>(corner.y),
                        static_cast<double>(corner.z)};
  return grid;
}

}  // namespace tuckerseg::phantom
