/// The mean of the values that are there.
#pragma once

#include <optional>

namespace tuckerseg {

class PresentMean {
 public:
  void Add(std::optional<double> value) {
    if (!value) return;
    sum_ += *value;
    ++count_;
  }
  /// Nothing where nothing was there.
  std::optional<double> Value() const {
    if (count_ == 0) return std::nullopt;
    return sum_ / count_;
  }

 private:
  double sum_ = 0;
  int count_ = 0;
};

}  // namespace tuckerseg
