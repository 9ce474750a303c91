#include "server/serve/inference_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/serve/inference_message.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

constexpr VolumeLimits kLimits{.max_voxels = 1000, .max_bytes = 1 << 12, .max_axis = 100};

/// Two planes of three rows of four voxels: 0, 1, 2, ...
const std::vector<int16_t>& Voxels() {
  static const std::vector<int16_t> voxels = [] {
    std::vector<int16_t> values(24);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int16_t>(i);
    return values;
  }();
  return voxels;
}

InferRequest Good() { return RawRequest({2, 3, 4}, Voxels()); }

InferenceRequest Read(const InferRequest& message) { return ReadInferenceRequest(message, kLimits); }

TEST(ReadInferenceRequest, TakesModelForTaskAndVersionForLevel) {
  InferRequest message = Good();
  message.set_model_name("total");
  const InferenceRequest request = Read(message);
  EXPECT_EQ(request.header.task(), "total");
  EXPECT_FALSE(request.header.has_level()) << "the server chooses";
  EXPECT_EQ(request.header.priority(), 0);
  EXPECT_FALSE(request.timeout_s);
  message.set_model_version("tucker-0.3");
  EXPECT_EQ(Read(message).header.level().name(), "tucker-0.3");
  message.set_model_version("auto");
  EXPECT_FALSE(Read(message).header.has_level());
}

TEST(ReadInferenceRequest, TurnsAxesIntoTheOrderOfAFile) {
  const InferRequest message = Good();
  const InferenceRequest request = Read(message);
  EXPECT_EQ(request.geometry.shape, (Index3{4, 3, 2})) << "x, y, z of a tensor [D, H, W]";
  EXPECT_EQ(request.type, VoxelType::kInt16);
  EXPECT_EQ(request.VolumeBytes(), 48);
  EXPECT_TRUE(request.raw);
  const Volume volume = VolumeOf(request);
  EXPECT_EQ(volume.slope, 1);
  EXPECT_EQ(volume.intercept, 0);
  ASSERT_EQ(volume.voxels.size(), 48U);
  EXPECT_EQ(std::memcmp(volume.voxels.data(), Voxels().data(), 48), 0) << "x is the fastest in both";
}

TEST(ReadInferenceRequest, GivesTypedContentsTheSameVoxels) {
  const InferRequest raw = Good();
  const InferRequest typed = TypedRequest({2, 3, 4}, Voxels());
  EXPECT_FALSE(Read(typed).raw);
  EXPECT_EQ(VolumeOf(Read(typed)).voxels, VolumeOf(Read(raw)).voxels);
  const std::vector<float> floats{0.5F, -1000, 3e4F, 0};
  const InferRequest typed_floats = TypedRequest({1, 2, 2}, floats);
  const InferRequest raw_floats = RawRequest({1, 2, 2}, floats);
  EXPECT_EQ(Read(typed_floats).type, VoxelType::kFloat32);
  EXPECT_EQ(VolumeOf(Read(typed_floats)).voxels, VolumeOf(Read(raw_floats)).voxels);
}

TEST(ReadInferenceRequest, TurnsItksWorldIntoNiftis) {
  // x runs down, y to the left, z to the back: columns of the direction.
  const ItkGrid grid{.spacing = {1, 2, 3}, .direction = {0, 1, 0, 0, 0, 1, -1, 0, 0}, .origin = {10, -20, 30}};
  const InferRequest message = RawRequest({2, 3, 4}, Voxels(), grid);
  const Geometry geometry = Read(message).geometry;
  EXPECT_THAT(geometry.header_spacing_mm, ElementsAre(1, 2, 3));
  EXPECT_THAT(geometry.affine_ras.linear[0], ElementsAre(0, -2, 0)) << "right: y runs against it";
  EXPECT_THAT(geometry.affine_ras.linear[1], ElementsAre(0, 0, -3)) << "front: z runs against it";
  EXPECT_THAT(geometry.affine_ras.linear[2], ElementsAre(-1, 0, 0)) << "head: x runs against it";
  EXPECT_THAT(geometry.affine_ras.translation, ElementsAre(-10, 20, 30));
}

TEST(ReadInferenceRequest, RoundsGeometryAsAFileWould) {
  const ItkGrid grid{.spacing = {0.7, 0.7, 0.7}, .origin = {0.1, 0, 0}};
  const InferRequest message = RawRequest({2, 3, 4}, Voxels(), grid);
  const Geometry geometry = Read(message).geometry;
  EXPECT_EQ(geometry.header_spacing_mm[0], static_cast<double>(0.7F));
  EXPECT_EQ(geometry.affine_ras.linear[0][0], static_cast<double>(-0.7F));
  EXPECT_EQ(geometry.affine_ras.translation[0], static_cast<double>(-0.1F));
}

