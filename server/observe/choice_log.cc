#include "server/observe/choice_log.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/observe/log.h"

namespace tuckerseg {
namespace {

/// Some megabytes of records: minutes of requests, where a disk hangs.
constexpr size_t kMostWaiting = 1000;
/// The setting that names the file.
constexpr auto kKey = "choices_file";

}  // namespace

ChoiceLog::ChoiceLog(const std::string& file, int64_t max_bytes)
    : file_(kKey, file, max_bytes), writer_([this](const std::stop_token& stop) { Run(stop); }) {}

void ChoiceLog::Check(const std::string& file) { RotatedFile::Check(kKey, file); }

ChoiceLog::~ChoiceLog() {
  writer_.request_stop();
  writer_.join();
}

void ChoiceLog::Write(ChoiceRecord record) noexcept {
  try {
    record.at_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= kMostWaiting) {
        ++lost_;
        crowded_ = true;
        return;
      }
      waiting_.push_back(std::move(record));
    }
    changed_.notify_one();
  } catch (...) {
    ++lost_;  // no memory: the request may have what it needs
  }
}

void ChoiceLog::Run(const std::stop_token& stop) {
  bool told = false;  // as below: once for each time that it begins
  std::unique_lock lock(mutex_);
  // False once this log ends and nothing waits.
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    std::vector<ChoiceRecord> taken;
    taken.swap(waiting_);
    const bool crowded = std::exchange(crowded_, false);
    lock.unlock();
    if (crowded && !told) TellLost("the disk is slower than requests come");
    told = crowded;
    for (const ChoiceRecord& record : taken) Append(record);
    lock.lock();
  }
}

void ChoiceLog::Append(const ChoiceRecord& record) {
  try {
    const bool failed = !file_.Append(EncodeChoice(record));
    if (failed) ++lost_;
    // Once for each time that it begins to fail: a full disk must not fill the log.
    if (failed && !failing_) TellLost(std::strerror(file_.error()));
    failing_ = failed;
  } catch (...) {
    ++lost_;
  }
}

void ChoiceLog::TellLost(const char* reason) const noexcept {
  LogIfPossible([&] { Log(LogLevel::kWarning, "choices_lost", {{"reason", reason}, {"lost", lost_.load()}}); });
}

}  // namespace tuckerseg
