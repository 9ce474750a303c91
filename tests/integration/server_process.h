/// The program `tuckerseg-server` as a process of its own, with its log read.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace tuckerseg {

class ServerProcess {
 public:
  /// Starts it with these arguments; WaitForEvent() or WaitForEnd() comes next. `log`: where its log goes instead of to WaitForEvent(); null: nowhere else.
  explicit ServerProcess(const std::vector<std::string>& arguments, const char* log = nullptr) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) std::abort();
    errors_ = std::tmpfile();
    process_ = fork();
    if (process_ == 0) {
      dup2(log == nullptr ? pipe_ends[1] : open(log, O_WRONLY), STDOUT_FILENO);
      dup2(fileno(errors_), STDERR_FILENO);
      close(pipe_ends[0]);
      std::vector<char*> words{const_cast<char*>(TUCKERSEG_SERVER)};
      for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
      words.push_back(nullptr);
      execv(TUCKERSEG_SERVER, words.data());
      _exit(127);
    }
    close(pipe_ends[1]);
    log_ = fdopen(pipe_ends[0], "r");
  }
  ~ServerProcess() {
    if (!status_) {
      kill(process_, SIGKILL);
      WaitForEnd();
    }
    std::fclose(log_);
    std::fclose(errors_);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// The log line of this event; nothing if the process ends before it.
  std::optional<nlohmann::json> WaitForEvent(const std::string& event) {
    char* line = nullptr;
    size_t size = 0;
    std::optional<nlohmann::json> found;
    while (!found && getline(&line, &size, log_) > 0) {
      auto json = nlohmann::json::parse(line);
      if (json.at("event") == event) found = std::move(json);
    }
    std::free(line);
    return found;
  }

  /// All lines that it logs until it ends, as they are.
  std::string RestOfLog() {
    std::string text;
    char bytes[4096];
    while (const size_t count = std::fread(bytes, 1, sizeof(bytes), log_)) text.append(bytes, count);
    return text;
  }

  pid_t id() const { return process_; }
  void Signal(int signal) const { kill(process_, signal); }

  /// Exit status, or 128 + the signal that ended it.
  int WaitForEnd() {
    if (!status_) {
      int status = 0;
      waitpid(process_, &status, 0);
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return *status_;
  }
  std::string Errors() {
    std::rewind(errors_);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), errors_));
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
  pid_t process_ = 0;
  std::FILE* log_ = nullptr;
  std::FILE* errors_ = nullptr;
  std::optional<int> status_;
};

}  // namespace tuckerseg
