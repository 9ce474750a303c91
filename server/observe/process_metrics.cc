#include "server/observe/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

/// Places in /proc/PID/stat (proc(5) counts them from 1), after the name: the first of them is the third.
constexpr size_t kUserTicks = 14 - 3;
constexpr size_t kSystemTicks = 15 - 3;
constexpr size_t kStartTicks = 22 - 3;
constexpr size_t kVirtualBytes = 23 - 3;
constexpr size_t kResidentPages = 24 - 3;

/// The line `btime` of /proc/stat.
double MachineStart() {
  std::istringstream text(ReadWholeFile("/proc/stat").value_or(""));
  double seconds = 0;
  for (std::string word; text >> word;)
    if (word == "btime" && text >> seconds) return seconds;
  return 0;
}

int64_t OpenFiles() {
  std::error_code error;
  int64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error)) ++count;
  return count > 0 ? count - 1 : 0;  // one is the folder itself, open while it is read
}

double Limit(int resource) {
  rlimit limit{};
  return getrlimit(resource, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

prometheus::MetricFamily Family(const std::string& name, const std::string& help, prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return {name, help, type, {metric}};
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(const std::string& text, double ticks_per_second, double page_bytes) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  std::vector<std::string> words;
  for (std::string word; rest >> word;) words.push_back(word);
  if (words.size() <= kResidentPages) return std::nullopt;
  std::vector<double> numbers;
  for (const size_t place : {kUserTicks, kSystemTicks, kStartTicks, kVirtualBytes, kResidentPages}) {
    std::istringstream word(words[place]);
    double number = 0;
    if (!(word >> number)) return std::nullopt;
    numbers.push_back(number);
  }
  return ProcessStat{(numbers[0] + numbers[1]) / ticks_per_second, numbers[2] / ticks_per_second, numbers[3], numbers[4] * page_bytes};
}

ProcessNumbers ReadProcess() {
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  ProcessNumbers numbers;
  numbers.stat = ParseProcessStat(ReadWholeFile("/proc/self/stat").value_or(""), ticks, page_bytes).value_or(ProcessStat{});
  numbers.machine_started_s = MachineStart();
  numbers.open_files = OpenFiles();
  numbers.most_open_files = Limit(RLIMIT_NOFILE);
  numbers.most_virtual_bytes = Limit(RLIMIT_AS);
  return numbers;
}

std::vector<prometheus::MetricFamily> ProcessFamilies(const ProcessNumbers& numbers) {
  using prometheus::MetricType;
  const ProcessStat& stat = numbers.stat;
  return {
      Family("process_cpu_seconds_total", "Time on processors, of user and system", MetricType::Counter, stat.cpu_s),
      Family("process_start_time_seconds", "Start of the process, as Unix time", MetricType::Gauge, numbers.machine_started_s + stat.started_s),
      Family("process_resident_memory_bytes", "Resident memory", MetricType::Gauge, stat.resident_bytes),
      Family("process_virtual_memory_bytes", "Virtual memory", MetricType::Gauge, stat.virtual_bytes),
      Family("process_virtual_memory_max_bytes", "Most virtual memory that is allowed", MetricType::Gauge, numbers.most_virtual_bytes),
      Family("process_open_fds", "Open file descriptors", MetricType::Gauge, static_cast<double>(numbers.open_files)),
      Family("process_max_fds", "Most file descriptors that are allowed", MetricType::Gauge, numbers.most_open_files),
  };
}

}  // namespace tuckerseg
