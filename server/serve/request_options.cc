#include "server/serve/request_options.h"

#include <set>

#include "server/policy/asked_level.h"

namespace tuckerseg {

std::string OptionsThatChangeTheAnswer(const v1::SegmentHeader& header, const std::string& task) {
  // A copy without what does not count, rather than a list of what does: a field that a later version adds counts until someone says otherwise.
  v1::SegmentHeader options = header;
  options.set_task(task);
  options.clear_priority();
  options.clear_idempotency_key();
  options.clear_total_bytes();
  options.clear_sha256();
  options.clear_resume_level();
  if (LeavesTheChoice(options.level().name())) options.mutable_level()->mutable_automatic();
  const std::set<std::string> structures(header.structures().begin(), header.structures().end());
  options.clear_structures();
  for (const std::string& structure : structures) options.add_structures(structure);
  v1::OutputOptions& output = *options.mutable_output();
  if (output.compression() == v1::COMPRESSION_UNSPECIFIED) output.set_compression(v1::COMPRESSION_GZIP);
  options.mutable_processing();
  return options.SerializeAsString();
}

}  // namespace tuckerseg
