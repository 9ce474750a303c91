/// Whether two requests ask for the same answer.
#pragma once

#include <string>

#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// All of a header that changes the answer, in one form for all ways of saying it (no level, `auto`; the order of structures): equal bytes
/// mean equal answers for equal volumes. `task`: the full name of the one that serves it. Left out: priority, idempotency key, length and
/// checksum of the input, and the level of an earlier attempt: the first one names none. Bytes compare within one process only.
std::string OptionsThatChangeTheAnswer(const v1::SegmentHeader& header, const std::string& task);

}  // namespace tuckerseg
