#include "server/serve/inference_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/volume/float32.h"
#include "server/policy/asked_level.h"

namespace tuckerseg {
namespace {

/// An origin further away is a mistake, and float32 would no longer tell neighbouring voxels apart.
constexpr double kFarthestMm = 1e6;

template <typename Value>
[[noreturn]] void Refuse(const std::string& field, const Value& value, const std::string& right) {
  std::ostringstream message;
  message << field << " = " << value << ": " << right;
  throw Error(ErrorCode::kInvalidArgument, message.str());
}

int64_t WholeNumber(const std::string& name, const inference::InferParameter& parameter) {
  if (parameter.has_int64_param()) return parameter.int64_param();
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  if (parameter.has_uint64_param()) return static_cast<int64_t>(std::min(parameter.uint64_param(), kMost));
  throw Error(ErrorCode::kInvalidArgument, "parameters." + name + ": must be a whole number (int64_param)");
}

/// Clients that know no numbers with a point send a text.
double Number(const std::string& name, const inference::InferParameter& parameter) {
  if (parameter.has_double_param()) return parameter.double_param();
  if (parameter.has_int64_param()) return static_cast<double>(parameter.int64_param());
  const std::string& text = parameter.string_param();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!parameter.has_string_param() || error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCode::kInvalidArgument, "parameters." + name + ": must be a number (double_param, or its text as string_param)");
  }
  return number;
}

/// A level's name, or its number.
std::string LevelOf(const std::string& name, const inference::InferParameter& parameter) {
  if (parameter.has_string_param()) return parameter.string_param();
  if (parameter.has_int64_param()) return std::to_string(parameter.int64_param());
  if (parameter.has_uint64_param()) return std::to_string(parameter.uint64_param());
  if (!parameter.has_double_param()) throw Error(ErrorCode::kInvalidArgument, "parameters." + name + ": must be a level's number or its name");
  std::array<char, 64> text;  // the shortest that is this number and no other
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), parameter.double_param()).ptr};
}

/// Triton's priorities: 0 is the default, 1 the highest. Ours: 0 is normal, 10 the highest, -10 the lowest.
int32_t PriorityOf(int64_t triton, int most_priority) {
  constexpr int kNormal = 11;  // as Triton counts, beside its 0
  constexpr int kLast = kNormal - kLowestPriority;
  if (triton == 0) return kNormalPriority;
  const int first = kNormal - most_priority;
  if (triton < first || triton > kLast) {
    Refuse("parameters.priority", triton, "must be 0, the normal one, or " + std::to_string(first) + " (first) to " + std::to_string(kLast) + " (last); 11 is normal too");
  }
  return static_cast<int32_t>(kNormal - triton);
}

void TakeRank(const std::string& level, v1::SegmentHeader& header) {
  if (!header.level().name().empty()) throw Error(ErrorCode::kInvalidArgument, "parameters.rank: must be left out where model_version names a level");
  if (header.level().has_automatic()) throw Error(ErrorCode::kInvalidArgument, "parameters.rank: must be left out where min_quality is given: either the level is named, or the server chooses it");
  if (!LeavesTheChoice(level)) header.mutable_level()->set_name(level);
}

void TakeParameters(const inference::ModelInferRequest& message, int most_priority, InferenceRequest& request) {
  std::optional<std::string> rank;
  for (const auto& [name, value] : message.parameters()) {
    if (name == "priority") {
      request.header.set_priority(PriorityOf(WholeNumber(name, value), most_priority));
    } else if (name == "timeout") {
      const int64_t microseconds = WholeNumber(name, value);
      if (microseconds < 0) Refuse("parameters.timeout", microseconds, "must be at least 0 microseconds, 0 meaning none");
      if (microseconds > 0) request.timeout_s = 1e-6 * static_cast<double>(microseconds);
    } else if (name == "min_quality") {
      const double quality = Number(name, value);
      if (!(quality >= 0 && quality <= 1)) Refuse("parameters.min_quality", quality, "must be in [0, 1]");
      if (!request.header.level().name().empty()) {
        throw Error(ErrorCode::kInvalidArgument, "parameters.min_quality: must be left out where model_version names a level");
      }
      request.header.mutable_level()->mutable_automatic()->set_min_quality(quality);
    } else if (name == "rank") {
      rank = LevelOf(name, value);
    } else if (!name.starts_with("triton_")) {  // hints of Triton's clients to its own scheduler
      throw Error(ErrorCode::kInvalidArgument, "parameters = " + name + ": must be rank, priority, timeout or min_quality");
    }
  }
  if (rank) TakeRank(*rank, request.header);  // last: the parameters come in any order
}

