/// What each label of each task is called, told here once more: an order that is mixed up in the tables (as TotalSegmentator's ribs once were) gives label maps that look right.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/model/task_catalog.h"
#include "engine/sha256.h"

namespace tuckerseg {
namespace {

constexpr std::array<const char*, 117> kTotal{
    "spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "pancreas", "adrenal_gland_right", "adrenal_gland_left",
    "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_middle_lobe_right", "lung_lower_lobe_right", "esophagus",
    "trachea", "thyroid_gland", "small_bowel", "duodenum", "colon", "urinary_bladder", "prostate", "kidney_cyst_left", "kidney_cyst_right", "sacrum",
    "vertebrae_S1", "vertebrae_L5", "vertebrae_L4", "vertebrae_L3", "vertebrae_L2", "vertebrae_L1", "vertebrae_T12", "vertebrae_T11", "vertebrae_T10",
    "vertebrae_T9", "vertebrae_T8", "vertebrae_T7", "vertebrae_T6", "vertebrae_T5", "vertebrae_T4", "vertebrae_T3", "vertebrae_T2", "vertebrae_T1",
    "vertebrae_C7", "vertebrae_C6", "vertebrae_C5", "vertebrae_C4", "vertebrae_C3", "vertebrae_C2", "vertebrae_C1", "heart", "aorta",
    "pulmonary_vein", "brachiocephalic_trunk", "subclavian_artery_right", "subclavian_artery_left", "common_carotid_artery_right",
    "common_carotid_artery_left", "brachiocephalic_vein_left", "brachiocephalic_vein_right", "atrial_appendage_left", "superior_vena_cava",
    "inferior_vena_cava", "portal_vein_and_splenic_vein", "iliac_artery_left", "iliac_artery_right", "iliac_vena_left", "iliac_vena_right",
    "humerus_left", "humerus_right", "scapula_left", "scapula_right", "clavicula_left", "clavicula_right", "femur_left", "femur_right", "hip_left",
    "hip_right", "spinal_cord", "gluteus_maximus_left", "gluteus_maximus_right", "gluteus_medius_left", "gluteus_medius_right",
    "gluteus_minimus_left", "gluteus_minimus_right", "autochthon_left", "autochthon_right", "iliopsoas_left", "iliopsoas_right", "brain", "skull",
    "rib_left_1", "rib_left_2", "rib_left_3", "rib_left_4", "rib_left_5", "rib_left_6", "rib_left_7", "rib_left_8", "rib_left_9", "rib_left_10",
    "rib_left_11", "rib_left_12", "rib_right_1", "rib_right_2", "rib_right_3", "rib_right_4", "rib_right_5", "rib_right_6", "rib_right_7",
    "rib_right_8", "rib_right_9", "rib_right_10", "rib_right_11", "rib_right_12", "sternum", "costal_cartilages",
};

/// Of "VALUE NAME\n" of every label in ascending order, the first 16 digits of the SHA-256.
const std::map<std::string, std::string> kOthers{
    {"total_v3", "9c40ea6caea781a5"},
    {"total_mr", "782df8aa95c080b5"},
    {"body", "a4c1e69870b9d4f6"},
    {"body_mr", "a4c1e69870b9d4f6"},
    {"total_highres_test", "6026358cb67fb852"},
    {"lung_vessels", "d5a840a56516ff66"},
    {"lung_vessels_LEGACY", "ccf32350b19883ad"},
    {"cerebral_bleed", "c024790b46b8d9e0"},
    {"hip_implant", "9c56551a2d587ad8"},
    {"vertebrae_mr", "b3b662721ee873ff"},
    {"pleural_pericard_effusion", "aaf142e4ce1a6a33"},
    {"liver_vessels", "556035d5a0d64dd4"},
    {"head_glands_cavities", "db2c12a63ad62808"},
    {"headneck_bones_vessels", "39dd1ba514d49ce0"},
    {"head_muscles", "9fb4524348cb9996"},
    {"headneck_muscles", "e1feb0c6e958106b"},
    {"oculomotor_muscles", "9321cef2c053f17b"},
    {"lung_nodules", "7d5b6670f4c88f08"},
    {"kidney_cysts", "f159a78d0820bfdc"},
    {"breasts", "5e8b325992a520d6"},
    {"ventricle_parts", "51c845eff1dab72c"},
    {"liver_segments", "3047ef8a1001c9b7"},
    {"liver_segments_mr", "3047ef8a1001c9b7"},
    {"liver_lesions", "3a70d7604a09f6e1"},
    {"liver_lesions_mr", "3a70d7604a09f6e1"},
    {"craniofacial_structures", "b1c2a0280821efb4"},
    {"abdominal_muscles", "ae55d5c611d8e999"},
    {"teeth", "d96d0ffc0ce2f4ac"},
    {"trunk_cavities", "191c8cd8a8af8672"},
    {"brain_aneurysm", "7ef194923fd46a69"},
    {"vertebrae_body", "91b129b26f4d5b81"},
    {"vertebrae_pp", "34c0e206f6e42dc2"},
    {"vertebrae_pp_refined", "34c0e206f6e42dc2"},
    {"heartchambers_highres", "9adcaa169f226e2b"},
    {"appendicular_bones", "2b4a047febdffc42"},
    {"appendicular_bones_mr", "e9437e72a08963f3"},
    {"tissue_types", "46d7bf7297d05ffb"},
    {"tissue_types_mr", "46d7bf7297d05ffb"},
    {"tissue_4_types", "89e0151d8a8812d3"},
    {"face", "5c3a5f012d852a52"},
    {"face_mr", "5c3a5f012d852a52"},
    {"brain_structures", "681fc1fce61fc991"},
    {"thigh_shoulder_muscles", "2ad03fc8ea16aa7b"},
    {"thigh_shoulder_muscles_mr", "2ad03fc8ea16aa7b"},
    {"coronary_arteries", "40a8bc1dadfd2bd5"},
    {"coronary_arteries_LEGACY", "40a8bc1dadfd2bd5"},
    {"aortic_sinuses", "deff9dda2254140e"},
    {"renal_arteries", "c7560899491b68d3"},
    {"aorta_annulus", "b9a2ad218347a07e"},
    {"aortic_dissection", "f33827e69866a2ea"},
    {"pulmonary_artery_landmarks", "4f7a1c8203876fe9"},
    {"total_v3_fast", "9c40ea6caea781a5"},
    {"total_v3_fastest", "9c40ea6caea781a5"},
    {"total_mr_fast", "782df8aa95c080b5"},
    {"total_mr_fastest", "782df8aa95c080b5"},
    {"body_fast", "a4c1e69870b9d4f6"},
    {"body_mr_fast", "a4c1e69870b9d4f6"},
};

std::string DigestOf(const std::vector<Label>& labels) {
  Sha256 digest;
  for (const Label& label : labels) {
    const std::string line = std::to_string(label.value) + " " + label.name + "\n";
    digest.Update(std::as_bytes(std::span(line)));
  }
  return digest.Digest().substr(0, 16);
}

TEST(GoldenLabels, OfTheWholeBodyAreTheseInEachMode) {
  const TaskCatalog catalog;
  for (const char* task : {"total", "total_fast", "total_fastest"}) {
    const std::vector<Label>& labels = catalog.Find(task).labels;
    ASSERT_EQ(labels.size(), kTotal.size()) << task;
    for (size_t i = 0; i < labels.size(); ++i) {
      EXPECT_EQ(labels[i].value, static_cast<int64_t>(i) + 1) << task;
      EXPECT_EQ(labels[i].name, kTotal[i]) << task << ", label " << labels[i].value;
    }
  }
}

TEST(GoldenLabels, OfEveryOtherTaskAreThoseTheyWere) {
  const TaskCatalog catalog;
  for (const auto& [task, digest] : kOthers) EXPECT_EQ(DigestOf(catalog.Find(task).labels), digest) << task;
}

}  // namespace
}  // namespace tuckerseg
