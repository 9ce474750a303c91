/// Text -> card -> card.json -> card: the same card, and the same text from then on.
#include "engine/model/card.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto card = UnlessRefused([&] { return ParseCard(Text(data, size)); });
  if (!card) return 0;
  const std::string encoded = EncodeCard(*card);
  Promise(ParseCard(encoded) == *card);
  Promise(EncodeCard(ParseCard(encoded)) == encoded);
  return 0;
}
