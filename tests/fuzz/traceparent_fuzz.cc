/// Text -> where a call stands in a trace -> traceparent of version 00 -> the same place.
#include "server/observe/trace_context.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const std::string text = Text(data, size);
  const auto context = ParseTraceparent(text);
  if (!context) return 0;
  Promise(context->trace_id.size() == 32 && context->parent_id.size() == 16);
  Promise(context->trace_id == text.substr(3, 32) && context->parent_id == text.substr(36, 16));
  const std::string written = "00-" + context->trace_id + "-" + context->parent_id + (context->sampled ? "-01" : "-00");
  Promise(ParseTraceparent(written) == context);
  Promise(!ParseTraceparent(written + "-"));
  return 0;
}
