#include "engine/model/task_catalog.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Label& Named(const CatalogTask& task, const std::string& name) {
  const auto found =
      std::find_if(task.labels.begin(), task.labels.end(), [&](const Label& label) { return label.name == name; });
  if (found == task.labels.end()) throw std::out_of_range(name);
  return *found;
}

class Catalog : public testing::Test {
 protected:
  const TaskCatalog catalog_;
};

TEST_F(Catalog, KnowsTheFastTask) {
  const CatalogTask& task = catalog_.Find("total_fast");
  EXPECT_EQ(task.name, "total_fast");
  EXPECT_THAT(task.dataset_folders, ElementsAre("Dataset297_TotalSegmentator_total_3mm_1559subj"));
  EXPECT_EQ(task.trainer, "nnUNetTrainer_4000epochs_NoMirroring");
  EXPECT_EQ(task.configuration, "3d_fullres");
  EXPECT_THAT(task.folds, ElementsAre("0"));
  EXPECT_EQ(task.pipeline.spacing_mm, (Spacing3d{3, 3, 3}));
  EXPECT_EQ(task.pipeline.tile_step, 0.8);
  EXPECT_TRUE(task.pipeline.totalsegmentator);
  EXPECT_EQ(task.plans, "nnUNetPlans");
  EXPECT_EQ(task.licence, "open (Apache-2.0)");
  EXPECT_TRUE(task.pipeline.statistics_at_model_spacing) << "TotalSegmentator measures --fast on the 3 mm grid";
}

TEST_F(Catalog, KnowsTheFiveNetworksOfTheWholeTaskInMergingOrder) {
  const CatalogTask& task = catalog_.Find("total");
  std::vector<std::string> parts;
  for (const std::string& folder : task.dataset_folders) parts.push_back(catalog_.PartName(folder));
  EXPECT_THAT(parts, ElementsAre("organs", "vertebrae", "cardiac", "muscles", "ribs"));
  EXPECT_EQ(task.pipeline.spacing_mm, (Spacing3d{1.5, 1.5, 1.5}));
}

TEST_F(Catalog, ListsLabelsInAscendingOrderWithColoursAndCodes) {
  const CatalogTask& task = catalog_.Find("total");
  ASSERT_EQ(task.labels.size(), 117U);
  for (size_t i = 0; i < task.labels.size(); ++i) EXPECT_EQ(task.labels[i].value, static_cast<int64_t>(i) + 1);
  const Label& kidney = Named(task, "kidney_right");
  EXPECT_EQ(kidney.value, 2);
  EXPECT_EQ(kidney.rgb, (std::array<uint8_t, 3>{34, 102, 136}));
  EXPECT_EQ(kidney.snomed_code, "64033007");
  EXPECT_EQ(kidney.snomed_meaning, "Kidney");
  EXPECT_EQ(kidney.snomed_modifier, "24028007") << "right";
  EXPECT_THAT(Named(task, "spleen").snomed_modifier, IsEmpty());
}

TEST_F(Catalog, LeavesCodesAndColoursOutWhereThereAreNone) {
  for (const Label& label : catalog_.Find("trunk_cavities").labels) {
    EXPECT_FALSE(label.name.empty());
    EXPECT_GE(label.value, 1);
  }
}

TEST_F(Catalog, TakesEveryFoldWhereTheTaskNamesNone) {
  EXPECT_THAT(catalog_.Find("brain_aneurysm").folds, IsEmpty());
  EXPECT_THAT(catalog_.Find("aorta_annulus").folds, ElementsAre("0", "1", "2", "3", "4"));
}

TEST_F(Catalog, CropsTheWholeBodysTasksToTheStructuresAskedFor) {
  const CropRule ct{"total_fastest", "total_fast", {}, 20};
  const CropRule mr{"total_mr_fast", "total_mr_fast", {}, 20};
  for (const char* task : {"total", "total_fast", "total_fastest", "total_v3"}) EXPECT_EQ(catalog_.Find(task).pipeline.crop, ct) << task;
  for (const char* task : {"total_mr", "total_mr_fast"}) EXPECT_EQ(catalog_.Find(task).pipeline.crop, mr) << task;
}

