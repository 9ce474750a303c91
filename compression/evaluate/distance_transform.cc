#include "compression/evaluate/distance_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/parallel.h"

namespace tuckerseg {
namespace {

constexpr uint16_t kNone = 65535;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

/// Voxels along k to the nearest of `to` in the same column, kNone where the column holds none.
std::vector<uint16_t> ColumnDistances(std::span<const uint8_t> to, const Index3& shape, int threads) {
  const int64_t plane = shape[0] * shape[1];
  std::vector<uint16_t> steps(to.size());
  ParallelFor(threads, plane, [&](int64_t begin, int64_t end) {
    const auto one_more = [](uint16_t count) { return count == kNone ? kNone : static_cast<uint16_t>(count + 1); };
    for (int64_t k = 0; k < shape[2]; ++k) {
      for (int64_t v = k * plane + begin; v < k * plane + end; ++v) {
        const auto at = static_cast<size_t>(v);
        steps[at] = to[at] != 0 ? uint16_t{0} : k == 0 ? kNone : one_more(steps[static_cast<size_t>(v - plane)]);
      }
    }
    for (int64_t k = shape[2] - 2; k >= 0; --k) {
      for (int64_t v = k * plane + begin; v < k * plane + end; ++v) {
        const auto at = static_cast<size_t>(v);
        steps[at] = std::min(steps[at], one_more(steps[static_cast<size_t>(v + plane)]));
      }
    }
  });
  return steps;
}

/// Places [begin, end) along an axis.
struct Range {
  int64_t begin = std::numeric_limits<int64_t>::max();
  int64_t end = 0;
  void Hold(int64_t place) {
    begin = std::min(begin, place);
    end = std::max(end, place + 1);
  }
};

/// min over q of height[q] + (spacing (p - q))^2 for the asked places p of a line, whose heights are replaced.
class LineEnvelope {
 public:
  LineEnvelope(int64_t length, double spacing_mm)
      : spacing_mm_(spacing_mm), sites_(static_cast<size_t>(length)), begins_(static_cast<size_t>(length) + 1) {}

  void Lower(std::span<double> heights, const Range& asked) {
    const size_t count = Build(heights);
    if (count == 0) return;  // every height is infinite and stays so
    size_t site = 0;
    for (int64_t p = asked.begin; p < asked.end; ++p) {
      const auto place = static_cast<double>(p);
      while (site + 1 < count && begins_[site + 1] < place) ++site;
      const double distance = spacing_mm_ * (place - sites_[site].place);
      heights[static_cast<size_t>(p)] = sites_[site].height + distance * distance;
    }
  }

 private:
  struct Site {
    double place;
    double height;
  };

  /// Where the parabola of `right` falls below that of `left`.
  double Crossing(const Site& left, const Site& right) const {
    const double rise = (right.height - left.height) / (spacing_mm_ * spacing_mm_);
    return (rise + right.place * right.place - left.place * left.place) / (2 * (right.place - left.place));
  }

  /// Number of parabolas that are the lowest somewhere: site n is from begins_[n] on.
  size_t Build(std::span<const double> heights) {
    size_t count = 0;
    for (size_t q = 0; q < heights.size(); ++q) {
      if (heights[q] == kInfinite) continue;
      const Site site{static_cast<double>(q), heights[q]};
      while (count > 1 && Crossing(sites_[count - 1], site) <= begins_[count - 1]) --count;
      begins_[count] = count == 0 ? -kInfinite : Crossing(sites_[count - 1], site);
      sites_[count++] = site;
    }
    return count;
  }

  double spacing_mm_;
  std::vector<Site> sites_;
  std::vector<double> begins_;
};

/// Distances of one slice's voxels; rows first, because most of them are empty and cost nothing.
class Slice {
 public:
  Slice(const Index3& shape, const Spacing3& spacing_mm)
      : width_(shape[0]), height_(shape[1]), spacing_k_mm_(spacing_mm[2]), along_i_(shape[0], spacing_mm[0]),
        along_j_(shape[1], spacing_mm[1]), squared_mm2_(static_cast<size_t>(shape[0] * shape[1])), column_(static_cast<size_t>(shape[1])) {}

