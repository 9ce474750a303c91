/// Cards for tests of whoever reads them.
#pragma once

#include "engine/model/card.h"

namespace tuckerseg {

/// A card in which every field has a value.
inline Card FullCard() {
  Card card{.model = "tiny", .task = "total", .variant = "tucker-0.3", .method = "hosvd", .level = 0.3, .weights_sha256 = "abc"};
  card.parameters = 6;
  card.multiply_adds_per_patch = 600;
  card.weight_bytes = 24;
  card.data = {"8 phantoms", true, 8};
  card.surface_tolerance_mm = 2;
  const CardStructure liver{.name = "liver", .cases = 7, .dice = 0.95, .dice_ci95 = CardInterval{0.9, 0.97}, .surface_dice = 0.8, .hd95_mm = 4.5, .volume_error = 0.03, .missed = 1, .found_absent = 1};
  const CardStructure heart{.name = "heart"};
  card.dice_to_reference = CardDice{.cases = 8, .mean = 0.95, .ci95 = CardInterval{0.9, 0.97}, .structures = {liver, heart}};
  card.dice_to_original = CardDice{.cases = 8, .mean = 0.98, .ci95 = CardInterval{0.97, 0.99}, .quality = 0.97, .equal_share = 0.999, .structures = {liver}};
  card.latency = {{.device = "cpu", .executor = "torch", .precision = "fp32", .threads = 2, .patch = {96, 112, 128}, .min_s = 0.5, .median_s = 0.6, .peak_bytes = 1000}};
  card.volume_latency = {{.device = "cpu", .executor = "torch", .precision = "fp32", .threads = 4, .shape = {512, 512, 300},
                          .spacing_mm = {0.78, 0.78, 1.5}, .patches = 36, .seconds = 30.5, .peak_bytes = 2000}};
  return card;
}

}  // namespace tuckerseg
