/// Text -> cards -> card.json -> cards: the same cards, and the same text from then on.
#include "engine/model/card.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto cards = UnlessRefused([&] { return ParseCards(Text(data, size)); });
  if (!cards) return 0;
  const std::string encoded = EncodeCards(*cards);
  Promise(ParseCards(encoded) == *cards);
  Promise(EncodeCards(ParseCards(encoded)) == encoded);
  for (const Card& card : *cards) Promise(ParseCard(EncodeCard(card)) == card);
  return 0;
}
