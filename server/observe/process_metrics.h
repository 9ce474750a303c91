/// What Prometheus' own client libraries tell of any process, under the names they use.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tuckerseg {

/// The numbers of /proc/PID/stat, in seconds and bytes.
struct ProcessStat {
  double cpu_s = 0;
  double started_s = 0;  ///< after the machine's start
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

/// Nothing for a text that is none of the kernel's. The process' name is the one field that may hold blanks and brackets.
std::optional<ProcessStat> ParseProcessStat(const std::string& text, double ticks_per_second, double page_bytes);

struct ProcessNumbers {
  ProcessStat stat;
  double machine_started_s = 0;  ///< Unix time
  int64_t open_files = 0;
  double most_open_files = 0;
  double most_virtual_bytes = 0;  ///< 2^64 where there is no limit, as in Prometheus' own libraries
};

/// Of this process, now. What cannot be read is 0.
ProcessNumbers ReadProcess();

/// process_cpu_seconds_total, process_start_time_seconds, process_resident_memory_bytes, process_virtual_memory_bytes,
/// process_virtual_memory_max_bytes, process_open_fds, process_max_fds.
std::vector<prometheus::MetricFamily> ProcessFamilies(const ProcessNumbers& numbers);

}  // namespace tuckerseg