TEST(ReadInferenceRequest, PutsTheFirstVoxelAtTheOriginOfTheWorldUnlessToldOtherwise) {
  const InferRequest message = TypedRequest({2, 3, 4}, Voxels());
  EXPECT_THAT(Read(message).geometry.affine_ras.translation, ElementsAre(0, 0, 0));
}

using Change = std::function<void(InferRequest&)>;

inference::InferParameter& Parameter(InferRequest& message, const std::string& name) { return (*message.mutable_parameters())[name]; }

TEST(ReadInferenceRequest, TurnsTritonsPrioritiesIntoOurs) {
  const auto priority = [](uint64_t triton, bool as_unsigned) {
    InferRequest message = Good();
    if (as_unsigned) {
      Parameter(message, "priority").set_uint64_param(triton);
    } else {
      Parameter(message, "priority").set_int64_param(static_cast<int64_t>(triton));
    }
    return Read(message).header.priority();
  };
  for (const bool as_unsigned : {false, true}) {
    EXPECT_EQ(priority(0, as_unsigned), 0) << "the normal one";
    EXPECT_EQ(priority(1, as_unsigned), 10) << "the highest";
    EXPECT_EQ(priority(11, as_unsigned), 0);
    EXPECT_EQ(priority(21, as_unsigned), -10) << "the lowest";
  }
}

TEST(ReadInferenceRequest, TakesNoHigherPriorityThanTheServerLetsItsClientsAskFor) {
  InferRequest message = Good();
  Parameter(message, "priority").set_int64_param(8);
  EXPECT_EQ(ReadInferenceRequest(message, kLimits, /*most_priority=*/3).header.priority(), 3);
  Parameter(message, "priority").set_int64_param(7);
  ExpectError(ErrorCode::kInvalidArgument, "parameters.priority = 7: must be 0, the normal one, or 8 (first) to 21 (last)",
              [&] { ReadInferenceRequest(message, kLimits, /*most_priority=*/3); });
  Parameter(message, "priority").set_int64_param(0);
  EXPECT_EQ(ReadInferenceRequest(message, kLimits, /*most_priority=*/0).header.priority(), 0) << "the normal one can always be had";
}

TEST(ReadInferenceRequest, TakesTimeoutAndLeastQuality) {
  InferRequest message = Good();
  Parameter(message, "timeout").set_int64_param(1'500'000);
  Parameter(message, "min_quality").set_double_param(0.9);
  const InferenceRequest request = Read(message);
  EXPECT_DOUBLE_EQ(request.timeout_s.value(), 1.5);
  EXPECT_EQ(request.header.level().automatic().min_quality(), 0.9);
  Parameter(message, "min_quality").set_string_param("0.95");
  EXPECT_EQ(Read(message).header.level().automatic().min_quality(), 0.95) << "of clients that know no numbers with a point";
  Parameter(message, "min_quality").set_int64_param(1);
  EXPECT_EQ(Read(message).header.level().automatic().min_quality(), 1);
  Parameter(message, "timeout").set_int64_param(0);
  EXPECT_FALSE(Read(message).timeout_s) << "0: none";
}

TEST(ReadInferenceRequest, TakesARankForALevel) {
  InferRequest message = Good();
  Parameter(message, "rank").set_double_param(0.3);
  EXPECT_EQ(Read(message).header.level().name(), "0.3");
  Parameter(message, "rank").set_double_param(0.3333333);
  EXPECT_EQ(Read(message).header.level().name(), "0.3333333");
  Parameter(message, "rank").set_uint64_param(1);
  EXPECT_EQ(Read(message).header.level().name(), "1");
  Parameter(message, "rank").set_int64_param(1);
  EXPECT_EQ(Read(message).header.level().name(), "1");
  Parameter(message, "rank").set_string_param("elastic-0.33");
  EXPECT_EQ(Read(message).header.level().name(), "elastic-0.33");
  for (const char* any : {"", "auto"}) {
    Parameter(message, "rank").set_string_param(any);
    EXPECT_EQ(Read(message).header.level().name(), "") << any;
  }
}

TEST(ReadInferenceRequest, PassesOverHintsToTriton) {
  InferRequest message = Good();
  Parameter(message, "triton_enable_empty_final_response").set_bool_param(true);
  EXPECT_NO_THROW(Read(message));
}

TEST(ReadInferenceRequest, TakesTheOneOutputByName) {
  InferRequest message = Good();
  message.add_outputs()->set_name("labels");
  EXPECT_NO_THROW(Read(message));
}

