/// What an answer of one message holds from its handler's end until it has left: gRPC sends it afterwards, as fast as its client reads.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace grpc {
class ServerContextBase;
}

namespace tuckerseg {

/// Thread-safe.
class AnswerHolds {
 public:
  /// `held` goes when the call that `context` belongs to is over.
  void Keep(const grpc::ServerContextBase* context, std::shared_ptr<const void> held) {
    const std::lock_guard lock(mutex_);
    held_[context] = std::move(held);
  }
  /// The call is over. Nothing where nothing is held for it.
  void LetGo(const grpc::ServerContextBase* context) {
    std::shared_ptr<const void> goes;  // before the lock, so that it goes after it: others need not wait for that
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(context);
    if (found == held_.end()) return;
    goes = std::move(found->second);
    held_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::map<const grpc::ServerContextBase*, std::shared_ptr<const void>> held_;
};

}  // namespace tuckerseg
