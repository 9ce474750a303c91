#include "engine/model/nnunet_import.h"

#include <gmock/gmock.h>

#include "engine/model/unet_builder.h"
#include "tests/engine/model/pickle_builder.h"
#include "tests/engine/model/result_folder_builder.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

constexpr auto kResult = "nnUNetTrainer__nnUNetPlans__3d_fullres";

Json DatasetOf(const Json& labels) {
  Json dataset = SmallDataset();
  dataset["labels"] = labels;
  return dataset;
}

class Import : public testing::Test {
 protected:
  /// A data set's folder with one result folder in it.
  fs::path Write(const std::string& dataset, const Json& dataset_json, const std::vector<std::string>& folds = {"0"},
                 const std::string& result = kResult) const {
    WriteResultFolder(root() / dataset / result, NewPlans(), dataset_json, folds);
    return root() / dataset / result;
  }
  fs::path WriteMine(const std::vector<std::string>& folds = {"0"}) const {
    return Write("Dataset001_Mine", SmallDataset(), folds);
  }
  /// The five networks of `total`, each of which knows one of its classes.
  void WriteTotal() const {
    const std::pair<const char*, const char*> networks[] = {{"Dataset291_TotalSegmentator_part1_organs_1559subj", "liver"},
                                                            {"Dataset292_TotalSegmentator_part2_vertebrae_1532subj", "sacrum"},
                                                            {"Dataset293_TotalSegmentator_part3_cardiac_1559subj", "aorta"},
                                                            {"Dataset294_TotalSegmentator_part4_muscles_1559subj", "brain"},
                                                            {"Dataset295_TotalSegmentator_part5_ribs_1559subj", "rib_left_1"}};
    for (const auto& [dataset, structure] : networks) Write(dataset, DatasetOf({{"background", 0}, {structure, 1}}));
  }
  void ExpectRefused(ErrorCode code, const std::string& message, const fs::path& folder,
                     const NnunetImportOptions& options = {}) const {
    ExpectError(code, message, [&] { ImportNnunet(folder, options); });
  }
  fs::path root() const { return folder_.path(); }

  const TemporaryDirectory folder_;
};

TEST_F(Import, MakesAModelNamedAfterItsDataSet) {
  const Model model = ImportNnunet(WriteMine(), {}).model;
  EXPECT_EQ(model.name, "Dataset001_Mine");
  EXPECT_EQ(model.task, "Dataset001_Mine");
  EXPECT_FALSE(model.pipeline.totalsegmentator);
  EXPECT_EQ(model.pipeline.tile_step, 0.5);
  EXPECT_THAT(model.labels, ElementsAre(Field(&Label::name, "liver"), Field(&Label::name, "spleen")));
  EXPECT_EQ(model.provenance.source, "nnU-Net v2 results: Dataset001_Mine");
  EXPECT_EQ(model.provenance.trainer, "nnUNetTrainer");
  EXPECT_EQ(model.provenance.configuration, "3d_fullres");
  EXPECT_EQ(model.provenance.weights_sha256.size(), 64U);
}

TEST_F(Import, NamesItTheSameHoweverTheFolderIsWritten) {
  const fs::path result = WriteMine();
  for (const fs::path& folder : {result / "", result / ".", result / ".." / kResult, result.parent_path() / ""}) {
    EXPECT_EQ(ImportNnunet(folder, {}).model.name, "Dataset001_Mine") << folder;
  }
}

TEST_F(Import, TakesWhatThePlansSay) {
  const Model model = ImportNnunet(WriteMine(), {}).model;
  ASSERT_EQ(model.parts.size(), 1U);
  const ModelPart& part = model.parts.front();
  EXPECT_EQ(part.name, "network");
  EXPECT_THAT(part.patch_size, ElementsAre(8, 16, 16));
  EXPECT_THAT(part.spacing_mm, ElementsAre(5, 2.5, 2.5));
  EXPECT_THAT(part.channel_labels, ElementsAre(0, 1, 2));
  EXPECT_THAT(part.mirror_axes, IsEmpty());
  EXPECT_EQ(part.data_resampling.order, 3);
  EXPECT_EQ(part.logits_resampling.order, 1);
  EXPECT_EQ(part.graph, BuildUnet(Parse(NewPlans(), SmallDataset()).unet));
}

