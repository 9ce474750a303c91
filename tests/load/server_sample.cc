#include "tests/load/server_sample.h"

#include <string>

#include "engine/error.h"

namespace tuckerseg::load {

ServerSample SampleOf(const ScrapedPage& page, double at_s) {
  const auto value = [&](const std::string& name) {
    const auto sum = page.Sum(name);
    if (!sum) throw Error(ErrorCode::kInvalidArgument, "metrics: " + name + " is missing: must be the page of a tuckerseg server that is ready");
    return *sum;
  };
  return {.at_s = at_s,
          .resident_bytes = value("process_resident_memory_bytes"),
          .waiting = value("tuckerseg_queue_depth"),
          .running = value("tuckerseg_requests_in_flight"),
          .capacity = value("tuckerseg_queue_capacity"),
          .process_started_s = value("process_start_time_seconds")};
}

}  // namespace tuckerseg::load
