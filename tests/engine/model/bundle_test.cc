#include "engine/model/bundle.h"

#include <gmock/gmock.h>

#include <fstream>

#include "engine/model/safetensors.h"
#include "engine/sha256.h"
#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Bundle OnePart() { return TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1); }

Bundle TwoParts() {
  Bundle bundle = OnePart();
  bundle.model.parts.push_back(bundle.model.parts.front());
  bundle.model.parts[0].name = "organs";
  bundle.model.parts[1].name = "ribs";
  bundle.weights.push_back(RandomWeights(bundle.model.parts[1].graph, "fold_0.", 2));
  return bundle;
}

void ExpectEqual(const Bundle& a, const Bundle& b) {
  EXPECT_EQ(a.model, b.model);
  ASSERT_EQ(a.weights.size(), b.weights.size());
  for (size_t i = 0; i < a.weights.size(); ++i) EXPECT_EQ(EncodeSafetensors(a.weights[i]), EncodeSafetensors(b.weights[i]));
}

class BundleFolder : public testing::Test {
 protected:
  fs::path models() const { return folder_.path(); }
  fs::path bundle() const { return folder_.path() / "tiny"; }
  std::vector<std::string> Entries() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(models())) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  void ExpectNotSaved(const Bundle& wrong, const std::string& message) const {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { SaveBundle(wrong, bundle()); });
    EXPECT_THAT(Entries(), IsEmpty());
  }

  const TemporaryDirectory folder_;
};

TEST_F(BundleFolder, GivesTheBundleBack) {
  SaveBundle(OnePart(), bundle());
  ExpectEqual(LoadBundle(bundle()), OnePart());
  SaveBundle(TwoParts(), models() / "two");
  ExpectEqual(LoadBundle(models() / "two"), TwoParts());
}

TEST_F(BundleFolder, KeepsTheWeightsOfOnePartAtTheTopAndOfSeveralUnderTheirNames) {
  SaveBundle(OnePart(), bundle());
  EXPECT_TRUE(fs::exists(bundle() / "weights.safetensors"));
  SaveBundle(TwoParts(), models() / "two");
  EXPECT_TRUE(fs::exists(models() / "two" / "parts" / "organs" / "weights.safetensors"));
  EXPECT_TRUE(fs::exists(models() / "two" / "parts" / "ribs" / "weights.safetensors"));
  EXPECT_FALSE(fs::exists(models() / "two" / "weights.safetensors"));
}

TEST_F(BundleFolder, IsAllThatSavingLeavesBehind) {
  SaveBundle(OnePart(), bundle());
  EXPECT_THAT(Entries(), ElementsAre("tiny"));
}

TEST_F(BundleFolder, MayEndInASlashOrBeEmptyOrLieDeep) {
  SaveBundle(OnePart(), bundle() / "");
  fs::create_directory(models() / "empty");
  SaveBundle(OnePart(), models() / "empty");
  SaveBundle(OnePart(), models() / "a" / "b");
  for (const fs::path name : {"tiny", "empty", "a/b"}) EXPECT_NO_THROW(LoadBundle(models() / name));
}

TEST_F(BundleFolder, IsNotWrittenOverAnother) {
  folder_.Write("tiny/file", "somebody's");
  ExpectError(ErrorCode::kFailedPrecondition, "is there and no empty directory: must be a new or empty one",
              [&] { SaveBundle(OnePart(), bundle()); });
  EXPECT_EQ(FileText(bundle() / "file"), "somebody's");
  EXPECT_THAT(Entries(), ElementsAre("tiny"));
}

TEST_F(BundleFolder, IsNotWrittenWhereNothingCanBe) {
  folder_.Write("file", "");
  ExpectError(ErrorCode::kInternal, "bundle: ", [&] { SaveBundle(OnePart(), models() / "file" / "tiny"); });
  ExpectError(ErrorCode::kFailedPrecondition, "file is there and no empty directory", [&] { SaveBundle(OnePart(), models() / "file"); });
  EXPECT_THAT(Entries(), ElementsAre("file"));
}

TEST_F(BundleFolder, IsNotWrittenWithNamesThatLeadOutOfIt) {
  Bundle bundle = TwoParts();
  bundle.model.parts[1].name = "../../x";
  ExpectNotSaved(bundle, "model.parts[1].name = \"../../x\"");
  bundle = TwoParts();
  bundle.model.parts[0].folds = {"../x"};
  ExpectNotSaved(bundle, "model.parts[0].folds[0] = \"../x\"");
}

TEST_F(BundleFolder, IsNotWrittenWhereItCouldNotBeLoaded) {
  Bundle bundle = OnePart();
  bundle.model.name = "two words";
  ExpectNotSaved(bundle, "model.name = \"two words\"");
  bundle = OnePart();
  bundle.model.parts[0].spacing_mm[0] = std::numeric_limits<double>::quiet_NaN();
  ExpectNotSaved(bundle, "spacing_mm");
  bundle = TwoParts();
  bundle.weights.pop_back();
  ExpectNotSaved(bundle, "weights: of 1 parts: must be of 2");
}

