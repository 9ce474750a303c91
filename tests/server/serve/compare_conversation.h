/// A client's side of one call of Compare, step by step, and all that was answered.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/server/serve/volume_conversation.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {

/// What came of one level.
struct AnsweredLevel {
  v1::Accepted accepted;
  v1::LevelResult result;
  v1::LabelMapHeader header;
  std::vector<std::byte> file;
};

/// What came back, until the status.
struct CompareAnswer {
  std::string order;  ///< a letter for each message: accepted, progress, result, h (label map header), chunk
  std::vector<AnsweredLevel> levels;
  std::vector<v1::Progress> progress;
  grpc::Status status;
};

/// Compiled once, in the .cc: many tests take this in.
extern template class VolumeConversation<v1::CompareRequest, v1::CompareResponse>;

class CompareConversation : public VolumeConversation<v1::CompareRequest, v1::CompareResponse> {
 public:
  explicit CompareConversation(const std::shared_ptr<grpc::Channel>& channel,
                               std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max(),
                               const std::multimap<std::string, std::string>& metadata = {});
  ~CompareConversation();

  /// Reads one message into the answer. False once the call has ended.
  bool ReadOne();
  /// Reads until the order of what has come ends so; false where the call ends before.
  bool ReadUntil(const std::string& end);
  /// Reads to the end.
  CompareAnswer Finish();
  const CompareAnswer& answer() const { return answer_; }

 private:
  CompareAnswer answer_;
};

/// A header that asks for these levels.
v1::CompareHeader Comparing(const std::vector<std::string>& levels);

/// A whole call.
CompareAnswer Compare(const std::shared_ptr<grpc::Channel>& channel, std::span<const std::byte> file, const v1::CompareHeader& header);

}  // namespace tuckerseg