TEST_F(Catalog, CropsOtherTasksToWhatARoughModelFinds) {
  EXPECT_EQ(catalog_.Find("liver_vessels").pipeline.crop, (CropRule{"total_fastest", "total_fast", {"liver"}, 20}));
  EXPECT_EQ(catalog_.Find("liver_lesions").pipeline.crop, (CropRule{"total_fast", "total_fast", {"liver"}, 20})) << "set to robust";
  EXPECT_EQ(catalog_.Find("liver_segments_mr").pipeline.crop, (CropRule{"total_mr_fast", "total_mr_fast", {"liver"}, 20}));
  EXPECT_EQ(catalog_.Find("abdominal_muscles").pipeline.crop, (CropRule{"body_fast", "body_fast", {"body_trunc"}, 20}));
  EXPECT_EQ(catalog_.Find("teeth").pipeline.crop,
            (CropRule{"craniofacial_structures", "craniofacial_structures", {"teeth_lower", "teeth_upper"}, 10}));
  EXPECT_EQ(catalog_.Find("breasts").pipeline.crop, std::nullopt);
}

TEST_F(Catalog, KnowsWhatTasksDoToTheirLabelMaps) {
  const std::vector<CleaningStep> body{{CleaningKind::kKeepLargest, 1, 0}, {CleaningKind::kDropSmall, 2, 50000}};
  EXPECT_EQ(catalog_.Find("body").pipeline.cleaning, body);
  EXPECT_EQ(catalog_.Find("body_fast").pipeline.cleaning, body);
  EXPECT_THAT(catalog_.Find("body_mr").pipeline.cleaning, IsEmpty());
  EXPECT_THAT(catalog_.Find("vertebrae_pp").pipeline.cleaning, ElementsAre(CleaningStep{CleaningKind::kOrderVertebrae, 0, 0}));
  EXPECT_EQ(catalog_.Find("vertebrae_pp_refined").pipeline.refine, (RefineRule{"vertebrae_body", "vertebrae_body", 2}));
  EXPECT_EQ(catalog_.Find("heartchambers_highres").pipeline.keep_near, (NearRule{{"heart", "aorta", "inferior_vena_cava"}, 10}));
  EXPECT_THAT(catalog_.Find("kidney_cysts").auxiliary, ElementsAre(3, 4));
}

TEST_F(Catalog, TellsLicencesThatForbidCommercialUse) {
  for (const char* task : {"brain_aneurysm", "heartchambers_highres", "tissue_types"}) EXPECT_TRUE(catalog_.Find(task).non_commercial) << task;
  for (const char* task : {"total", "total_v3", "lung_vessels"}) EXPECT_FALSE(catalog_.Find(task).non_commercial) << task;
}

TEST_F(Catalog, RefusesUnknownTasksAndNamesThoseThatAreNear) {
  ExpectError(ErrorCode::kNotFound, "task total_quick: TotalSegmentator has none of that name; must be one of",
              [&] { catalog_.Find("total_quick"); });
  ExpectError(ErrorCode::kNotFound, "total_fast", [&] { catalog_.Find("total_quick"); });
  ExpectError(ErrorCode::kNotFound, "lung_nodules", [&] { catalog_.Find("lung"); });
  ExpectError(ErrorCode::kNotFound, "must be one of total, total_fast, total_fastest, ...", [&] { catalog_.Find("xyz"); });
  ExpectError(ErrorCode::kNotFound, "task : ", [&] { catalog_.Find(""); });
}

TEST_F(Catalog, HasNoTaskWithoutAPublicDataSet) {
  ExpectError(ErrorCode::kNotFound, "task test: ", [&] { catalog_.Find("test"); });
}

TEST_F(Catalog, FindsTheOnlyTaskOfADataSet) {
  const CatalogTask* task = catalog_.FindByDataset("Dataset297_TotalSegmentator_total_3mm_1559subj");
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(task->name, "total_fast");
}

TEST_F(Catalog, FindsNoTaskOfADataSetThatIsOneOfSeveralOrServesSeveralTasksOrNone) {
  EXPECT_EQ(catalog_.FindByDataset("Dataset291_TotalSegmentator_part1_organs_1559subj"), nullptr);
  EXPECT_EQ(catalog_.FindByDataset("Dataset857_TotalSegMRI_thigh_shoulder_1088subj"), nullptr);
  EXPECT_EQ(catalog_.FindByDataset("Dataset001_Mine"), nullptr);
}

TEST_F(Catalog, CallsAnUnknownPartByItsFolder) { EXPECT_EQ(catalog_.PartName("Dataset001_Mine"), "Dataset001_Mine"); }

}  // namespace
}  // namespace tuckerseg