TEST_F(Import, NamesTensorsByFold) {
  const Bundle bundle = ImportNnunet(WriteMine({"0", "1"}), {});
  EXPECT_EQ(bundle.weights.at(0).tensors().size(), 2 * RequiredTensors(bundle.model.parts[0].graph).size());
  // The builder's tensors of fold i count up from i.
  EXPECT_EQ(ToFloat(bundle.weights[0].At("fold_0.encoder.stages.0.0.convs.0.conv.weight")).at(5), 5.0F);
  EXPECT_EQ(ToFloat(bundle.weights[0].At("fold_1.encoder.stages.0.0.convs.0.conv.weight")).at(5), 6.0F);
}

TEST_F(Import, ReadsOldPlansAndResidualEncoders) {
  WriteResultFolder(root() / "Dataset002_Old" / kResult, OldPlans(), SmallDataset(), {"0"});
  WriteResultFolder(root() / "Dataset003_Residual" / kResult, ResidualPlans(), SmallDataset(), {"0"});
  EXPECT_EQ(ImportNnunet(root() / "Dataset002_Old", {}).model.parts[0].graph,
            ImportNnunet(WriteMine(), {}).model.parts[0].graph);
  EXPECT_EQ(ImportNnunet(root() / "Dataset003_Residual", {}).model.parts[0].graph.layers.at(1).name,
            "encoder.stem.convs.0.conv");
}

TEST_F(Import, FindsTheResultFolderInADataSetsFolder) {
  const Model model = ImportNnunet(WriteMine(), {}).model;
  EXPECT_EQ(ImportNnunet(root() / "Dataset001_Mine", {}).model, model);
  EXPECT_EQ(ImportNnunet(root() / "Dataset001_Mine" / "", {}).model, model);
  EXPECT_EQ(ImportNnunet(root() / "Dataset001_Mine" / kResult / "", {}).model, model);
}

TEST_F(Import, TakesEveryFoldInAscendingOrderButTheOneOfAll) {
  const fs::path result = WriteMine({"10", "2", "0", "all"});
  fs::create_directory(result / "fold_1");  // its training is not finished
  EXPECT_THAT(ImportNnunet(result, {}).model.parts[0].folds, ElementsAre("0", "2", "10"));
}

TEST_F(Import, TakesTheFoldsThatAreAskedForInTheirOrder) {
  const fs::path result = WriteMine({"0", "1", "all"});
  EXPECT_THAT(ImportNnunet(result, {.folds = {"1", "0"}}).model.parts[0].folds, ElementsAre("1", "0"));
  EXPECT_THAT(ImportNnunet(result, {.folds = {"all"}}).model.parts[0].folds, ElementsAre("all"));
}

TEST_F(Import, LetsTheFirstFoldSpeakForAll) {
  const fs::path result = WriteMine({"0", "1"});
  CheckpointBuilder other = CheckpointFor(BuildUnet(Parse(NewPlans(), SmallDataset()).unet), 0);
  other.Set("trainer_name", pickled::Text("Other")).Set("inference_allowed_mirroring_axes", pickled::Integers({0, 2}));
  WriteCheckpoint(result, "1", other);
  EXPECT_EQ(ImportNnunet(result, {.folds = {"0", "1"}}).model.provenance.trainer, "nnUNetTrainer");
  EXPECT_THAT(ImportNnunet(result, {.folds = {"0", "1"}}).model.parts[0].mirror_axes, IsEmpty());
  EXPECT_EQ(ImportNnunet(result, {.folds = {"1", "0"}}).model.provenance.trainer, "Other");
  EXPECT_THAT(ImportNnunet(result, {.folds = {"1", "0"}}).model.parts[0].mirror_axes, ElementsAre(0, 2));
}

