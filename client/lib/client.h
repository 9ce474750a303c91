/// A tuckerseg server as seen from C++: has a volume segmented, and tells what the server offers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "client/lib/channel.h"
#include "engine/volume/gzip_stream.h"
#include "tuckerseg/v1/model.pb.h"
#include "tuckerseg/v1/segmentation.pb.h"
#include "tuckerseg/v1/server_info.pb.h"

namespace grpc {
class Status;
}

namespace tuckerseg {

/// Gives the bytes of a NIfTI file to the sink, in order, in pieces of any size. What the sink throws must pass through.
using ByteProducer = std::function<void(const ByteSink& sink)>;

/// Told while Segment() runs, on the caller's thread. Each may be empty.
struct SegmentEvents {
  std::function<void(int64_t bytes)> sent;  ///< bytes of the volume's file so far
  std::function<void(const v1::Accepted&)> accepted;
  std::function<void(const v1::Progress&)> progress;
  std::function<void(const v1::LabelMapHeader&)> label_map_header;
  ByteSink label_map;  ///< the label map's NIfTI file, in order; whole only once Segment() has returned
  std::function<void(const v1::Preview&)> preview;  ///< once, if the header asks for it
  /// The call is sent again, for the `attempt`-th time: all that was told before is void, the pieces of a label map among it. Where it is empty
  /// no call is sent again once its label map has begun.
  std::function<void(int attempt)> again;
};

/// Told while Compare() runs, on the caller's thread, level by level. Each may be empty.
struct CompareEvents {
  std::function<void(int64_t bytes)> sent;  ///< bytes of the volume's file so far
  std::function<void(const v1::Accepted&)> accepted;
  std::function<void(const v1::Progress&)> progress;
  std::function<void(const v1::LevelResult&)> result;
  std::function<void(const v1::LabelMapHeader&)> label_map_header;  ///< of the level whose result came last
  ByteSink label_map;                                               ///< its NIfTI file, in order
  std::function<void(const v1::LevelResult&)> label_map_end;        ///< the file has come whole
};

struct CallLimits {
  std::optional<std::chrono::milliseconds> deadline;  ///< from the call's begin, all attempts included; none: as long as it takes
  std::stop_token stop;                               ///< cancels the call, on the server too
  int most_attempts = 4;                              ///< of Segment() with an idempotency key; 1 for a volume that can be given only once
};

/// Thread-safe; calls may run side by side. Connects at the first call, and again after a lost connection. A call that fails is
/// not repeated, as only the caller knows whether its work may be done twice; an idempotency key says that to Segment().
/// Errors of every call, with the server's message: kInvalidArgument, kNotFound, kFailedPrecondition, kResourceExhausted (with
/// retry_after_s() where waiting helps), kDeadlineExceeded, kCancelled, kDataLoss, kInternal; kUnavailable if there is no server,
/// or it is starting or stopping. kFailedPrecondition also where the server takes no call of this client (UNAUTHENTICATED, PERMISSION_DENIED) or has no such call (UNIMPLEMENTED).
class Client {
 public:
  /// Errors: those of MakeChannel and ShownToken.
  explicit Client(const ClientOptions& options);
  /// `address`: HOST:PORT. Not encrypted, no token.
  explicit Client(const std::string& address);
  explicit Client(std::shared_ptr<grpc::Channel> channel);
  ~Client();

  /// Streams the volume in and the label map out, in messages below gRPC's default limits. Length and checksum of the label map
  /// are compared with what the server announced.
  /// With an idempotency key the call is sent again where it broke off through no fault of its own (kUnavailable, a broken connection): after 0.1
  /// to 1 s, at most `most_attempts` times in all, the deadline being that of all together. If a server was there before, for this call
  /// or for an earlier one of this client, up to 30 s are given it to come back, or another one to take its place, and as long to each one after it. `volume` is then called again, and must give the same bytes. Once an attempt was accepted
  /// those after it ask for its level (SegmentHeader::resume_level): the label map is the one that it would have been, or the call fails with kNotFound or
  /// kFailedPrecondition, as the level is not to be had any more, or as for a level that was asked for by name.
  /// Errors besides the above: kDataLoss if the label map is cut or changed, or if statistics or a preview were asked for and are
  /// missing; what `volume` and the events throw (the call is
  /// then cancelled on the server).
  v1::Summary Segment(const v1::SegmentHeader& header, const ByteProducer& volume, const SegmentEvents& events,
                      const CallLimits& limits = {});

  /// Streams the volume in, and results of the header's levels out, with their label maps where the header asks for them: length and checksum of each are compared
  /// with what the server announced. Returns the results. Holds one chunk of the volume and one of a label map.
  /// Errors besides the above: kDataLoss if a level or a label map is missing, cut or changed; what `volume` and the events throw (the call is then cancelled on the
  /// server).
  std::vector<v1::LevelResult> Compare(const v1::CompareHeader& header, const ByteProducer& volume, const CompareEvents& events, const CallLimits& limits = {});

  v1::ListModelsResponse ListModels(const CallLimits& limits = {});
  v1::GetModelResponse GetModel(const std::string& task, const CallLimits& limits = {});
  /// `task` empty: the variants of all models.
  v1::ListVariantsResponse ListVariants(const std::string& task, const CallLimits& limits = {});
  /// `variant`: a name or a number; `task` empty: the only one, or `total`. `device` empty: every one that has room. Returns the variant as it then is.
  v1::Variant LoadVariant(const std::string& task, const std::string& variant, const std::string& device, const CallLimits& limits = {});
  /// Likewise; `device` empty: all of them.
  v1::Variant UnloadVariant(const std::string& task, const std::string& variant, const std::string& device, const CallLimits& limits = {});
  /// Gives every variant to `sink`, then each that has changed or gone (VARIANT_STATE_GONE), until the call ends: with kCancelled where `limits` stop it, or as
  /// every call. What the sink throws ends the call and passes through.
  void WatchVariants(const std::function<void(const v1::Variant&)>& sink, const CallLimits& limits = {});
  v1::GetServerInfoResponse GetServerInfo(const CallLimits& limits = {});

  /// Whether the service (a full name; empty: the server as a whole) takes calls. Errors: kNotFound for a service it lacks.
  bool IsServing(const std::string& service, const CallLimits& limits = {});

 private:
  /// Errors: that of a call which failed.
  void ThrowUnlessOk(const grpc::Status& status);

  std::shared_ptr<grpc::Channel> channel_;
  std::string token_;
  std::atomic<bool> was_there_ = false;  // a server, for a call before
};

}  // namespace tuckerseg
