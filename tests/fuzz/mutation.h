/// Inputs for fuzz targets where there is no libFuzzer: those of a corpus, damaged at random, the same ones in each run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tuckerseg {

/// One of `corpus` (at least one), with one to eight changes: bytes flipped, replaced by telling values, cut out, repeated or taken from another input, or the end cut off. `number`
/// says which: the same one gives the same input.
std::string MutatedInput(const std::vector<std::string>& corpus, uint64_t number);

}  // namespace tuckerseg
