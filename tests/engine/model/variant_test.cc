#include "engine/model/variant.h"

#include <gmock/gmock.h>

#include <cstring>

#include "engine/model/part_weights.h"
#include "engine/model/safetensors.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/model/variant_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

void AddFloats(WeightStore& weights, const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  weights.Add(name, TensorType::kFloat32, std::move(shape), std::move(bytes));
}

void ExpectEqual(const VariantFiles& a, const VariantFiles& b) {
  EXPECT_EQ(a.variant, b.variant);
  ASSERT_EQ(a.weights.size(), b.weights.size());
  for (size_t i = 0; i < a.weights.size(); ++i) EXPECT_EQ(EncodeSafetensors(a.weights[i]), EncodeSafetensors(b.weights[i]));
}

class VariantFolder : public testing::Test {
 protected:
  fs::path bundle() const { return folder_.path(); }
  fs::path variant() const { return bundle() / "variants" / "large"; }
  std::vector<std::string> Entries() const {
    std::vector<std::string> names;
    if (!fs::exists(bundle() / "variants")) return names;
    for (const auto& entry : fs::directory_iterator(bundle() / "variants")) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  void ExpectNotSaved(const VariantFiles& wrong, ErrorCode code, const std::string& message) const {
    ExpectError(code, message, [&] { SaveVariant(wrong, TwoPartModel(), variant()); });
    EXPECT_THAT(Entries(), IsEmpty());
  }

  const TemporaryDirectory folder_;
};

TEST_F(VariantFolder, GivesTheVariantBackWithTheChecksumOfItsWeights) {
  SaveVariant(ElasticFiles(), TwoPartModel(), variant());
  VariantFiles saved = ElasticFiles();
  saved.variant.weights_sha256 = PartWeightsSha256(saved.weights);
  ExpectEqual(LoadVariant(variant(), TwoPartModel()), saved);
  EXPECT_THAT(Entries(), ElementsAre("large"));
}

TEST_F(VariantFolder, GivesAVariantOfOnePartBackWithItsWeightsAtTheTop) {
  const Model model = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1).model;
  VariantFiles files{{.model = model.name, .model_sha256 = "", .method = "hosvd", .levels = {{"half", 0.5, true, {TuckerUnet(3, 2)}}}},
                     {RandomWeights(TuckerUnet(3, 2), "fold_0.", 1)}};
  SaveVariant(files, model, variant());
  EXPECT_TRUE(fs::exists(variant() / "weights.safetensors"));
  files.variant.weights_sha256 = PartWeightsSha256(files.weights);
  ExpectEqual(LoadVariant(variant(), model), files);
}

TEST_F(VariantFolder, IsNotThere) {
  ExpectError(ErrorCode::kNotFound, "variant: has no readable variant.json", [&] { LoadVariant(variant(), TwoPartModel()); });
  fs::create_directories(variant() / "variant.json");
  ExpectError(ErrorCode::kNotFound, "variant: has no readable variant.json", [&] { LoadVariant(variant(), TwoPartModel()); });
}

TEST_F(VariantFolder, IsOfAnotherModel) {
  SaveVariant(ElasticFiles(), TwoPartModel(), variant());
  Model other = TwoPartModel();
  other.provenance.weights_sha256 = std::string(64, 'f');
  ExpectError(ErrorCode::kFailedPrecondition, "variant.model_weights_sha256", [&] { LoadVariant(variant(), other); });
}

TEST_F(VariantFolder, HasADamagedVariantJson) {
  SaveVariant(ElasticFiles(), TwoPartModel(), variant());
  const std::string text = FileText(variant() / "variant.json");
  folder_.Write("variants/large/variant.json", text.substr(0, text.size() / 2));
  ExpectError(ErrorCode::kInvalidArgument, "variant: not JSON", [&] { LoadVariant(variant(), TwoPartModel()); });
}

TEST_F(VariantFolder, HasAFlippedBitInAWeight) {
  SaveVariant(ElasticFiles(), TwoPartModel(), variant());
  std::fstream file(variant() / "parts" / "ribs" / "weights.safetensors", std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-1, std::ios::end);
  const int last = file.peek();
  file.put(static_cast<char>(last ^ 1));
  file.close();
  ExpectError(ErrorCode::kDataLoss, "weights: have another checksum", [&] { LoadVariant(variant(), TwoPartModel()); });
}

