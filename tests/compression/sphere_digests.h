/// The checksums by which variants name the CTs of sphere_cases.h.
#pragma once

#include <set>
#include <string>

#include "compression/cases/case_digest.h"
#include "tests/compression/sphere_cases.h"

namespace tuckerseg {

/// Of the first `cases` CTs that WriteSphereDataset writes.
inline std::set<std::string> SphereDigests(int cases) {
  std::set<std::string> digests;
  for (int c = 0; c < cases; ++c) digests.insert(CaseDigest(MakeSphereCase({16, 16, 24}, 3, {1, 5}, static_cast<uint64_t>(c)).ct));
  return digests;
}

}  // namespace tuckerseg
