/// The contract's enums in the words of metrics, log and JSON.
#pragma once

#include <string>

#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// "infer", "queue" ...
std::string NameOf(v1::Stage stage);
/// "only", "asked" ...
std::string NameOf(v1::LevelReason reason);

}  // namespace tuckerseg