struct Refusal {
  Change change;
  const char* message;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

void SetNumbers(InferRequest& message, int input, const std::vector<double>& numbers) { *message.mutable_raw_input_contents(input) = RawOf(numbers); }

void SetShape(InferRequest& message, const std::vector<int64_t>& shape) {
  message.mutable_inputs(0)->mutable_shape()->Clear();
  for (const int64_t length : shape) message.mutable_inputs(0)->add_shape(length);
}

TEST(ReadInferenceRequest, RefusesTensorsThatAreWrongAndNamesThem) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const std::vector<Refusal> refusals{
      {[](InferRequest& m) { m.mutable_inputs(0)->set_name("ct"); }, "inputs = ct: must be volume, spacing, direction or origin"},
      {[](InferRequest& m) { m.mutable_inputs(3)->set_name("spacing"); }, "inputs = spacing: is there twice"},
      {[](InferRequest& m) { m.mutable_inputs()->RemoveLast(); m.mutable_inputs()->RemoveLast(); }, "raw_input_contents: 4 are there: must be one for each of 2 inputs"},
      {[](InferRequest& m) { m = InferRequest(); }, "inputs: volume is missing"},
      {[](InferRequest& m) { m.mutable_raw_input_contents()->RemoveLast(); }, "raw_input_contents: 3 are there"},
      {[](InferRequest& m) { m.mutable_inputs(0)->mutable_contents()->add_int_contents(1); }, "volume.contents: must be left out"},
      {[](InferRequest& m) { (*m.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("r"); }, "volume.parameters: must be empty"},
      {[](InferRequest& m) { m.mutable_inputs(0)->set_datatype("UINT8"); }, "volume.datatype = UINT8: must be INT16 or FP32"},
      {[](InferRequest& m) { m.mutable_inputs(0)->set_datatype("FP32"); }, "volume: its raw_input_contents have 48 bytes: must have 96"},
      {[](InferRequest& m) { m.mutable_raw_input_contents(0)->pop_back(); }, "volume: its raw_input_contents have 47 bytes: must have 48"},
      {[](InferRequest& m) { SetShape(m, {3, 4}); }, "volume.shape: has 2 axes: must have three: D, H, W"},
      {[](InferRequest& m) { SetShape(m, {2, 0, 4}); }, "volume.shape[1] = 0: must be at least 1"},
      {[](InferRequest& m) { SetShape(m, {101, 1, 1}); }, "volume.shape[0] = 101: must be at most 100", ErrorCode::kResourceExhausted},
      {[](InferRequest& m) { SetShape(m, {kHuge, kHuge, kHuge}); }, "must be at most 100", ErrorCode::kResourceExhausted},
      {[](InferRequest& m) { SetShape(m, {100, 100, 100}); }, "volume.shape: more voxels than this server takes: must be at most 1000", ErrorCode::kResourceExhausted},
      {[](InferRequest& m) { SetNumbers(m, 1, {1, 1, 0}); }, "spacing[2] = 0: must be in [0.01, 50] mm"},
      {[](InferRequest& m) { SetNumbers(m, 1, {1, kNan, 1}); }, "spacing[1] = nan: must be finite"},
      {[](InferRequest& m) { SetNumbers(m, 1, {1, 1}); }, "spacing: its raw_input_contents have 16 bytes: must have 24"},
      {[](InferRequest& m) { m.mutable_inputs(1)->set_datatype("FP32"); }, "spacing.datatype = FP32: must be FP64"},
      {[](InferRequest& m) { m.mutable_inputs(1)->set_shape(0, 4); }, "spacing.shape: must be [3]"},
      {[](InferRequest& m) { SetNumbers(m, 2, {1, 0, 0, 0, 1, 0, 0, 0, kNan}); }, "direction[8] = nan: must be finite"},
      {[](InferRequest& m) { SetNumbers(m, 2, {1, 0, 0, 0, 1, 0, 0, 0, 2}); }, "direction: largest entry of |D^T D - I| = 3: must be at most 0.001: its columns must be orthonormal"},
      {[](InferRequest& m) { SetNumbers(m, 2, {1, 0.01, 0, 0, 1, 0, 0, 0, 1}); }, "direction: largest entry of |D^T D - I| = 0.01"},
      {[](InferRequest& m) { SetNumbers(m, 3, {0, 1e9, 0}); }, "origin[1] = 1e+09: must be in [-1e6, 1e6] mm"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.message);
    InferRequest message = Good();
    refusal.change(message);
    ExpectError(refusal.code, refusal.message, [&] { Read(message); });
  }
}

TEST(ReadInferenceRequest, RefusesBytesBeyondTheLimit) {
  const InferRequest message = RawRequest({10, 10, 10}, std::vector<float>(1000));
  EXPECT_NO_THROW(Read(message));
  ExpectError(ErrorCode::kResourceExhausted, "volume.shape: 1000 voxels: must fill at most 3999 bytes",
              [&] { ReadInferenceRequest(message, {.max_bytes = 3999}); });
  EXPECT_EQ(LimitRefusing([&] { ReadInferenceRequest(message, {.max_bytes = 3999}); }), (ByteLimit{.needed_bytes = 4000, .limit_bytes = 3999}));
}

TEST(ReadInferenceRequest, RefusesTypedContentsThatDoNotFit) {
  InferRequest message = TypedRequest({2, 3, 4}, Voxels());
  message.mutable_inputs(0)->mutable_contents()->add_int_contents(0);
  ExpectError(ErrorCode::kInvalidArgument, "volume: its contents have 25 elements of this datatype: must have 24", [&] { Read(message); });
  message = TypedRequest({2, 3, 4}, Voxels());
  message.mutable_inputs(0)->mutable_contents()->set_int_contents(5, 32768);
  ExpectError(ErrorCode::kInvalidArgument, "volume.contents: must be in [-32768, 32767], as INT16 says", [&] { VolumeOf(Read(message)); });
}

TEST(ReadInferenceRequest, RefusesParametersThatAreWrongAndNamesThem) {
  const std::vector<Refusal> refusals{
      {[](InferRequest& m) { Parameter(m, "sequence_id").set_int64_param(1); }, "parameters = sequence_id: must be rank, priority, timeout or min_quality"},
      {[](InferRequest& m) { Parameter(m, "priority").set_int64_param(22); }, "parameters.priority = 22: must be 0, the normal one, or 1 (first) to 21 (last)"},
      {[](InferRequest& m) { Parameter(m, "priority").set_int64_param(-1); }, "parameters.priority = -1"},
      {[](InferRequest& m) { Parameter(m, "priority").set_string_param("high"); }, "parameters.priority: must be a whole number"},
      {[](InferRequest& m) { Parameter(m, "timeout").set_int64_param(-1); }, "parameters.timeout = -1: must be at least 0 microseconds"},
      {[](InferRequest& m) { Parameter(m, "timeout").set_double_param(0.5); }, "parameters.timeout: must be a whole number"},
      {[](InferRequest& m) { Parameter(m, "min_quality").set_double_param(1.5); }, "parameters.min_quality = 1.5: must be in [0, 1]"},
      {[](InferRequest& m) { Parameter(m, "min_quality").set_string_param("nan"); }, "parameters.min_quality = nan: must be in [0, 1]"},
      {[](InferRequest& m) { Parameter(m, "min_quality").set_string_param("good"); }, "parameters.min_quality: must be a number"},
      {[](InferRequest& m) { Parameter(m, "min_quality"); }, "parameters.min_quality: must be a number"},
      {[](InferRequest& m) { m.set_model_version("original"); Parameter(m, "min_quality").set_double_param(0.5); }, "parameters.min_quality: must be left out where model_version names a level"},
      {[](InferRequest& m) { m.set_model_version("original"); Parameter(m, "rank").set_double_param(0.3); }, "parameters.rank: must be left out where model_version names a level"},
      {[](InferRequest& m) { Parameter(m, "min_quality").set_double_param(0.5); Parameter(m, "rank").set_double_param(0.3); }, "parameters.rank: must be left out where min_quality is given"},
      {[](InferRequest& m) { Parameter(m, "rank").set_bool_param(true); }, "parameters.rank: must be a level's number or its name"},
      {[](InferRequest& m) { m.add_outputs()->set_name("logits"); }, "outputs = logits: must be labels"},
      {[](InferRequest& m) { (*m.add_outputs()->mutable_parameters())["classification"].set_int64_param(3); m.mutable_outputs(0)->set_name("labels"); }, "labels.parameters: must be empty"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.message);
    InferRequest message = Good();
    refusal.change(message);
    ExpectError(refusal.code, refusal.message, [&] { Read(message); });
  }
}

TEST(ReadInferenceRequest, RefusesOrReadsAnyMessageThatCanBeParsed) {
  // Bytes of a good message changed at random: an Error or an answer, nothing else.
  const std::string good = Good().SerializeAsString();
  std::mt19937 random(1);
  int parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (int change = 0; change < 3; ++change) bytes[random() % bytes.size()] = static_cast<char>(random());
    InferRequest message;
    if (!message.ParseFromString(bytes)) continue;
    ++parsed;
    try {
      VolumeOf(Read(message));
    } catch (const Error&) {
    }
  }
  EXPECT_GT(parsed, 100);
}

}  // namespace
}  // namespace tuckerseg
