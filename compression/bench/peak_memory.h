/// How much memory a piece of work takes at its peak, measured around it.
#pragma once

#include <cstdint>
#include <optional>

namespace tuckerseg {

/// The most that is held between Begin and Bytes, over what is held at Begin. Not thread-safe.
class PeakMemory {
 public:
  virtual ~PeakMemory() = default;

  virtual void Begin() = 0;
  /// Nothing where it cannot be measured. At least 0.
  virtual std::optional<int64_t> Bytes() = 0;
};

/// This process' resident memory, by /proc/self: VmHWM, reset through clear_refs (Linux 4.0; nothing where that may not be written).
/// What the heap holds free is given back at Begin, so that it counts again when it is used.
class ResidentPeak final : public PeakMemory {
 public:
  void Begin() override;
  std::optional<int64_t> Bytes() override;

 private:
  std::optional<int64_t> before_;
};

}  // namespace tuckerseg
