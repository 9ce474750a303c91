#include "compression/calibrate/two_walks.h"

#include <ATen/ATen.h>

namespace tuckerseg {

TwoWalks::TwoWalks(const TrainableGraph& original, const TrainableGraph& compressed, const std::vector<at::Tensor>& patches)
    : original_(original), compressed_(compressed), expected_(patches.size()), given_(patches.size()) {
  const size_t layers = original.graph().layers.size();
  for (size_t p = 0; p < patches.size(); ++p) {
    expected_[p].resize(layers);
    given_[p].resize(layers);
    expected_[p][0] = given_[p][0] = patches[p];
  }
}

void TwoWalks::RunOriginal(size_t place, const Parameters& parameters) {
  for (auto& features : expected_) features[place] = original_.RunLayer(place, parameters, features, Precision::kFloat32);
}

void TwoWalks::RunCompressed(size_t place, const Parameters& parameters, bool changed) {
  for (size_t p = 0; p < given_.size(); ++p) {
    bool same = !changed;
    for (const int input : original_.graph().layers[place].inputs) same = same && !Differ(input);
    given_[p][place] = same ? expected_[p][place] : compressed_.RunLayer(place, parameters, given_[p], Precision::kFloat32);
  }
}

void TwoWalks::ReleaseBehind(size_t place) {
  for (const int input : original_.graph().layers[place].inputs) {
    if (original_.LastUse(static_cast<size_t>(input)) != place) continue;
    for (auto* walk : {&expected_, &given_})
      for (auto& features : *walk) features[static_cast<size_t>(input)].reset();
  }
}

std::vector<at::Tensor> TwoWalks::Column(const Features& walk, int place) {
  std::vector<at::Tensor> column;
  for (const auto& features : walk) column.push_back(features[static_cast<size_t>(place)]);
  return column;
}

}  // namespace tuckerseg
