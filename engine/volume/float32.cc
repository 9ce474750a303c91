#include "engine/volume/float32.h"

namespace tuckerseg {

double RoundToFloat32(double value) { return static_cast<double>(static_cast<float>(value)); }

}  // namespace tuckerseg
