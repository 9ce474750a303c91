/// Where a CT comes from: a NIfTI file, standard input, or DICOM.
#pragma once

#include <cstdint>
#include <string>

#include "client/lib/client.h"

namespace tuckerseg {

struct CtSource {
  uint64_t total_bytes = 0;  ///< of the NIfTI file; 0 where it is not known before its end
  std::string sha256;        ///< of the NIfTI file; empty where it is not known before its end
  ByteProducer produce;
  bool repeatable = true;    ///< `produce` gives the same bytes each time; false: it can be called once
};

/// `argument`: `-` for standard input (NIfTI), a folder or a file of DICOM, else a NIfTI file, raw or gzip. A NIfTI file is sent
/// as it is: the server decodes it. DICOM is read here, and sent as an uncompressed NIfTI file; nothing but voxels and
/// geometry leaves this process.
/// Errors: kNotFound if it is not there; for DICOM those of ReadDicomSeries.
CtSource OpenCt(const std::string& argument);

}  // namespace tuckerseg