TEST_F(Import, GivesRegionsTheLabelsOfTheirClassOrder) {
  Json dataset = DatasetOf({{"background", 0}, {"whole", {1, 2}}, {"core", {2}}});
  dataset["regions_class_order"] = {7, 3};
  const Model model = ImportNnunet(Write("Dataset004_Regions", dataset), {}).model;
  EXPECT_TRUE(model.parts[0].regions);
  EXPECT_THAT(model.parts[0].channel_labels, ElementsAre(7, 3));
  ASSERT_EQ(model.labels.size(), 2U);
  EXPECT_EQ(model.labels[0].name, "core");
  EXPECT_EQ(model.labels[0].value, 3);
}

TEST_F(Import, GivesABundleThatIsTheSameOnceSavedAndLoaded) {
  WriteTotal();
  const Bundle bundle = ImportNnunet(root(), {.task = "total", .name = "mine-1.0"});
  SaveBundle(bundle, root() / "models" / "mine");
  const Bundle loaded = LoadBundle(root() / "models" / "mine");
  EXPECT_EQ(loaded.model, bundle.model);
  EXPECT_EQ(loaded.model.name, "mine-1.0");
}

TEST_F(Import, GivesEqualWeightsAnEqualDigest) {
  const auto digest_of = [](const fs::path& result, const std::string& fold) {
    return ImportNnunet(result, {.folds = {fold}}).model.provenance.weights_sha256;
  };
  const fs::path result = WriteMine({"0", "1"});
  EXPECT_EQ(digest_of(result, "0"), digest_of(Write("Dataset005_Copy", SmallDataset()), "0"));
  EXPECT_NE(digest_of(result, "0"), digest_of(result, "1"));
}

TEST_F(Import, RunsATaskOfTheCatalogueAsTotalSegmentatorDoes) {
  const fs::path result = Write("Dataset527_breasts_1559subj", DatasetOf({{"background", 0}, {"breast", 1}}));
  CheckpointBuilder mirrored =
      CheckpointFor(BuildUnet(Parse(NewPlans(), DatasetOf({{"background", 0}, {"breast", 1}})).unet), 0);
  WriteCheckpoint(result, "0", mirrored.Set("inference_allowed_mirroring_axes", pickled::Integers({0, 1, 2})));
  for (const NnunetImportOptions& options : {NnunetImportOptions{}, NnunetImportOptions{.task = "breasts"}}) {
    const Model model = ImportNnunet(result, options).model;
    EXPECT_EQ(model.task, "breasts") << "the data set has no other task";
    EXPECT_TRUE(model.pipeline.totalsegmentator);
    EXPECT_EQ(model.pipeline.spacing_mm, (Spacing3d{1.5, 1.5, 1.5}));
    EXPECT_THAT(model.parts[0].mirror_axes, IsEmpty()) << "TotalSegmentator never mirrors";
    EXPECT_EQ(model.provenance.licence, "open (Apache-2.0)");
  }
}

TEST_F(Import, TakesTheFoldsOfTheTaskUnlessOthersAreAskedFor) {
  const fs::path result = Write("Dataset527_breasts_1559subj", DatasetOf({{"background", 0}, {"breast", 1}}), {"0", "1"});
  EXPECT_THAT(ImportNnunet(result, {}).model.parts[0].folds, ElementsAre("0"));
  EXPECT_THAT(ImportNnunet(result, {.folds = {"1"}}).model.parts[0].folds, ElementsAre("1"));
}

TEST_F(Import, MapsTheChannelsOfEachPartToTheTasksLabelsByName) {
  WriteTotal();
  const Bundle bundle = ImportNnunet(root(), {.task = "total"});
  const Model& model = bundle.model;
  ASSERT_EQ(model.parts.size(), 5U);
  EXPECT_EQ(bundle.weights.size(), 5U);
  EXPECT_EQ(model.parts[0].name, "organs");
  EXPECT_EQ(model.parts[4].name, "ribs");
  EXPECT_THAT(model.parts[0].channel_labels, ElementsAre(0, 5));
  EXPECT_THAT(model.parts[1].channel_labels, ElementsAre(0, 25));
  EXPECT_THAT(model.parts[4].channel_labels, ElementsAre(0, 92));
  EXPECT_EQ(model.labels.size(), 117U);
}

