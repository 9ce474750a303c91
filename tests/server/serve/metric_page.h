/// Looks at a page of metrics as Prometheus would.
#pragma once

#include <set>
#include <sstream>
#include <string>

namespace tuckerseg {

/// The series of a page: names with labels, without values.
inline std::set<std::string> SeriesOf(const std::string& page) {
  std::set<std::string> series;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && line.front() != '#') series.insert(line.substr(0, line.rfind(' ')));
  return series;
}

/// Of the values of all series that begin so.
inline double SumOf(const std::string& page, const std::string& beginning) {
  double sum = 0;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(beginning)) sum += std::stod(line.substr(line.rfind(' ')));
  return sum;
}

}  // namespace tuckerseg