void CheckOutputs(const inference::ModelInferRequest& message) {
  for (const auto& output : message.outputs()) {
    if (output.name() != "labels") throw Error(ErrorCode::kInvalidArgument, "outputs = " + output.name() + ": must be labels");
    if (!output.parameters().empty()) {
      throw Error(ErrorCode::kInvalidArgument, "labels.parameters: must be empty: neither classes nor shared memory can be asked for");
    }
  }
}

Spacing3 ReadSpacing(const InferenceInput& input, const VolumeLimits& limits) {
  const std::vector<double> numbers = NumbersOf(input, 3);
  Spacing3 spacing{};
  for (size_t a = 0; a < 3; ++a) {
    spacing[a] = RoundToFloat32(numbers[a]);
    if (!(spacing[a] >= limits.min_spacing_mm[a] && spacing[a] <= limits.max_spacing_mm[a])) {
      std::ostringstream range;
      range << "must be in [" << limits.min_spacing_mm[a] << ", " << limits.max_spacing_mm[a] << "] mm";
      Refuse("spacing[" + std::to_string(a) + "]", numbers[a], range.str());
    }
  }
  return spacing;
}

std::vector<double> ReadDirection(const InferenceInput& input) {
  std::vector<double> direction = NumbersOf(input, 9);
  double worst = 0;
  for (size_t a = 0; a < 3; ++a)
    for (size_t b = 0; b < 3; ++b) {
      double product = 0;
      for (size_t r = 0; r < 3; ++r) product += direction[3 * r + a] * direction[3 * r + b];
      worst = std::max(worst, std::abs(product - (a == b ? 1 : 0)));
    }
  if (!(worst <= kOrthonormalTolerance)) {
    std::ostringstream right;
    right << "must be at most " << kOrthonormalTolerance << ": its columns must be orthonormal";
    Refuse("direction: largest entry of |D^T D - I|", worst, right.str());
  }
  return direction;
}

std::array<double, 3> ReadOrigin(const InferenceInput& input) {
  if (input.tensor == nullptr) return {};
  const std::vector<double> numbers = NumbersOf(input, 3);
  for (size_t a = 0; a < 3; ++a)
    if (std::abs(numbers[a]) > kFarthestMm) Refuse("origin[" + std::to_string(a) + "]", numbers[a], "must be in [-1e6, 1e6] mm");
  return {numbers[0], numbers[1], numbers[2]};
}

Geometry ReadGeometry(const InferenceInputs& inputs, const Index3& shape, const VolumeLimits& limits) {
  static constexpr std::array<double, 3> kLpsToRas{-1, -1, 1};
  Geometry geometry;
  geometry.shape = shape;
  geometry.header_spacing_mm = ReadSpacing(inputs.spacing, limits);
  const std::vector<double> spacing = NumbersOf(inputs.spacing, 3);  // not yet rounded: the product is
  const std::vector<double> direction = ReadDirection(inputs.direction);
  const std::array<double, 3> origin = ReadOrigin(inputs.origin);
  for (size_t r = 0; r < 3; ++r) {
    for (size_t c = 0; c < 3; ++c) geometry.affine_ras.linear[r][c] = RoundToFloat32(kLpsToRas[r] * direction[3 * r + c] * spacing[c]);
    geometry.affine_ras.translation[r] = RoundToFloat32(kLpsToRas[r] * origin[r]);
  }
  return geometry;
}

}  // namespace

InferenceRequest ReadInferenceRequest(const inference::ModelInferRequest& message, const VolumeLimits& limits, int most_priority) {
  InferenceRequest request;
  request.header.set_task(message.model_name());
  if (!LeavesTheChoice(message.model_version())) request.header.mutable_level()->set_name(message.model_version());
  TakeParameters(message, most_priority, request);
  CheckOutputs(message);
  const InferenceInputs inputs = FindInputs(message);
  request.raw = inputs.raw;
  request.volume = inputs.volume;
  request.type = VoxelTypeOf(inputs.volume);
  request.geometry = ReadGeometry(inputs, ShapeOf(inputs.volume, request.type, limits), limits);
  return request;
}

Volume VolumeOf(const InferenceRequest& request) {
  return {.geometry = request.geometry, .type = request.type, .voxels = VoxelsOf(request.volume, request.type)};
}

}  // namespace tuckerseg
