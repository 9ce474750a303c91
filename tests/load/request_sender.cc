#include "tests/load/request_sender.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <thread>

#include "client/lib/contract_words.h"
#include "engine/error.h"
#include "engine/text_table.h"

namespace tuckerseg::load {
namespace {

/// Into which a slow client cuts its volume. Small volumes leave as one message all the same: the call is then open and silent for as long.
constexpr size_t kSlowPieces = 4;

void Pause(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

ByteProducer ProducerOf(const VolumeFile& volume, const PlannedRequest& planned) {
  return [&volume, pause_s = planned.client == ClientKind::kSendsSlowly ? planned.client_s : 0](const ByteSink& sink) {
    const std::span<const std::byte> bytes(volume.bytes);
    const size_t piece = pause_s > 0 ? (bytes.size() + kSlowPieces - 1) / kSlowPieces : bytes.size();
    for (size_t at = 0; at < bytes.size(); at += piece) {
      if (pause_s > 0) Pause(pause_s);
      sink(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    }
  };
}

void Take(const v1::Accepted& accepted, RequestRecord& record) {
  record.admitted = true;
  record.level = accepted.variant();
  record.reason = tuckerseg::NameOf(accepted.reason());
  if (!accepted.has_estimated_latency()) return;
  const auto& foretold = accepted.estimated_latency();
  record.foretold_s = static_cast<double>(foretold.seconds()) + 1e-9 * foretold.nanos();
}

std::string GivenUpAfter(std::chrono::duration<double> patience) {
  return "given up by the generator after " + Fixed(patience.count(), 1) + " s without an end";
}

/// gRPC's own deadline must not be later than the promise.
std::chrono::milliseconds MillisecondsWithin(double seconds) {
  return std::chrono::milliseconds(std::max<int64_t>(1, static_cast<int64_t>(std::floor(seconds * 1000))));
}

}  // namespace

v1::SegmentHeader HeaderOf(const LevelWish& wish, const std::string& task) {
  v1::SegmentHeader header;
  header.set_task(task);
  if (!wish.automatic()) {
    header.mutable_level()->set_name(wish.level);
    return header;
  }
  v1::AutomaticLevel& automatic = *header.mutable_level()->mutable_automatic();
  automatic.set_min_quality(wish.min_quality);
  if (wish.max_latency_s) {
    auto& latency = *automatic.mutable_max_latency();
    latency.set_seconds(static_cast<int64_t>(*wish.max_latency_s));
    latency.set_nanos(static_cast<int32_t>(1e9 * (*wish.max_latency_s - std::floor(*wish.max_latency_s))));
  }
  return header;
}

RequestRecord RequestSender::Send(const PlannedRequest& planned) {
  RequestRecord record{.planned = planned, .sent_s = SecondsNow()};
  CallLimits limits{.most_attempts = 1};
  if (planned.deadline_s) {
    const double left_s = planned.at_s + *planned.deadline_s - record.sent_s;
    if (left_s <= 0) {
      record.ended_s = record.sent_s;
      return record;
    }
    limits.deadline = MillisecondsWithin(left_s);
  }
  std::stop_source stop;
  limits.stop = stop.get_token();
  const Clock::duration until_end = planned.client == ClientKind::kVanishes
                                        ? std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(planned.client_s))
                                        : std::chrono::duration_cast<Clock::duration>(patience_);
  std::optional<CancelTimer::Entry> end;
  if (planned.client == ClientKind::kVanishes || !planned.deadline_s) end.emplace(timer_, Clock::now() + until_end, stop);
  Segment(volumes_[planned.volume], limits, record);
  record.ended_s = SecondsNow();
  // gRPC's own word for it is "CANCELLED", as if the server had ended it.
  const bool given_up = stop.stop_requested() && planned.client != ClientKind::kVanishes;
  if (given_up && record.code == NameOf(ErrorCode::kCancelled)) record.message = GivenUpAfter(patience_);
  return record;
}

void RequestSender::Segment(const VolumeFile& volume, const CallLimits& limits, RequestRecord& record) {
  const PlannedRequest& planned = record.planned;
  v1::SegmentHeader header = HeaderOf(workload_.levels[planned.level], task_);
  header.set_priority(planned.priority);
  header.set_total_bytes(volume.bytes.size());
  std::string announced;
  const auto read_slowly = [&] {
    if (planned.client != ClientKind::kReadsSlowly) return;
    Pause(planned.client_s);
    record.read_pauses_s += planned.client_s;
  };
  SegmentEvents events;
  events.accepted = [&](const v1::Accepted& accepted) { Take(accepted, record); };
  events.label_map_header = [&](const v1::LabelMapHeader& label_map) {
    announced = label_map.sha256();
    read_slowly();
  };
  events.label_map = [&](std::span<const std::byte>) { read_slowly(); };
  try {
    client_.Segment(header, ProducerOf(volume, planned), events, limits);
    record.code = kOk;
    record.sha256 = announced;  // the client has compared it with the bytes that came
  } catch (const Error& error) {
    record.code = NameOf(error.code());
    record.message = error.what();
    record.retry_after_s = error.retry_after_s();
  }
}

}  // namespace tuckerseg::load
