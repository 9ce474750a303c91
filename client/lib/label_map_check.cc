#include "client/lib/label_map_check.h"

#include <string>

#include "engine/error.h"

namespace tuckerseg {

void LabelMapCheck::Announce(const v1::LabelMapHeader& header) {
  if (announced_) throw Error(ErrorCode::kInternal, "server: announced a second label map");
  announced_ = header;
}

void LabelMapCheck::Take(std::span<const std::byte> bytes) {
  if (!announced_) throw Error(ErrorCode::kDataLoss, "label map: bytes came before the server announced it");
  if (bytes.size() > announced_->bytes() - bytes_) throw Error(ErrorCode::kDataLoss, "label map: more bytes came than the server announced");
  bytes_ += bytes.size();
  digest_.Update(bytes);
}

void LabelMapCheck::Finish() {
  if (!announced_) throw Error(ErrorCode::kDataLoss, "label map: none came; the server's answer was cut");
  if (bytes_ != announced_->bytes()) {
    throw Error(ErrorCode::kDataLoss, "label map: " + std::to_string(bytes_) + " bytes came; must be " + std::to_string(announced_->bytes()) +
                                          ", as the server announced");
  }
  if (digest_.Digest() != announced_->sha256()) {
    throw Error(ErrorCode::kDataLoss, "label map: the bytes that came have another checksum than the server announced");
  }
}

}  // namespace tuckerseg
