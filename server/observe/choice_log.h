/// Keeps a record of every level that the server chose or refused, in a file of its own, without a request ever noticing.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "server/observe/rotated_file.h"
#include "server/policy/choice_record.h"

namespace tuckerseg {

/// Thread-safe.
class ChoiceLog {
 public:
  /// Records are added to `file`, which is put aside at `max_bytes` (RotatedFile). Errors: kInvalidArgument if it cannot be written to.
  ChoiceLog(const std::string& file, int64_t max_bytes);
  /// Says beforehand what the constructor would say of `file`, and makes and changes nothing. Errors: as there.
  static void Check(const std::string& file);
  /// Writes what is still to be written.
  ~ChoiceLog();
  ChoiceLog(const ChoiceLog&) = delete;
  ChoiceLog& operator=(const ChoiceLog&) = delete;

  /// Takes a record over and stamps it with the time since this log was made. A thread of this log writes it: nobody waits for a disk. What cannot be
  /// kept, as the disk is full or slower than requests come, is lost and counted.
  void Write(ChoiceRecord record) noexcept;

  int64_t lost() const { return lost_; }

 private:
  void Run(const std::stop_token& stop);
  void Append(const ChoiceRecord& record);
  /// Never throws: nothing may keep the writer from writing.
  void TellLost(const char* reason) const noexcept;

  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  RotatedFile file_;    // of the writer alone
  bool failing_ = false;  // likewise: the last record could not be written
  std::atomic<int64_t> lost_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<ChoiceRecord> waiting_;  // guarded by the mutex
  bool crowded_ = false;  // likewise: there was no room for a record since the writer looked last
  std::jthread writer_;  // last: it starts when everything else is there
};

}  // namespace tuckerseg
