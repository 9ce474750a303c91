/// Bytes -> pickle document; every value that its root reaches must be there and of the form that its kind
/// says.
#include <vector>

#include "engine/model/pickle_reader.h"
#include "tests/fuzz/fuzz_input.h"

namespace tuckerseg {
namespace {

void CheckForm(const PickleDocument& document, const PickleValue& value) {
  using Kind = PickleValue::Kind;
  if (value.kind == Kind::kDict) Promise(value.items.size() % 2 == 0);
  if (value.kind == Kind::kPersistent) Promise(value.items.size() == 1);
  if (value.kind == Kind::kCall)
    Promise(value.items.size() == 1 && document.At(value.items[0]).kind == Kind::kTuple);
  if (value.kind == Kind::kBoolean) Promise(value.integer == 0 || value.integer == 1);
  if (value.kind != Kind::kDict || value.items.empty()) return;
  const PickleValue& key = document.At(value.items[0]);
  if (key.kind == Kind::kText) Promise(document.Find(value, key.text) != nullptr);
}

}  // namespace
}  // namespace tuckerseg

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto document = UnlessRefused([&] { return PickleDocument::Parse(Bytes(data, size)); });
  if (!document) return 0;
  std::vector<uint32_t> ahead = document->root().items;
  std::vector<bool> seen(size + 1);  // no opcode makes more than one value
  CheckForm(*document, document->root());
  while (!ahead.empty()) {
    const uint32_t place = ahead.back();
    ahead.pop_back();
    if (seen.at(place)) continue;
    seen[place] = true;
    const PickleValue& value = document->At(place);
    CheckForm(*document, value);
    ahead.insert(ahead.end(), value.items.begin(), value.items.end());
  }
  return 0;
}
