#include "tests/fuzz/mutation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <string_view>

namespace tuckerseg {
namespace {

class Mutation {
 public:
  Mutation(const std::vector<std::string>& corpus, uint64_t number) : corpus_(corpus), random_(number) {}

  std::string Make() {
    std::string input = Any();
    for (size_t changes = 1 + Below(8); changes > 0; --changes) Change(input);
    return input;
  }

 private:
  size_t Below(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  const std::string& Any() { return corpus_[Below(corpus_.size())]; }
  /// A piece of `text`, short ones more often than long ones.
  std::string_view Piece(const std::string& text) {
    if (text.empty()) return {};
    const size_t begin = Below(text.size());
    return std::string_view(text).substr(begin, 1 + Below(Below(2) == 0 ? 16 : text.size()));
  }

  void Change(std::string& input) {
    if (input.empty()) {
      input = Piece(Any());
      return;
    }
    const size_t at = Below(input.size());
    switch (Below(7)) {
      case 0: input[at] = static_cast<char>(input[at] ^ (1 << Below(8))); break;
      case 1: input[at] = static_cast<char>(Below(256)); break;
      case 2: Overwrite(input, at, TellingValue()); break;
      case 3: input.erase(at, 1 + Below(std::min<size_t>(input.size() - at, 64))); break;
      case 4: input.insert(at, std::string(Piece(input))); break;
      case 5: Overwrite(input, at, std::string(Piece(Any()))); break;
      default: input.resize(at); break;
    }
  }
  static void Overwrite(std::string& input, size_t at, const std::string& bytes) { input.replace(at, std::min(bytes.size(), input.size() - at), bytes); }

  /// A number at an edge, of 1, 2, 4 or 8 bytes, little- or big-endian.
  std::string TellingValue() {
    static constexpr std::array<uint64_t, 10> kValues{0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF};
    const uint64_t value = kValues[Below(kValues.size())];
    const size_t size = size_t{1} << Below(4);
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
    if (Below(2) == 0) std::reverse(bytes.begin(), bytes.end());
    return bytes;
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

}  // namespace

std::string MutatedInput(const std::vector<std::string>& corpus, uint64_t number) { return Mutation(corpus, number).Make(); }

}  // namespace tuckerseg