TEST_F(Import, ChoosesTheTasksOwnTrainerAmongSeveralResultFolders) {
  const std::string dataset = "Dataset527_breasts_1559subj";
  const Json labels = DatasetOf({{"background", 0}, {"breast", 1}});
  Write(dataset, labels, {"0"});
  Write(dataset, labels, {"0"}, "nnUNetTrainer_DASegOrd0_NoMirroring__nnUNetPlans__3d_fullres");
  fs::remove_all(root() / dataset / kResult / "fold_0");  // choosing this one would be refused
  EXPECT_EQ(ImportNnunet(root() / dataset, {}).model.task, "breasts");
}

TEST_F(Import, ChoosesThePlansThatAreAskedFor) {
  const std::string dataset = "Dataset527_breasts_1559subj";
  const Json labels = DatasetOf({{"background", 0}, {"breast", 1}});
  Write(dataset, labels, {"0"}, "nnUNetTrainer_DASegOrd0_NoMirroring__nnUNetPlans__3d_fullres");
  Write(dataset, labels, {"0"}, "nnUNetTrainer_DASegOrd0_NoMirroring__nnUNetResEncUNetLPlans_8__3d_fullres");
  fs::remove_all(root() / dataset / "nnUNetTrainer_DASegOrd0_NoMirroring__nnUNetPlans__3d_fullres" / "fold_0");
  EXPECT_EQ(ImportNnunet(root() / dataset, {.plans = "nnUNetResEncUNetLPlans_8"}).model.task, "breasts");
  ExpectRefused(ErrorCode::kNotFound, "fold 0: has no checkpoint_final.pth", root() / dataset);
  ExpectRefused(ErrorCode::kNotFound, "holds no result folder of nnUNetPlansXL", root() / dataset, {.plans = "nnUNetPlansXL"});
}

TEST_F(Import, CarriesWhatTheTaskDoesAroundItsNetworks) {
  const fs::path nodules = Write("Dataset913_lung_nodules", DatasetOf({{"background", 0}, {"lung", 1}, {"lung_nodules", 2}}));
  const Model model = ImportNnunet(nodules, {}).model;
  EXPECT_EQ(model.task, "lung_nodules");
  EXPECT_EQ(model.pipeline.crop->task, "total_fastest");
  EXPECT_FALSE(model.provenance.non_commercial);
}

TEST_F(Import, MakesClassesThatOnlyHelpTheNetworkBackground) {
  const Json labels = DatasetOf({{"background", 0}, {"kidney_cyst_left", 1}, {"kidney_cyst_right", 2}, {"kidney_left", 3}, {"kidney_right", 4}});
  const Model model = ImportNnunet(Write("Dataset789_kidney_cyst_501subj", labels), {}).model;
  EXPECT_EQ(model.parts.front().channel_labels, (std::vector<int64_t>{0, 1, 2, 0, 0}));
  EXPECT_EQ(model.labels.size(), 2U);
}

TEST_F(Import, SaysThatALicenceForbidsCommercialUse) {
  const fs::path face = Write("Dataset303_face_1559subj", DatasetOf({{"background", 0}, {"face", 1}}));
  EXPECT_TRUE(ImportNnunet(face, {}).model.provenance.non_commercial);
}

TEST_F(Import, RefusesFoldersThatAreNotThere) {
  ExpectRefused(ErrorCode::kNotFound, "--nnunet: no such folder", root() / "absent");
  ExpectRefused(ErrorCode::kNotFound, "holds no result folder", root());
  WriteMine();
  Write("Dataset001_Mine", SmallDataset(), {"0"}, "Other__nnUNetPlans__3d_fullres");
  ExpectRefused(ErrorCode::kNotFound, "Dataset001_Mine: holds 2 result folders", root() / "Dataset001_Mine");
}

