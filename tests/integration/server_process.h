/// The program `tuckerseg-server` as a process of its own, with its log read.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tuckerseg {

/// Settings by which a server that is asked to stop does not wait until others have noticed, unless they say otherwise: nobody watches a test's server.
inline std::string WithoutDrainDelay(const std::string& config = "{}") {
  auto settings = nlohmann::json::parse(config);
  settings.emplace("drain_delay_s", 0);
  return settings.dump();
}

/// Its log is read from the start on, whether a test asks for it or not: a full pipe would stop the server. It ends with the thread that has started it,
/// so that a test that crashes leaves none behind.
class ServerProcess {
 public:
  /// Longest wait for a line or the end; above the time that running requests are given to end (`drain_s`). Only a test that fails waits so long.
  static constexpr std::chrono::minutes kPatience{2};

  /// Starts it with these arguments; WaitForEvent() or WaitForEnd() comes next. `log`: where its log goes instead of to WaitForEvent(); null: nowhere else.
  explicit ServerProcess(const std::vector<std::string>& arguments, const char* log = nullptr) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) std::abort();  // another server's copy of an end would keep this one's log open
    errors_ = std::tmpfile();
    std::vector<char*> words{const_cast<char*>(TUCKERSEG_SERVER)};
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(log == nullptr ? pipe_ends[1] : open(log, O_WRONLY), STDOUT_FILENO);
      dup2(fileno(errors_), STDERR_FILENO);
      execv(TUCKERSEG_SERVER, words.data());
      _exit(127);
    }
    close(pipe_ends[1]);
    log_ = fdopen(pipe_ends[0], "r");
    reader_ = std::thread([this] { ReadLog(); });
  }
  ~ServerProcess() {
    if (!status_) {
      kill(process_, SIGKILL);
      WaitForEnd();
    }
    reader_.join();
    std::fclose(log_);
    std::fclose(errors_);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// The next log line of this event, those before it being passed over; nothing if the process ends before it, or it does not come within kPatience.
  std::optional<nlohmann::json> WaitForEvent(const std::string& event) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    std::optional<nlohmann::json> found;
    while (!found) {
      const std::optional<std::string> line = NextLine(end);
      if (!line) break;
      auto json = nlohmann::json::parse(*line);
      if (json.at("event") == event) found = std::move(json);
    }
    return found;
  }

  /// All lines that it logs until it ends, as they are.
  std::string RestOfLog() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    std::string text;
    while (const auto line = NextLine(end)) text += *line;
    return text;
  }

  /// All that it has logged from its start until now, whoever has asked for it.
  std::string WholeLog() {
    const std::lock_guard lock(mutex_);
    return log_text_;
  }

  pid_t id() const { return process_; }
  void Signal(int signal) const { kill(process_, signal); }

  /// Exit status, or 128 + the signal that ended it. What has not ended within kPatience is killed.
  int WaitForEnd() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (int status = 0; !status_;) {
      const bool is_late = std::chrono::steady_clock::now() > end;
      if (is_late) kill(process_, SIGKILL);
      if (waitpid(process_, &status, is_late ? 0 : WNOHANG) == process_) {
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    }
    return *status_;
  }
  /// All that it has written to standard error so far. The file's place for writing, which is the process' too, stays where it is.
  std::string Errors() const {
    std::string text;
    char piece[4096];
    for (ssize_t size; (size = pread(fileno(errors_), piece, sizeof(piece), static_cast<off_t>(text.size()))) > 0;) text.append(piece, static_cast<size_t>(size));
    return text;
  }

  int64_t ResidentBytes() const {
    std::ifstream file("/proc/" + std::to_string(process_) + "/statm");
    int64_t total = 0;
    int64_t resident = 0;
    file >> total >> resident;
    return resident * sysconf(_SC_PAGESIZE);
  }

  /// The most that it has ever had resident.
  int64_t PeakResidentBytes() const {
    std::ifstream file("/proc/" + std::to_string(process_) + "/status");
    int64_t kib = 0;
    for (std::string word; file >> word;)
      if (word == "VmHWM:") file >> kib;
    return kib * 1024;
  }

 private:
  /// On a thread of its own, until the process ends.
  void ReadLog() {
    char* line = nullptr;
    size_t size = 0;
    for (ssize_t length = 0; (length = getline(&line, &size, log_)) > 0;) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line, static_cast<size_t>(length));
      log_text_ += lines_.back();
      changed_.notify_all();
    }
    std::free(line);
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    changed_.notify_all();
  }

  /// Nothing where the log has ended, or none comes by then.
  std::optional<std::string> NextLine(std::chrono::steady_clock::time_point end) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, end, [this] { return !lines_.empty() || has_ended_; });
    if (lines_.empty()) return {};
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

  pid_t process_ = 0;
  std::FILE* log_ = nullptr;  // the reader's alone, while it runs
  std::FILE* errors_ = nullptr;
  std::optional<int> status_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;  // that nobody has asked for yet
  std::string log_text_;
  bool has_ended_ = false;
  std::thread reader_;
};

}  // namespace tuckerseg