TEST_F(VariantFolder, LacksAWeightsFile) {
  SaveVariant(ElasticFiles(), TwoPartModel(), variant());
  fs::remove(variant() / "parts" / "ribs" / "weights.safetensors");
  ExpectError(ErrorCode::kNotFound, "weights: cannot be opened", [&] { LoadVariant(variant(), TwoPartModel()); });
}

/// variant.json as it is saved, without its checksum, beside other weights.
void Rewrite(const TemporaryDirectory& folder, const VariantFiles& files) {
  Variant unchecked = files.variant;
  unchecked.weights_sha256 = "";
  folder.Write("variants/large/variant.json", EncodeVariant(unchecked, TwoPartModel()));
  WritePartWeights(folder.path() / "variants" / "large", TwoPartModel().parts, files.weights);
}

TEST_F(VariantFolder, LacksATensorOrHasOneOfAnotherShape) {
  VariantFiles files = ElasticFiles();
  files.weights[1] = RandomWeights(TuckerUnet(5, 2), "fold_0.", 1);
  Rewrite(folder_, files);
  ExpectError(ErrorCode::kDataLoss, "part ribs: tensor fold_0.up.core: shape differs from the layer's", [&] { LoadVariant(variant(), TwoPartModel()); });
  files.weights[1] = RandomWeights(TinyUnet(4, 3), "fold_0.", 1);
  Rewrite(folder_, files);
  ExpectError(ErrorCode::kDataLoss, "part ribs: tensor fold_0.up.in_factor: missing", [&] { LoadVariant(variant(), TwoPartModel()); });
}

TEST_F(VariantFolder, HasATensorOfALevelsOwnThatDoesNotFitIt) {
  VariantFiles files = ElasticFiles();
  AddFloats(files.weights[0], "level_small.fold_0.up.bias", {3}, {1, 2, 3});
  Rewrite(folder_, files);
  ExpectError(ErrorCode::kDataLoss, "part organs: tensor level_small.fold_0.up.bias: shape differs from the layer's", [&] { LoadVariant(variant(), TwoPartModel()); });
}

TEST_F(VariantFolder, IsNotWrittenWhereItCouldNotBeLoaded) {
  VariantFiles files = ElasticFiles();
  files.variant.levels[0].name = "original";
  ExpectNotSaved(files, ErrorCode::kInvalidArgument, "variant.name = \"original\"");
  files = ElasticFiles();
  files.weights.pop_back();
  ExpectNotSaved(files, ErrorCode::kInvalidArgument, "variant: has weights of 1 parts: must be 2");
  files = ElasticFiles();
  files.weights[1] = RandomWeights(TinyUnet(4, 3), "fold_0.", 1);
  ExpectNotSaved(files, ErrorCode::kDataLoss, "part ribs: tensor fold_0.up.in_factor: missing");
  files = ElasticFiles();
  AddFloats(files.weights[0], "level_small.fold_0.up.bias", {3}, {1, 2, 3});
  ExpectNotSaved(files, ErrorCode::kDataLoss, "part organs: tensor level_small.fold_0.up.bias: shape differs");
  files = ElasticFiles();
  files.variant.model_sha256 = "other";
  ExpectNotSaved(files, ErrorCode::kFailedPrecondition, "variant.model_weights_sha256");
  files = ElasticFiles();
  files.variant.levels.clear();
  ExpectNotSaved(files, ErrorCode::kInvalidArgument, "variant: has no level");
}

TEST_F(VariantFolder, IsNotWrittenWithASmallerLevelThatDiffersInMoreThanRanks) {
  VariantFiles files = ElasticFiles();
  files.variant.levels[1].graphs[0].layers[2].epsilon = 1;  // variant.json has no place for it
  ExpectNotSaved(files, ErrorCode::kInvalidArgument, "variant: level small: must be the largest level with smaller ranks");
}

TEST_F(VariantFolder, IsNotWrittenOverAnother) {
  folder_.Write("variants/large/file", "somebody's");
  ExpectError(ErrorCode::kFailedPrecondition, "is there and no empty directory: must be a new or empty one", [&] { SaveVariant(ElasticFiles(), TwoPartModel(), variant()); });
  EXPECT_EQ(FileText(variant() / "file"), "somebody's");
  EXPECT_THAT(Entries(), ElementsAre("large"));
}

