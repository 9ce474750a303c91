/// Reads Python pickles as data: no code runs, whatever the pickle asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tuckerseg {

/// A value of a pickle. Values refer to one another by their place in the document, so that a deeply nested or
/// self-containing pickle costs neither stack nor time.
struct PickleValue {
  enum class Kind {
    kNone,
    kBoolean,     ///< integer: 0 or 1
    kInteger,     ///< integer
    kReal,        ///< real
    kText,        ///< text
    kBytes,       ///< text
    kList,        ///< items
    kTuple,       ///< items
    kDict,        ///< items: key, value, key, value ...
    kGlobal,      ///< text: "module name"
    kPersistent,  ///< items[0]: the persistent id
    kCall,        ///< text: the global's "module name"; items[0]: its arguments. Never called.
    kOpaque,      ///< what no reader here has a use for
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<uint32_t> items;
};

class PickleDocument {
 public:
  /// Runs the pickle's opcodes (protocols 2 to 5). `collections.OrderedDict` becomes a dict, `_codecs.encode` bytes; any other
  /// global that is called becomes a kCall that a reader may understand. Objects' state (BUILD) is dropped.
  /// Errors: kDataLoss for a damaged pickle; kInvalidArgument for opcodes that no checkpoint needs, and beyond 64 MiB.
  static PickleDocument Parse(std::span<const std::byte> bytes);

  const PickleValue& root() const { return values_[root_]; }
  const PickleValue& At(uint32_t place) const { return values_.at(place); }

  /// The value of a text key of a dict; the last one wins, as in Python. Nothing if `dict` is no dict or lacks the key.
  const PickleValue* Find(const PickleValue& dict, const std::string& key) const;

 private:
  friend class PickleMachine;
  std::vector<PickleValue> values_;
  uint32_t root_ = 0;
};

}  // namespace tuckerseg
