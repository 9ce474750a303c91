/// Whether a label map has come as it was announced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/sha256.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// For one file.
class LabelMapCheck {
 public:
  /// Errors: kInternal for a second announcement.
  void Announce(const v1::LabelMapHeader& header);
  /// At once, so that nobody keeps what a broken server sends without end. Errors: kDataLoss where none was announced, and for more than was.
  void Take(std::span<const std::byte> bytes);
  /// All that was announced has come.
  bool IsThere() const { return announced_ && bytes_ == announced_->bytes(); }
  /// Errors: kDataLoss where none was announced, and for less or another checksum than announced.
  void Finish();
  /// Labels that the file can hold.
  int label_count() const { return announced_ ? announced_->labels_size() : 0; }

 private:
  std::optional<v1::LabelMapHeader> announced_;
  uint64_t bytes_ = 0;  // at most what was announced
  Sha256 digest_;
};

}  // namespace tuckerseg
