#include "client/lib/comparison.h"

#include <grpcpp/grpcpp.h>

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "client/lib/cancel_unless_done.h"
#include "client/lib/error_of.h"
#include "client/lib/label_map_check.h"
#include "client/lib/volume_upload.h"
#include "engine/error.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {
namespace {

/// Takes the answer message by message, and tells of it.
class ComparisonReader {
 public:
  /// Both must outlive this.
  ComparisonReader(const v1::CompareHeader& header, const CompareEvents& events) : header_(header), events_(events) {}

  void Take(const v1::CompareResponse& response) {
    switch (response.payload_case()) {
      case v1::CompareResponse::kAccepted:
        if (events_.accepted) events_.accepted(response.accepted());
        return;
      case v1::CompareResponse::kProgress:
        if (events_.progress) events_.progress(response.progress());
        return;
      case v1::CompareResponse::kResult: return TakeResult(response.result());
      case v1::CompareResponse::kLabelMapHeader: return TakeHeader(response.label_map_header());
      case v1::CompareResponse::kChunk: return TakeChunk(std::as_bytes(std::span(response.chunk())));
      case v1::CompareResponse::PAYLOAD_NOT_SET: return;  // a later server's message: older clients pass over it
    }
  }

  /// Errors: kDataLoss unless all levels have come that were asked for.
  std::vector<v1::LevelResult> Finish() {
    EndLevel();
    if (static_cast<int>(results_.size()) != header_.levels_size()) {
      throw Error(ErrorCode::kDataLoss, "results: " + std::to_string(results_.size()) + " levels came; must be " + std::to_string(header_.levels_size()) +
                                            ", those asked for");
    }
    return std::move(results_);
  }

 private:
  void TakeResult(const v1::LevelResult& result) {
    EndLevel();
    results_.push_back(result);
    if (header_.label_maps()) label_map_.emplace();
    if (events_.result) events_.result(result);
  }

  void TakeHeader(const v1::LabelMapHeader& header) {
    if (!label_map_) throw Error(ErrorCode::kInternal, "server: announced a label map that nobody has asked for, or a second one of a level");
    label_map_->Announce(header);
    if (events_.label_map_header) events_.label_map_header(header);
  }

  void TakeChunk(std::span<const std::byte> bytes) {
    if (!label_map_) throw Error(ErrorCode::kDataLoss, "label map: more bytes came than the server announced");
    label_map_->Take(bytes);
    if (events_.label_map) events_.label_map(bytes);
    if (label_map_->IsThere()) EndLevel();
  }

  /// The last level's label map must be whole, where it was asked for.
  void EndLevel() {
    if (!label_map_) return;
    label_map_->Finish();
    label_map_.reset();
    if (events_.label_map_end) events_.label_map_end(results_.back());
  }

  const v1::CompareHeader& header_;
  const CompareEvents& events_;
  std::vector<v1::LevelResult> results_;
  std::optional<LabelMapCheck> label_map_;  // of the last result, until it is whole
};

}  // namespace

std::vector<v1::LevelResult> SendComparison(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context, const v1::CompareHeader& header,
                                            const ByteProducer& volume, const CompareEvents& events) {
  const auto stub = v1::SegmentationService::NewStub(channel);
  const auto stream = stub->Compare(context);
  CancelUnlessDone cancel(context);
  UploadVolume(*stream, header, volume, events.sent);
  ComparisonReader reader(header, events);
  for (v1::CompareResponse response; stream->Read(&response);) reader.Take(response);
  const grpc::Status status = stream->Finish();
  cancel.Done();
  if (!status.ok()) throw ErrorOf(status);
  return reader.Finish();
}

}  // namespace tuckerseg
