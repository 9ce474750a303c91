/// Ends a call that an error of the caller's leaves open: the server stops working for it.
#pragma once

#include <grpcpp/client_context.h>

namespace tuckerseg {

class CancelUnlessDone {
 public:
  explicit CancelUnlessDone(grpc::ClientContext* context) : context_(context) {}
  ~CancelUnlessDone() {
    if (context_ != nullptr) context_->TryCancel();
  }
  CancelUnlessDone(const CancelUnlessDone&) = delete;
  CancelUnlessDone& operator=(const CancelUnlessDone&) = delete;
  void Done() { context_ = nullptr; }

 private:
  grpc::ClientContext* context_;
};

}  // namespace tuckerseg
