/// Tasks of several small networks that find what is brighter than a threshold, beside one another as a server has them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "engine/segment/task_segmenter.h"
#include "tests/engine/segment/noted_gate.h"
#include "tests/engine/segment/threshold_model.h"

namespace tuckerseg {

class TaskSegmenterTest : public testing::Test {
 protected:
  void Serve(Bundle bundle) {
    const std::string task = bundle.model.task;
    models_[task] = std::make_unique<Segmenter>(std::move(bundle), gate_.Over(PlainExecutorFactory()));
  }
  TaskPlan Plan(const std::string& task, TaskOptions options) {
    return PlanTask(models_.at(task)->model(), [this](const std::string& other) { return models_.contains(other) ? &models_.at(other)->model() : nullptr; },
                    std::move(options));
  }
  TaskSegmenter Make(const std::string& task, TaskOptions options) {
    return {Plan(task, std::move(options)), *models_.at(task), [this](const std::string& other) { return models_.contains(other) ? models_.at(other).get() : nullptr; }};
  }
  /// A task that was trained on crops to the liver, with a margin of 2 mm.
  void ServeVessels() {
    Bundle vessels = ThresholdBundle("liver_vessels", {"vessel"}, 100);
    vessels.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"liver"}, 2};
    Serve(std::move(vessels));
  }
  /// A task of the whole body.
  void ServeTotal(const std::string& task) {
    Bundle total = ThresholdBundle(task, {"liver", "spleen"}, 300);
    total.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {}, 2};
    Serve(std::move(total));
  }
  /// Chambers that are looked for within 20 mm of the structures `crop_to`, and kept within 3 mm of those of `near`. Of its four, the rough model only ever finds the liver.
  void ServeHeartChambers(const std::vector<std::string>& crop_to, const std::vector<std::string>& near) {
    Serve(ThresholdBundle("total_fastest", {"liver", "spleen", "stomach", "colon"}, 300));
    Bundle chambers = ThresholdBundle("heartchambers_highres", {"chamber"}, 100);
    chambers.model.pipeline.crop = CropRule{"total_fastest", "total_fast", crop_to, 20};
    chambers.model.pipeline.keep_near = NearRule{near, 3};
    Serve(std::move(chambers));
  }

  void ServeRefinedVertebrae() {
    Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1"}, 300);
    vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
    Serve(std::move(vertebrae));
    Serve(ThresholdBundle("vertebrae_body", {"vertebrae_body"}, 100));
  }
  /// Vertebrae above `vertebra_hu` that are looked for within 2 mm of the liver, and refined by bodies above `body_hu`.
  void ServeRefinedVertebraeInACrop(float vertebra_hu, float body_hu) {
    Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1"}, vertebra_hu);
    vertebrae.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"liver"}, 2};
    vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
    Serve(std::move(vertebrae));
    Serve(ThresholdBundle("vertebrae_body", {"vertebrae_body"}, body_hu));
  }
  /// Three vertebrae, above 100, 200 and 400 HU, that are refined by bodies above `body_hu`.
  void ServeThreeRefinedVertebrae(float body_hu) {
    Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1", "vertebrae_C2", "vertebrae_C3"}, std::vector<float>{100, 200, 400});
    vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
    Serve(std::move(vertebrae));
    Serve(ThresholdBundle("vertebrae_body", {"vertebrae_body"}, body_hu));
  }
  /// Teeth are looked for within 2 mm of the structure `teeth_lower` of the face, which itself is looked for within 3 mm of the skull: above 50, 100 and 300 HU.
  void ServeTeeth() {
    Bundle teeth = ThresholdBundle("teeth", {"crown"}, 50);
    teeth.model.pipeline.crop = CropRule{"craniofacial_structures", "craniofacial_structures", {"teeth_lower"}, 2};
    Serve(std::move(teeth));
  }
  void ServeFace() {
    Bundle face = ThresholdBundle("craniofacial_structures", {"teeth_lower", "mandible"}, 100);
    face.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"skull"}, 3};
    Serve(std::move(face));
  }
  void ServeSkull() { Serve(ThresholdBundle("total_fastest", {"skull", "liver", "spleen"}, 300)); }
  void ServeTeethAndAllThatTheyNeed() {
    ServeTeeth();
    ServeFace();
    ServeSkull();
  }
  /// Segments with the gate, and returns how many patches have run.
  size_t PatchesThroughTheGate(const std::string& task, const Volume& volume) {
    size_t patches = 0;
    Make(task, {}).Segment(volume, {}, [&patches](const Progress& progress) { patches = static_cast<size_t>(progress.patches_done); }, &gate_);
    return patches;
  }

  /// Segments, and returns how many patches it has told of: never fewer than before, never more than there are, and all of them at the end.
  int64_t PatchesCounted(const std::string& task, const Volume& volume) {
    int64_t last = 0;
    int64_t total = 0;
    Make(task, {}).Segment(volume, {}, [&](const Progress& progress) {
      EXPECT_GE(progress.patches_done, last);
      EXPECT_LE(progress.patches_done, progress.patches_total);
      last = progress.patches_done;
      total = progress.patches_total;
    });
    EXPECT_EQ(last, total);
    return total;
  }

  NotedGate gate_;  // before the executors that it notes
  std::map<std::string, std::unique_ptr<Segmenter>> models_;
};

}  // namespace tuckerseg
