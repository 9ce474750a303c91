/// Runs a fuzz target without libFuzzer: over its corpus, so that every input that once broke a parser is a test, and for a few seconds over damaged inputs of it.
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/mutation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
/// Of a sanitizer that the program is built with; null without one.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

void Run(const std::string& bytes) { LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()); }

/// Those of a corpus, and runs them.
std::vector<std::string> InputsIn(const std::string& folder, bool run) {
  std::set<std::filesystem::path> files;  // in an order that is everywhere the same: a number means the same input
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.insert(entry.path());
  std::vector<std::string> inputs;
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!run) continue;
    std::cout << path.filename().string() << std::endl;  // flushed: the last name is that of the input that broke
    Run(inputs.back());
  }
  return inputs;
}

volatile std::sig_atomic_t number_now = 0;  // which damaged input runs

/// Names the input that broke.
void TellNumber() {
  char text[64] = "damaged input ";
  char* end = std::to_chars(text + std::strlen(text), text + sizeof(text) - 1, static_cast<long>(number_now)).ptr;
  *end++ = '\n';
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, static_cast<size_t>(end - text));
}

/// The same, and lets the signal do what it does.
void TellNumberOf(int signal) {
  TellNumber();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// Sanitizers take most signals themselves, and call back.
void TellNumberOfWhatBreaks() {
  std::vector<int> signals{SIGABRT, SIGALRM, SIGTERM};
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(TellNumber);
  } else {
    signals.insert(signals.end(), {SIGSEGV, SIGBUS, SIGFPE, SIGILL});
  }
  static std::array<char, 1 << 16> stack;  // of a handler where the stack itself has overflown
  const stack_t own{.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
  sigaltstack(&own, nullptr);
  for (const int signal : signals) {
    struct sigaction action {};
    action.sa_handler = TellNumberOf;
    action.sa_flags = SA_ONSTACK;
    sigaction(signal, &action, nullptr);
  }
}

void RunNumber(const std::vector<std::string>& corpus, int number) {
  constexpr unsigned kMostSeconds = 10;
  number_now = number;
  alarm(kMostSeconds);
  Run(tuckerseg::MutatedInput(corpus, static_cast<uint64_t>(number)));
  alarm(0);
}

int RunFor(double seconds, const std::vector<std::string>& corpus) {
  TellNumberOfWhatBreaks();
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  int number = 0;
  while (std::chrono::steady_clock::now() < end) RunNumber(corpus, ++number);
  return number;
}

}  // namespace

/// [--seconds SECONDS | --number NUMBER] CORPUS
int main(int argc, char** argv) {
  double seconds = 0;
  std::optional<int> number;
  std::string folder;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--seconds" && i + 1 < argc) {
      seconds = std::stod(argv[++i]);
    } else if (word == "--number" && i + 1 < argc) {
      number = std::stoi(argv[++i]);
    } else {
      folder = word;
    }
  }
  const std::vector<std::string> corpus = InputsIn(folder, /*run=*/!number);
  if (corpus.empty()) return 1;
  if (number) {
    RunNumber(corpus, *number);
    return 0;
  }
  std::cout << corpus.size() << " inputs replayed\n";
  if (seconds > 0) std::cout << RunFor(seconds, corpus) << " damaged ones run\n";
  return 0;
}
