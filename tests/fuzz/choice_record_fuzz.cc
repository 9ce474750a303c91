/// Text -> record -> line -> record: the same record, and the same line from then on. Its choice can be made again.
#include "server/policy/choice_record.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto record = UnlessRefused([&] { return ParseChoice(Text(data, size)); });
  if (!record) return 0;
  const std::string line = EncodeChoice(*record);
  Promise(line.find('\n') == std::string::npos);
  Promise(ParseChoice(line) == *record);
  Promise(EncodeChoice(ParseChoice(line)) == line);
  const LevelVerdict again = ChooseOffer(record->promises, record->offers, record->settings);
  Promise(again.offer.has_value() != again.refusal.has_value());
  Promise(!again.offer || record->offers.at(*again.offer).quality);
  return 0;
}