TEST_F(VariantFolder, IsFoundInOrderOfNamesOnceItIsFinished) {
  EXPECT_THAT(FindVariants(bundle()), IsEmpty());
  for (const char* name : {"m", "c"}) SaveVariant(ElasticFiles(), TwoPartModel(), bundle() / "variants" / name);
  folder_.Write("variants/notes.txt", "no variant");
  folder_.Write("variants/empty/notes.txt", "no variant");
  fs::create_directories(bundle() / "variants" / "b" / "variant.json");
  fs::copy(bundle() / "variants" / "c", bundle() / "variants" / "d.unfinished-12", fs::copy_options::recursive);
  EXPECT_THAT(FindVariants(bundle()), ElementsAre(bundle() / "variants" / "c", bundle() / "variants" / "m"));
  EXPECT_TRUE(fs::exists(bundle() / "variants" / "d.unfinished-12")) << "it may be another process's";
}

TEST_F(VariantFolder, IsNotGoneWhereItsFolderCannotBeListed) {
  SaveVariant(ElasticFiles(), TwoPartModel(), variant());
  const FewDescriptors none(0);
  ExpectError(ErrorCode::kUnavailable, "variants: the directory cannot be read: ", [&] { FindVariants(bundle()); });
  ExpectError(ErrorCode::kUnavailable, "variant: has no readable variant.json", [&] { ReadVariant(variant(), TwoPartModel()); });
}

