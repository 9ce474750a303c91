/// What the server says of itself at one moment, on its page of metrics.
#pragma once

#include "tests/load/scraped_page.h"

namespace tuckerseg::load {

struct ServerSample {
  double at_s = 0;            ///< after the load's begin
  double resident_bytes = 0;
  double waiting = 0;         ///< requests in all queues
  double running = 0;
  double capacity = 0;        ///< requests that may wait or run
  double process_started_s = 0;  ///< Unix time: another one is another process
};

/// Errors: kInvalidArgument that names the metric which the page lacks.
ServerSample SampleOf(const ScrapedPage& page, double at_s);

}  // namespace tuckerseg::load