TEST_F(BundleFolder, IsNotThere) {
  ExpectError(ErrorCode::kNotFound, "bundle: has no readable model.json", [&] { LoadBundle(bundle()); });
  fs::create_directory(bundle());
  ExpectError(ErrorCode::kNotFound, "bundle: has no readable model.json", [&] { LoadBundle(bundle()); });
}

TEST_F(BundleFolder, HasADamagedModelJson) {
  SaveBundle(OnePart(), bundle());
  const std::string text = FileText(bundle() / "model.json");
  folder_.Write("tiny/model.json", text.substr(0, text.size() / 2));
  ExpectError(ErrorCode::kInvalidArgument, "model: not JSON", [&] { LoadBundle(bundle()); });
}

TEST_F(BundleFolder, LacksItsWeights) {
  SaveBundle(OnePart(), bundle());
  fs::remove(bundle() / "weights.safetensors");
  ExpectError(ErrorCode::kNotFound, "weights: cannot be opened", [&] { LoadBundle(bundle()); });
}

TEST_F(BundleFolder, HasCutWeights) {
  SaveBundle(OnePart(), bundle());
  const fs::path weights = bundle() / "weights.safetensors";
  fs::resize_file(weights, fs::file_size(weights) - 1);
  ExpectError(ErrorCode::kDataLoss, "safetensors: tensor ", [&] { LoadBundle(bundle()); });
}

TEST_F(BundleFolder, HasAChangedWeight) {
  Bundle saved = OnePart();
  Sha256 digest;
  digest.Update(EncodeSafetensors(saved.weights.front()));
  saved.model.provenance.weights_sha256 = digest.Digest();
  SaveBundle(saved, bundle());
  EXPECT_NO_THROW(LoadBundle(bundle()));
  std::fstream file(bundle() / "weights.safetensors", std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-1, std::ios::end);
  const int last = file.peek();
  file.put(static_cast<char>(last ^ 1));
  file.close();
  ExpectError(ErrorCode::kDataLoss, "weights: have another checksum", [&] { LoadBundle(bundle()); });
}

TEST_F(BundleFolder, LacksATensorOfAFold) {
  Bundle wrong = OnePart();
  wrong.model.parts[0].folds = {"0", "1"};
  SaveBundle(wrong, bundle());
  ExpectError(ErrorCode::kDataLoss, "part network: tensor fold_1.encoder.0.conv.weight: missing",
              [&] { LoadBundle(bundle()); });
}

TEST_F(BundleFolder, HasATensorOfAnotherShape) {
  Bundle wrong = OnePart();
  wrong.weights[0].Add("fold_0.head.bias", TensorType::kFloat32, {1}, AsBytes("1234"));
  SaveBundle(wrong, bundle());
  ExpectError(ErrorCode::kDataLoss, "part network: tensor fold_0.head.bias: shape differs from the layer's",
              [&] { LoadBundle(bundle()); });
}

TEST_F(BundleFolder, IsFoundAmongOthersInOrderOfNames) {
  folder_.Write("z/notes.txt", "no model");
  folder_.Write("file", "no folder");
  folder_.Write("a/notes.txt", "no model");
  fs::create_directories(models() / "b" / "model.json");
  for (const char* name : {"m", "c", "y"}) SaveBundle(OnePart(), models() / name);
  EXPECT_THAT(FindBundles(models()), ElementsAre(models() / "c", models() / "m", models() / "y"));
}

TEST_F(BundleFolder, IsNotFoundBeforeItIsFinished) {
  SaveBundle(OnePart(), bundle());
  fs::rename(bundle(), models() / "tiny.unfinished-123");  // what a crash leaves behind
  EXPECT_THAT(FindBundles(models()), IsEmpty());
}

TEST_F(BundleFolder, IsNotGoneWhereItsFolderCannotBeListed) {
  SaveBundle(OnePart(), bundle());
  {
    const FewDescriptors none(0);
    ExpectError(ErrorCode::kUnavailable, "models: the directory cannot be read: ", [&] { FindBundles(models()); });
    ExpectError(ErrorCode::kUnavailable, "bundle: has no readable model.json", [&] { LoadModel(bundle()); });
  }
  ExpectError(ErrorCode::kFailedPrecondition, "models: the directory cannot be read: ", [&] { FindBundles(bundle() / "model.json"); });
}

TEST_F(BundleFolder, IsNotFoundWhereThereIsNoFolder) { EXPECT_THAT(FindBundles(models() / "absent"), IsEmpty()); }

}  // namespace
}  // namespace tuckerseg
