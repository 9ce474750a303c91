/// The order in which work of several clients begins on a device that they share.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuckerseg {

/// Higher priority first. Clients of one priority get equal shares of the foretold seconds that the device has for it, whoever sends more (start-time fair queueing, Goyal, Vin and Cheng 1997), from
/// when work of this priority comes until none waits or runs; a client's own work begins in the order in which it is due, then of arrival, and so does all work while no client has had more than another.
/// A value, which knows no clock. For one thread at a time.
class FairOrder {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A piece of work that waits.
  struct Work {
    int priority = 0;
    std::string_view client = {};
    double foretold_s = 0;
    Time due = {};
  };

  /// Where it stands.
  struct Place {
    int priority = 0;
    double begin_s = 0;  ///< seconds of this priority that its client will have had when it begins
    Time due = {};
    size_t index = 0;    ///< among what waits
  };

  /// Of all that waits, which is given in the order of arrival: what begins next first.
  std::vector<Place> PlacesOf(std::span<const Work> waiting) const;

  /// Seconds of this priority that count for the client as things are. Who has asked for nothing has had as much as the one whose work began last had then, and nobody who waits has had less: time
  /// that nobody asked for is not saved up.
  double HadBefore(std::string_view client, int priority) const;

  /// The work that stood first begins. Where there is no memory to note that, nothing changes.
  void Begin(const std::string& client, int priority, double foretold_s);

  /// Nothing of this priority waits or runs any more: what clients have had of it is forgotten.
  void EndBusyTime(int priority) { shares_.erase(priority); }

 private:
  struct Shares {
    std::map<std::string, double, std::less<>> had_s;  // of those who have had more than `level_s`: names of clients that have gone are not kept
    double level_s = 0;                                // what the client of the work that began last had had then
  };
  std::map<int, Shares> shares_;  // by priority: what is more urgent takes from all clients of the others alike
};

}  // namespace tuckerseg
