/// Tells a CT that a variant was made with from others.
#pragma once

#include <string>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// A checksum of a CT's voxels, whatever the file is called and however it is compressed: of SHA-256 over the text "I J K TYPE\n" (shape, and the
/// type as NumPy names it: "i2", "f4") and the voxels as they are stored, i fastest, the first four bytes as 8 lower-case hexadecimal digits.
/// Why four alone: they stand in a variant.json that is passed on. They tell someone who holds the CT that it was probably among them, and
/// identify nobody. Two different CTs of a few hundred have the same ones with a chance of about one in a hundred thousand.
/// A CT that is resampled, cropped or stored as another type is another one.
/// Pure and thread-safe. Errors: as Sha256's.
std::string CaseDigest(const Volume& ct);

}  // namespace tuckerseg
