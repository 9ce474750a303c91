#include "server/schedule/device_order.h"

#include <algorithm>

#include "engine/error.h"

namespace tuckerseg {

DeviceOrder::Claim::Claim(DeviceOrder& order) : order_(order) {
  const std::lock_guard lock(order_.mutex_);
  order_.claims_.push_back(this);
}

void DeviceOrder::Claim::Enter(const std::stop_token& stop) {
  std::unique_lock lock(order_.mutex_);
  const std::vector<const Claim*>& claims = order_.claims_;
  if (std::find(claims.begin(), claims.end(), this) == claims.end()) {
    throw Error(ErrorCode::kInternal, "device: was given away; must be entered before it is left");
  }
  if (!order_.changed_.wait(lock, stop, [&] { return claims.front() == this; })) {
    throw Error(ErrorCode::kCancelled, "cancelled while it waited for the device");
  }
}

void DeviceOrder::Claim::Leave() noexcept {
  {
    const std::lock_guard lock(order_.mutex_);
    if (std::erase(order_.claims_, this) == 0) return;
  }
  order_.changed_.notify_all();  // each waits for its own turn
}

}  // namespace tuckerseg
