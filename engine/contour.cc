#include "engine/contour.h"

#include <algorithm>
#include <utility>

namespace tuckerseg {
namespace {

/// Labels with a border of background around them, so that every outline is closed.
class Padded {
 public:
  explicit Padded(const LabelPlane& plane) : plane_(plane) {}
  int64_t width() const { return plane_.width + 2; }
  int64_t height() const { return plane_.height + 2; }
  uint16_t At(int64_t u, int64_t v) const {
    if (u < 1 || v < 1 || u > plane_.width || v > plane_.height) return 0;
    return plane_.labels[static_cast<size_t>((v - 1) * plane_.width + u - 1)];
  }

 private:
  const LabelPlane& plane_;
};

/// A place half-way between two neighbours: that between (u, v) and (u + 1, v) is 2 * (v * width + u), that between (u, v) and
/// (u, v + 1) one more.
using Midpoint = int64_t;
using Segment = std::pair<Midpoint, Midpoint>;

Point PointOf(Midpoint midpoint, int64_t width) {
  const auto u = static_cast<double>(midpoint / 2 % width);
  const auto v = static_cast<double>(midpoint / 2 / width);
  return midpoint % 2 == 0 ? Point{u, v - 0.5} : Point{u - 0.5, v};
}

/// The segments of each label, those of a cell between four samples after those of another. Each run of a label's corners,
/// clockwise, is cut off by one segment; as neighbours walk their common edge in opposite directions, where one segment ends
/// exactly one begins.
std::map<uint16_t, std::vector<Segment>> Segments(const Padded& labels) {
  std::map<uint16_t, std::vector<Segment>> segments;
  const int64_t width = labels.width();
  for (int64_t v = 0; v + 1 < labels.height(); ++v)
    for (int64_t u = 0; u + 1 < width; ++u) {
      const std::array<uint16_t, 4> corners{labels.At(u, v), labels.At(u + 1, v), labels.At(u + 1, v + 1), labels.At(u, v + 1)};
      if (corners[0] == corners[1] && corners[1] == corners[2] && corners[2] == corners[3]) continue;
      const Midpoint here = 2 * (v * width + u);
      // edges[c] lies between corner c and the next.
      const std::array<Midpoint, 4> edges{here, here + 3, here + 2 * width, here + 1};
      for (size_t c = 0; c < 4; ++c) {
        const uint16_t label = corners[c];
        if (label == 0 || corners[(c + 3) % 4] == label) continue;  // not the first of a run
        size_t last = c;
        while (corners[(last + 1) % 4] == label) last = (last + 1) % 4;
        segments[label].emplace_back(edges[(c + 3) % 4], edges[last]);
      }
    }
  return segments;
}

/// Chaikin's corner cutting, once: each corner becomes two points, at a quarter of the lines that meet there.
Loop CornersCut(const Loop& loop) {
  Loop cut;
  for (size_t i = 0; i < loop.size(); ++i) {
    const Point& a = loop[i];
    const Point& b = loop[(i + 1) % loop.size()];
    cut.push_back({0.75 * a[0] + 0.25 * b[0], 0.75 * a[1] + 0.25 * b[1]});
    cut.push_back({0.25 * a[0] + 0.75 * b[0], 0.25 * a[1] + 0.75 * b[1]});
  }
  return cut;
}

std::vector<Loop> Joined(std::vector<Segment> segments, int64_t width) {
  std::sort(segments.begin(), segments.end());
  std::vector<bool> used(segments.size(), false);
  std::vector<Loop> loops;
  for (size_t first = 0; first < segments.size(); ++first) {
    if (used[first]) continue;
    Loop loop;
    for (size_t at = first; !used[at];) {
      used[at] = true;
      loop.push_back(PointOf(segments[at].first, width));
      const auto next = std::lower_bound(segments.begin(), segments.end(), Segment{segments[at].second, 0});
      at = static_cast<size_t>(next - segments.begin());
    }
    loops.push_back(CornersCut(loop));
  }
  return loops;
}

}  // namespace

std::map<uint16_t, std::vector<Loop>> Contours(const LabelPlane& plane) {
  const Padded labels(plane);
  std::map<uint16_t, std::vector<Loop>> contours;
  for (auto& [label, segments] : Segments(labels)) contours[label] = Joined(std::move(segments), labels.width());
  return contours;
}

std::map<uint16_t, Inside> WidestPlaces(const LabelPlane& plane) {
  // City-block distance to the nearest sample of another label, by one pass from each end.
  const Padded labels(plane);
  const int64_t width = labels.width();
  std::vector<int32_t> distance(static_cast<size_t>(width * labels.height()), 0);
  const auto relax = [&](int64_t u, int64_t v, int64_t step) {
    if (labels.At(u, v) == 0) return;
    int32_t& here = distance[static_cast<size_t>(v * width + u)];
    const auto from = [&](int64_t u2, int64_t v2) {
      return labels.At(u2, v2) == labels.At(u, v) ? distance[static_cast<size_t>(v2 * width + u2)] + 1 : 1;
    };
    const int32_t nearest = std::min(from(u + step, v), from(u, v + step));
    here = here == 0 ? nearest : std::min(here, nearest);
  };
  for (int64_t v = 1; v <= plane.height; ++v)
    for (int64_t u = 1; u <= plane.width; ++u) relax(u, v, -1);
  std::map<uint16_t, Inside> places;
  for (int64_t v = plane.height; v >= 1; --v)
    for (int64_t u = plane.width; u >= 1; --u) {
      relax(u, v, 1);
      const auto reach = static_cast<double>(distance[static_cast<size_t>(v * width + u)]);
      if (reach == 0) continue;
      Inside& place = places[labels.At(u, v)];
      if (reach > place.reach) place = {{static_cast<double>(u) - 0.5, static_cast<double>(v) - 0.5}, reach};
    }
  return places;
}

}  // namespace tuckerseg
