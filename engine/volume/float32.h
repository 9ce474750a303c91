/// Numbers as files hold them: geometry is stored in float32 and computed with in float64.
#pragma once

namespace tuckerseg {

/// The float32 nearest to `value`. Not inline on purpose: where two neighbours are rounded so, GCC 12 makes
/// vectors of them and then leaves the rounding out (-O2 and -O3).
double RoundToFloat32(double value);

}  // namespace tuckerseg