TEST_F(Import, RefusesFoldsThatAreNotThere) {
  ExpectRefused(ErrorCode::kNotFound, "fold 3: has no checkpoint_final.pth", WriteMine(), {.folds = {"0", "3"}});
  ExpectRefused(ErrorCode::kNotFound, "fold ../fold_0: has no checkpoint_final.pth", WriteMine(), {.folds = {"../fold_0"}});
  ExpectRefused(ErrorCode::kNotFound, "folds: none with a checkpoint_final.pth",
                Write("Dataset006_Untrained", SmallDataset(), {}));
}

TEST_F(Import, RefusesAFoldThatIsNamedTwice) {
  ExpectRefused(ErrorCode::kInvalidArgument, "folds: must name each fold once", WriteMine({"0", "1"}), {.folds = {"0", "1", "0"}, .task = {}, .name = {}});
}

TEST_F(Import, RefusesTasksThatAreNotThereOrNotWhole) {
  ExpectRefused(ErrorCode::kNotFound, "task nonsense: TotalSegmentator has none", WriteMine(), {.task = "nonsense"});
  WriteTotal();
  const fs::path organs = root() / "Dataset291_TotalSegmentator_part1_organs_1559subj";
  ExpectRefused(ErrorCode::kNotFound, "task total: has 5 networks: --nnunet must be the results root", organs,
                {.task = "total"});
  fs::remove_all(organs);
  ExpectRefused(ErrorCode::kNotFound, "task total: only 4 of its 5 data sets are in the results root", root(),
                {.task = "total"});
}

TEST_F(Import, RefusesAResultFolderWithoutItsFiles) {
  const fs::path result = WriteMine();
  fs::remove(result / "dataset.json");
  ExpectRefused(ErrorCode::kNotFound, "dataset.json: missing in the result folder", result);
}

TEST_F(Import, RefusesClassesThatTheTaskDoesNotHave) {
  WriteTotal();
  Write("Dataset295_TotalSegmentator_part5_ribs_1559subj", DatasetOf({{"background", 0}, {"wing", 1}}));
  ExpectRefused(ErrorCode::kInvalidArgument, "dataset.labels.wing = 1: task total has no such class", root(),
                {.task = "total"});
  const fs::path breasts = Write("Dataset527_breasts_1559subj", DatasetOf({{"background", 0}, {"wing", 1}}));
  ExpectRefused(ErrorCode::kInvalidArgument, "dataset.labels.wing = 1: must be breast for task breasts", breasts);
}

TEST_F(Import, RefusesRegionsForATask) {
  Json dataset = DatasetOf({{"background", 0}, {"whole", {1, 2}}, {"core", {2}}});
  dataset["regions_class_order"] = {1, 2};
  ExpectRefused(ErrorCode::kFailedPrecondition, "task breasts: must not have regions",
                Write("Dataset527_breasts_1559subj", dataset));
}

TEST_F(Import, RefusesCheckpointsThatDoNotFitThePlans) {
  const fs::path result = WriteMine({"0", "1"});
  WriteCheckpoint(result, "1", CheckpointFor(BuildUnet(Parse(ResidualPlans(), SmallDataset()).unet), 0));
  ExpectRefused(ErrorCode::kInvalidArgument, "checkpoint: tensor encoder.stages.0.0.convs.0.conv.weight: missing", result);
}

TEST_F(Import, RefusesDamagedCheckpoints) {
  const fs::path result = WriteMine();
  const fs::path checkpoint = result / "fold_0" / "checkpoint_final.pth";
  fs::resize_file(checkpoint, fs::file_size(checkpoint) / 2);
  ExpectRefused(ErrorCode::kDataLoss, "is the file cut?", result);
}

TEST_F(Import, TakesTheConfigurationFromTheCheckpointNotFromTheFolder) {
  const fs::path result = WriteMine();
  CheckpointBuilder checkpoint = CheckpointFor(BuildUnet(Parse(NewPlans(), SmallDataset()).unet), 0);
  WriteCheckpoint(result, "0", checkpoint.Set("init_args", pickled::Dict({{"configuration", pickled::Text("3d_lowres")}})));
  ExpectRefused(ErrorCode::kInvalidArgument, "plans.configurations.3d_lowres: missing", result);
}

}  // namespace
}  // namespace tuckerseg
