/// What a person sees while variants are measured.
#pragma once

#include <cstdint>
#include <string>

namespace tuckerseg {

/// On a terminal one line that is rewritten, else a line for each run. On standard error.
class BenchDisplay {
 public:
  explicit BenchDisplay(bool quiet);
  ~BenchDisplay();
  BenchDisplay(const BenchDisplay&) = delete;
  BenchDisplay& operator=(const BenchDisplay&) = delete;

  void Show(const std::string& variant, int64_t done, int64_t total) const;

 private:
  bool quiet_;
  bool terminal_;
};

}  // namespace tuckerseg