  /// Appends the distances of the slice's voxels of `from`; `steps` are its voxels' distances along k.
  void Append(std::span<const uint8_t> from, std::span<const uint16_t> steps, std::vector<double>& distances_mm) {
    FindAsked(from, steps);
    if (asked_i_.end > 0) {
      for (int64_t j = 0; j < height_; ++j) LowerRow(steps, j);
      for (int64_t i = asked_i_.begin; i < asked_i_.end; ++i) LowerColumn(i);
    }
    for (size_t v = 0; v < from.size(); ++v) {
      if (from[v] != 0) distances_mm.push_back(steps[v] == 0 ? 0 : std::sqrt(squared_mm2_[v]));
    }
  }

 private:
  /// The rows and columns of voxels that ask and are not on the target themselves: where surfaces coincide there is little to do.
  void FindAsked(std::span<const uint8_t> from, std::span<const uint16_t> steps) {
    asked_i_ = {};
    asked_j_ = {};
    for (int64_t j = 0; j < height_; ++j) {
      for (int64_t i = 0; i < width_; ++i) {
        const auto v = static_cast<size_t>(j * width_ + i);
        if (from[v] == 0 || steps[v] == 0) continue;
        asked_i_.Hold(i);
        asked_j_.Hold(j);
      }
    }
  }

  void LowerRow(std::span<const uint16_t> steps, int64_t j) {
    const auto begin = static_cast<size_t>(j * width_);
    const std::span<double> row = std::span(squared_mm2_).subspan(begin, static_cast<size_t>(width_));
    for (size_t i = 0; i < row.size(); ++i) {
      const double distance = steps[begin + i] * spacing_k_mm_;
      row[i] = steps[begin + i] == kNone ? kInfinite : distance * distance;
    }
    along_i_.Lower(row, asked_i_);
  }

  void LowerColumn(int64_t i) {
    const auto at = [&](int64_t j) { return static_cast<size_t>(j * width_ + i); };
    for (int64_t j = 0; j < height_; ++j) column_[static_cast<size_t>(j)] = squared_mm2_[at(j)];
    along_j_.Lower(column_, asked_j_);
    for (int64_t j = asked_j_.begin; j < asked_j_.end; ++j) squared_mm2_[at(j)] = column_[static_cast<size_t>(j)];
  }

  int64_t width_;
  int64_t height_;
  double spacing_k_mm_;
  LineEnvelope along_i_;
  LineEnvelope along_j_;
  Range asked_i_;
  Range asked_j_;
  std::vector<double> squared_mm2_;
  std::vector<double> column_;
};

}  // namespace

std::vector<double> NearestDistancesMm(std::span<const uint8_t> from, std::span<const uint8_t> to, const Index3& shape,
                                       const Spacing3& spacing_mm, int threads) {
  const std::vector<uint16_t> steps = ColumnDistances(to, shape, threads);
  const auto plane = static_cast<size_t>(shape[0] * shape[1]);
  std::vector<std::vector<double>> by_slice(static_cast<size_t>(shape[2]));
  ParallelFor(threads, shape[2], [&](int64_t begin, int64_t end) {
    Slice slice(shape, spacing_mm);
    for (auto k = static_cast<size_t>(begin); k < static_cast<size_t>(end); ++k) {
      const std::span<const uint8_t> wanted = from.subspan(k * plane, plane);
      if (std::all_of(wanted.begin(), wanted.end(), [](uint8_t value) { return value == 0; })) continue;
      slice.Append(wanted, std::span(steps).subspan(k * plane, plane), by_slice[k]);
    }
  });
  std::vector<double> distances_mm;
  for (const std::vector<double>& one : by_slice) distances_mm.insert(distances_mm.end(), one.begin(), one.end());
  return distances_mm;
}

}  // namespace tuckerseg
