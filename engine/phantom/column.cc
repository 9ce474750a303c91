#include "engine/phantom/column.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tuckerseg::phantom {

Column::Column(std::vector<ColumnRow> rows) : rows_(std::move(rows)) {
  for (const ColumnRow& row : rows_) {
    bounds_.Include({row.centre_x - row.radius_x, row.back_y, row.z});
    bounds_.Include({row.centre_x + row.radius_x, row.front_y, row.z});
  }
}

ColumnRow Column::At(float z) const {
  if (z <= rows_.front().z) return rows_.front();
  if (z >= rows_.back().z) return rows_.back();
  size_t upper = 1;
  while (rows_[upper].z < z) ++upper;
  const ColumnRow& a = rows_[upper - 1];
  const ColumnRow& b = rows_[upper];
  const float t = (z - a.z) / (b.z - a.z);
  const auto between = [t](float from, float to) { return from + t * (to - from); };
  return {z, between(a.radius_x, b.radius_x), between(a.back_y, b.back_y), between(a.front_y, b.front_y),
          between(a.centre_x, b.centre_x)};
}

float Column::Distance(Point p) const {
  const ColumnRow row = At(p.z);
  const float radius_y = 0.5F * (row.front_y - row.back_y);
  const float x = (p.x - row.centre_x) / row.radius_x;
  const float y = (p.y - 0.5F * (row.front_y + row.back_y)) / radius_y;
  const float xx = x * x, yy = y * y;
  const float round = std::sqrt(xx + yy);
  // Halfway between an ellipse and a superellipse of exponent 4: a trunk is fuller than an ellipse.
  const float value = 0.5F * (round + std::sqrt(std::sqrt(xx * xx + yy * yy)));
  const float slope = std::sqrt(xx / (row.radius_x * row.radius_x) + yy / (radius_y * radius_y));
  const float scale = slope < 1e-6F ? std::min(row.radius_x, radius_y) : round / slope;
  return std::max({(value - 1) * scale, rows_.front().z - p.z, p.z - rows_.back().z});
}

Point Column::Surface(float z, float angle, float offset) const {
  const ColumnRow row = At(z);
  return {row.centre_x + (row.radius_x + offset) * std::cos(angle),
          0.5F * (row.front_y + row.back_y) + (0.5F * (row.front_y - row.back_y) + offset) * std::sin(angle),
          z};
}

Column Column::Widened(float sides, float back, float front) const {
  std::vector<ColumnRow> rows = rows_;
  for (ColumnRow& row : rows) {
    row.radius_x += sides;
    row.back_y -= back;
    row.front_y += front;
  }
  return Column(std::move(rows));
}

}  // namespace tuckerseg::phantom