/// One layer, 2 -> 3 channels with three taps: every number of its tensors fits on a line.
class OneTuckerLayer : public testing::Test {
 protected:
  OneTuckerLayer() {
    LayerGraph whole;
    AddLayer(whole, {.name = "input", .kind = LayerKind::kInput, .in_channels = 2, .out_channels = 2});
    AddLayer(whole, {.name = "c", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 2, .out_channels = 3, .kernel = {1, 1, 3}, .bias = true});
    model_ = TinyBundle(whole, {4, 4, 4}, 1).model;
    model_.parts[0].normalization.push_back(model_.parts[0].normalization[0]);
    files_.variant = {.model = model_.name, .method = "hosvd"};
    const auto level = [&](const std::string& name, int64_t in, int64_t out) {
      files_.variant.levels.push_back({name, {}, false, {Decomposed(whole, "c", in, out)}});
    };
    level("large", 2, 2);
    level("small", 1, 1);
    level("wide", 1, 2);
    files_.weights.resize(1);
    AddFloats(files_.weights[0], "fold_0.c.in_factor", {2, 2}, {1, 2, 3, 4});
    AddFloats(files_.weights[0], "fold_0.c.core", {2, 2, 1, 1, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    AddFloats(files_.weights[0], "fold_0.c.out_factor", {3, 2}, {1, 2, 3, 4, 5, 6});
    AddFloats(files_.weights[0], "fold_0.c.bias", {3}, {7, 8, 9});
  }
  std::vector<float> Tensor(size_t level, const std::string& name) const {
    return ToFloat(BundleOf(model_, files_, level).weights[0].At("fold_0.c." + name));
  }

  Model model_;
  VariantFiles files_;
};

TEST_F(OneTuckerLayer, IsCutToTheLeadingBlocksOfASmallerLevel) {
  EXPECT_THAT(Tensor(1, "in_factor"), ElementsAre(1, 3));
  EXPECT_THAT(Tensor(1, "core"), ElementsAre(1, 2, 3));
  EXPECT_THAT(Tensor(1, "out_factor"), ElementsAre(1, 3, 5));
  EXPECT_THAT(Tensor(1, "bias"), ElementsAre(7, 8, 9));
  EXPECT_THAT(Tensor(2, "core"), ElementsAre(1, 2, 3, 7, 8, 9));  // [rank_out][rank_in][taps]: the second of each rank_in is gone
  EXPECT_THAT(Tensor(2, "out_factor"), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(OneTuckerLayer, HasTheShapesAndTheGraphOfTheLevel) {
  const Bundle small = BundleOf(model_, files_, 1);
  EXPECT_EQ(small.model.parts[0].graph, files_.variant.levels[1].graphs[0]);
  EXPECT_NO_THROW(CheckTensors(small.model.parts[0], small.weights[0]));
  Model same = small.model;
  same.parts[0].graph = model_.parts[0].graph;
  EXPECT_EQ(same, model_) << "all else is the model's";
}

TEST_F(OneTuckerLayer, SharesTheBytesOfTensorsThatAreNotCut) {
  const auto bytes = [](const WeightStore& weights, const std::string& name) { return weights.At("fold_0.c." + name).bytes.data(); };
  const Bundle large = BundleOf(model_, files_, 0);
  for (const char* name : {"in_factor", "core", "out_factor", "bias"}) EXPECT_EQ(bytes(large.weights[0], name), bytes(files_.weights[0], name)) << name;
  const Bundle wide = BundleOf(model_, files_, 2);
  EXPECT_EQ(bytes(wide.weights[0], "bias"), bytes(files_.weights[0], "bias"));
  EXPECT_EQ(bytes(wide.weights[0], "out_factor"), bytes(files_.weights[0], "out_factor"));
}

TEST_F(OneTuckerLayer, KeepsTheBytesAliveThatItShares) {
  const Bundle large = BundleOf(model_, files_, 0);
  files_ = {};
  EXPECT_THAT(ToFloat(large.weights[0].At("fold_0.c.bias")), ElementsAre(7, 8, 9));
}

TEST_F(OneTuckerLayer, PrefersTensorsOfTheLevelsOwn) {
  AddFloats(files_.weights[0], "level_small.fold_0.c.bias", {3}, {-7, -8, -9});
  AddFloats(files_.weights[0], "level_small.fold_0.c.core", {1, 1, 1, 1, 3}, {-1, -2, -3});
  EXPECT_THAT(Tensor(1, "bias"), ElementsAre(-7, -8, -9));
  EXPECT_THAT(Tensor(1, "core"), ElementsAre(-1, -2, -3));
  EXPECT_THAT(Tensor(1, "in_factor"), ElementsAre(1, 3)) << "shared";
  EXPECT_THAT(Tensor(0, "bias"), ElementsAre(7, 8, 9)) << "of another level";
  EXPECT_THAT(Tensor(2, "bias"), ElementsAre(7, 8, 9)) << "of another level";
}

TEST_F(OneTuckerLayer, CutsTensorsOfOtherTypesAndOfEveryFold) {
  files_.weights[0].Add("fold_0.c.in_factor", TensorType::kBFloat16, {2, 2}, {std::byte{0x80}, std::byte{0x3F}, {}, {}, std::byte{0}, std::byte{0x40}, {}, {}});
  EXPECT_THAT(Tensor(1, "in_factor"), ElementsAre(1, 2));
  model_.parts[0].folds = {"0", "1"};
  ExpectError(ErrorCode::kDataLoss, "part network: tensor fold_1.c.in_factor: missing", [&] { BundleOf(model_, files_, 1); });
}

TEST_F(OneTuckerLayer, RefusesTensorsOfIntegersByName) {
  files_.weights[0].Add("level_small.fold_0.c.bias", TensorType::kInt8, {3}, std::vector<std::byte>(3));
  ExpectError(ErrorCode::kDataLoss, "part network: tensor level_small.fold_0.c.bias: holds integers", [&] { BundleOf(model_, files_, 1); });
  EXPECT_NO_THROW(BundleOf(model_, files_, 0));
  files_.weights[0].Add("fold_0.c.bias", TensorType::kInt8, {3}, std::vector<std::byte>(3));
  ExpectError(ErrorCode::kDataLoss, "part network: tensor fold_0.c.bias: holds integers", [&] { BundleOf(model_, files_, 0); });
}

TEST_F(OneTuckerLayer, RefusesTensorsThatAreSmallerThanTheLevels) {
  AddFloats(files_.weights[0], "fold_0.c.core", {1, 1, 1, 1, 3}, {1, 2, 3});
  ExpectError(ErrorCode::kDataLoss, "part network: tensor fold_0.c.core: shape differs from the layer's", [&] { BundleOf(model_, files_, 0); });
  EXPECT_NO_THROW(BundleOf(model_, files_, 1));
  AddFloats(files_.weights[0], "fold_0.c.bias", {3, 1}, {1, 2, 3});
  ExpectError(ErrorCode::kDataLoss, "part network: tensor fold_0.c.bias: shape differs from the layer's", [&] { BundleOf(model_, files_, 1); });
}

}  // namespace
}  // namespace tuckerseg
