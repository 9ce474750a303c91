/// Has a catalogue follow what lies on disk.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "server/schedule/idle_heap.h"
#include "server/variants/catalogue.h"

namespace tuckerseg {

class ModelRescan {
 public:
  /// Looks every `period_s` seconds, and loads what is new where there is room; 0: never. What is given must outlive it.
  ModelRescan(Catalogue& catalogue, IdleHeap& heap, double period_s);

  /// Looks no more. A level that is being loaded is loaded to its end, for which the destructor waits; no other is begun.
  void RequestStop() { looker_.request_stop(); }

 private:
  void Run(const std::stop_token& stop);

  Catalogue& catalogue_;
  IdleHeap& heap_;
  const double period_s_;
  std::mutex mutex_;  // of nothing: to wait with
  std::condition_variable_any stopped_;
  std::jthread looker_;  // last: it uses the others
};

}  // namespace tuckerseg
