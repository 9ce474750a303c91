/// Where the buckets of our histograms end. Changing one breaks dashboards that compare versions.
#pragma once

#include <prometheus/histogram.h>

namespace tuckerseg {

/// Of requests, stages, RPCs and loads: from 5 ms to 15 minutes.
inline const prometheus::Histogram::BucketBoundaries kSeconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,   2.5,
                                                              5,     10,   20,    40,   60,  120,  300, 600, 900};
/// Of patches: from 1 ms to a minute.
inline const prometheus::Histogram::BucketBoundaries kPatchSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                                   0.5,   1,      2.5,   5,    10,    30,   60};

}  // namespace tuckerseg
