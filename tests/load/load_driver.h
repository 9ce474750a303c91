/// Sends planned requests when they are due, whether or not those before have been answered: an open loop.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <vector>

#include "tests/load/request_record.h"

namespace tuckerseg::load {

/// Calls `send` once for each request of the plan, which is in order of time, not before it is due after `begin`, on up to `threads` threads of its
/// own. Where all of them are busy a request waits for one: it is late, and its latency counts from when it was due. Returns the records in the
/// plan's order once all have ended. Errors: the first thing that `send` throws; no request is begun after it.
std::vector<RequestRecord> DriveLoad(std::span<const PlannedRequest> plan, const std::function<RequestRecord(const PlannedRequest&)>& send,
                                     int threads, std::chrono::steady_clock::time_point begin);

}  // namespace tuckerseg::load
