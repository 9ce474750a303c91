#include "tests/engine/volume/malformed_nifti.h"

#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

using Bytes = std::vector<std::byte>;
using Table = std::vector<MalformedNifti>;

constexpr ErrorCode kInvalid = ErrorCode::kInvalidArgument;
constexpr ErrorCode kTooLarge = ErrorCode::kResourceExhausted;
constexpr ErrorCode kDamaged = ErrorCode::kDataLoss;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

Bytes FirstBytes(const Bytes& bytes, size_t count) { return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)}; }

Bytes Joined(Bytes first, std::span<const std::byte> second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Bytes Changed(Bytes bytes, size_t at, unsigned flipped_bits) {
  bytes[at] ^= static_cast<std::byte>(flipped_bits);
  return bytes;
}

void AddCutStreams(Table& table) {
  const Bytes good = NiftiBuilder().Bytes();  // 348 + 4 + 48 bytes
  table.push_back({"nothing at all", {}, kInvalid, "the stream is empty"});
  table.push_back({"cut after one byte", FirstBytes(good, 1), kDamaged, "header: the stream ends after 1 bytes"});
  table.push_back({"cut within sizeof_hdr", FirstBytes(good, 3), kDamaged, "header: the stream ends after 3 bytes"});
  table.push_back({"cut within dim", FirstBytes(good, 44), kDamaged, "header: the stream ends after 44 bytes"});
  table.push_back({"cut within pixdim", FirstBytes(good, 80), kDamaged, "header: the stream ends after 80 bytes"});
  table.push_back({"cut within srow_x", FirstBytes(good, 285), kDamaged, "header: the stream ends after 285 bytes"});
  table.push_back({"cut one byte before the header ends", FirstBytes(good, 347), kDamaged, "header: the stream ends after 347"});
  table.push_back({"cut before the extender", FirstBytes(good, 348), kDamaged, "vox_offset = 352: the stream ends before"});
  table.push_back({"cut within the extender", FirstBytes(good, 350), kDamaged, "vox_offset = 352: the stream ends before"});
  table.push_back({"cut before the first voxel", FirstBytes(good, 352), kDamaged, "voxels: the stream ends after 0 bytes"});
  table.push_back({"cut between two voxels", FirstBytes(good, 362), kDamaged, "voxels: the stream ends after 10 bytes: must have 48"});
  table.push_back({"cut within the last voxel", FirstBytes(good, 399), kDamaged, "voxels: the stream ends after 47 bytes"});
  table.push_back({"NIfTI-2 cut within its header", FirstBytes(NiftiBuilder(2).Bytes(), 400), kDamaged, "header: the stream ends after 400"});
  table.push_back({"cut within an extension", FirstBytes(NiftiBuilder().Extension(6, "a comment of some length").Bytes(), 370),
                   kDamaged, "vox_offset = 384: the stream ends before"});
  table.push_back({"a byte behind the last voxel", Joined(good, BytesOf("x")), kInvalid, "voxels: the stream goes on behind the last"});
  table.push_back({"a byte behind some zeros", Joined(good, BytesOf(std::string(100, '\0') + "x")), kInvalid,
                   "voxels: the stream goes on behind the last"});
  table.push_back({"more zeros than padding has", Joined(good, Bytes((size_t{1} << 20) + 1)), kInvalid,
                   "voxels: the stream goes on behind the last"});
}

void AddForeignFiles(Table& table) {
  const Bytes good = NiftiBuilder().Bytes();
  table.push_back({"a text", BytesOf("<!DOCTYPE html><html><head><title>404</title></head></html>"), kInvalid, "sizeof_hdr = "});
  table.push_back({"a DICOM file", Joined(Bytes(128), BytesOf("DICM" + std::string(400, '\2'))), kInvalid, "sizeof_hdr = 0"});
  table.push_back({"a zip archive", Joined(BytesOf("PK\3\4"), Bytes(400)), kInvalid, "sizeof_hdr = 67324752"});
  table.push_back({"sizeof_hdr off by one", NiftiBuilder().Put(0, int32_t{349}).Bytes(), kInvalid, "sizeof_hdr = 349"});
  table.push_back({"sizeof_hdr negative", NiftiBuilder().Put(0, int32_t{-348}).Bytes(), kInvalid, "sizeof_hdr = -348"});
  table.push_back({"Analyze: no magic", NiftiBuilder().Magic({"\0\0\0\0", 4}).Bytes(), kInvalid, "magic: must be \"n+1\""});
  table.push_back({"header of a pair", NiftiBuilder().Magic({"ni1\0", 4}).Bytes(), kInvalid, "magic = ni1: "});
  table.push_back({"header of a NIfTI-2 pair", NiftiBuilder(2).Magic({"ni2\0", 4}).Bytes(), kInvalid, "magic = ni2: "});
  table.push_back({"magic of the other version", NiftiBuilder().Magic({"n+2\0", 4}).Bytes(), kInvalid, "magic: must be \"n+1\""});
  table.push_back({"magic without its zero", NiftiBuilder().Magic("n+1x").Bytes(), kInvalid, "magic: must be \"n+1\""});
  table.push_back({"NIfTI-2 sent as text", NiftiBuilder(2).Magic({"n+2\0\n\n\x1A\n", 8}).Bytes(), kInvalid, "magic[4..7]"});
}

void AddDims(Table& table) {
  for (const int64_t rank : {-3, 0, 1, 2, 5, 7, 8, 32767}) {
    table.push_back({"dim[0] " + std::to_string(rank), NiftiBuilder().Dim(0, rank).Bytes(), kInvalid,
                     "dim[0] = " + std::to_string(rank) + ": must be 3"});
  }
  table.push_back({"no voxel along i", NiftiBuilder().Dim(1, 0).Bytes(), kInvalid, "dim[1] = 0: must be at least 1"});
  table.push_back({"less than no voxel along j", NiftiBuilder().Dim(2, -1).Bytes(), kInvalid, "dim[2] = -1"});
  table.push_back({"lowest length along k", NiftiBuilder().Dim(3, -32768).Bytes(), kInvalid, "dim[3] = -32768"});
  table.push_back({"no frame", NiftiBuilder().Dim(0, 4).Dim(4, 0).Bytes(), kInvalid, "dim[4] = 0: must be 1"});
  table.push_back({"two frames", NiftiBuilder().Dim(0, 4).Dim(4, 2).Bytes(), kInvalid, "dim[4] = 2: must be 1"});
  table.push_back({"an axis too long", NiftiBuilder().Dim(3, 4097).Bytes(), kTooLarge, "dim[3] = 4097: must be at most 4096"});
  table.push_back({"too many voxels", NiftiBuilder().Dim(1, 4096).Dim(2, 4096).Dim(3, 4096).Bytes(), kTooLarge,
                   "dim[1..3] = 4096 x 4096 x 4096: must be at most 2147483648 voxels"});
  table.push_back({"lengths whose product overflows", NiftiBuilder(2).Dim(1, kHighest).Dim(2, kHighest).Bytes(), kTooLarge,
                   "dim[1] = 9223372036854775807: must be at most 4096"});
  table.push_back({"lowest 64-bit length", NiftiBuilder(2).Dim(2, kLowest).Bytes(), kInvalid, "dim[2] = -9223372036854775808"});
}

void AddTypes(Table& table) {
  for (const auto& [datatype, bitpix] : {std::pair{0, 0}, {1, 1}, {32, 64}, {128, 24}, {1536, 128}, {1792, 128}, {2048, 256},
                                         {2304, 32}, {-4, 16}, {5, 16}}) {
    table.push_back({"datatype " + std::to_string(datatype), NiftiBuilder().Type(datatype, bitpix).Bytes(), kInvalid,
                     "datatype = " + std::to_string(datatype) + ": must be an integer"});
  }
  table.push_back({"int16 said to have 8 bits", NiftiBuilder().Type(4, 8).Bytes(), kInvalid, "bitpix = 8: must be 16 for datatype 4"});
  table.push_back({"float said to have no bits", NiftiBuilder().Type(16, 0).Bytes(), kInvalid, "bitpix = 0: must be 32"});
  table.push_back({"intercept NaN", NiftiBuilder().Scaling(1, kNan).Bytes(), kInvalid, "scl_inter = nan"});
  table.push_back({"intercept infinite", NiftiBuilder().Scaling(2, -kInfinity).Bytes(), kInvalid, "scl_inter = -inf"});
}

void AddOffsets(Table& table) {
  for (const double offset : {-352.0, 0.0, 348.0, 351.0, 352.5, 1e9, kInfinity, kNan}) {
    table.push_back({"vox_offset " + std::to_string(offset), NiftiBuilder().VoxOffset(offset).Bytes(), kInvalid, "vox_offset = "});
  }
  table.push_back({"vox_offset behind the end", NiftiBuilder().VoxOffset(100000).Bytes(), kDamaged, "vox_offset = 100000"});
  for (const int64_t offset : {kLowest, int64_t{0}, int64_t{352}, int64_t{543}, kHighest}) {
    table.push_back({"NIfTI-2: vox_offset " + std::to_string(offset),
                     NiftiBuilder(2).VoxOffset(544).Put(kNifti2.vox_offset, offset).Bytes(), kInvalid,
                     "vox_offset = " + std::to_string(offset) + ": must be in [544, "});
  }
}

void AddSpacings(Table& table) {
  table.push_back({"unit metre", NiftiBuilder().Units(1).Bytes(), kInvalid, "xyzt_units: spatial unit = 1: must be 2"});
  table.push_back({"unit micron, with seconds", NiftiBuilder().Units(3 + 8).Bytes(), kInvalid, "xyzt_units: spatial unit = 3"});
  table.push_back({"spacing zero", NiftiBuilder().Pixdim(3, 0).Bytes(), kInvalid, "pixdim[3] = 0: must be in [0.01, 50] mm"});
  table.push_back({"spacing negative", NiftiBuilder().Pixdim(1, -1).Bytes(), kInvalid, "pixdim[1] = -1: must be in"});
  table.push_back({"spacing NaN", NiftiBuilder().Pixdim(2, kNan).Bytes(), kInvalid, "pixdim[2] = nan: must be in"});
  table.push_back({"spacing infinite", NiftiBuilder().Pixdim(2, kInfinity).Bytes(), kInvalid, "pixdim[2] = inf: must be in"});
  table.push_back({"spacing of a micrometre", NiftiBuilder().Spacing({1, 1, 0.001}).Bytes(), kInvalid, "pixdim[3] = 0.001"});
  table.push_back({"spacing of a body", NiftiBuilder().Spacing({1, 51, 1}).Bytes(), kInvalid, "pixdim[2] = 51"});
}

void AddForms(Table& table) {
  const Affine along_axes{{{{1, 0, 0}, {0, 2, 0}, {0, 0, 3}}}, {0, 0, 0}};
  const auto with = [&along_axes](size_t row, size_t column, double value) {
    Affine affine = along_axes;
    (column < 3 ? affine.linear[row][column] : affine.translation[row]) = value;
    return NiftiBuilder().Sform(affine);
  };
  table.push_back({"sform_code negative", NiftiBuilder().SformCode(-1).Bytes(), kInvalid, "sform_code = -1: must be in [0, 5]"});
  table.push_back({"qform_code unknown", NiftiBuilder().QformCode(6).Bytes(), kInvalid, "qform_code = 6: must be in [0, 5]"});
  table.push_back({"sform NaN", with(1, 1, kNan).Bytes(), kInvalid, "srow_y[1] = nan: must be finite"});
  table.push_back({"sform infinite", with(2, 0, kInfinity).Bytes(), kInvalid, "srow_z[0] = inf: must be finite"});
  table.push_back({"sform's origin NaN", with(0, 3, kNan).Bytes(), kInvalid, "srow_x[3] = nan: must be finite"});
  table.push_back({"sform of zeros", NiftiBuilder().Sform({}).Bytes(), kInvalid, "determinant = 0: must not be singular"});
  table.push_back({"sform of two directions", with(2, 2, 0).Bytes(), kInvalid, "determinant = 0: must not be singular"});
  table.push_back({"sform with equal directions", NiftiBuilder().Sform({{{{1, 1, 0}, {2, 2, 0}, {0, 0, 3}}}, {}}).Bytes(), kInvalid,
                   "determinant = 0: must not be singular"});
  table.push_back({"sform sheared", with(0, 1, 0.1).Bytes(), kInvalid, "sform: largest cosine between axes = 0.0499"});
  table.push_back({"sform against pixdim", with(2, 2, 3.2).Bytes(), kInvalid, "pixdim[3] = 3: must be within 1 %"});
  table.push_back({"sform against qform: moved", NiftiBuilder().Qform({0, 0, 0}, {0.2, 0, 0}).Bytes(), kInvalid,
                   "sform and qform disagree by 0.2 mm"});
  table.push_back({"sform against qform: flipped", NiftiBuilder().Qform({0, 0, 0}, {0, 0, 0}, -1).Bytes(), kInvalid,
                   "sform and qform disagree by 6 mm"});
  const auto qform = [](const std::array<double, 3>& quatern, double x, double qfac) {
    return NiftiBuilder().SformCode(0).Qform(quatern, {x, 0, 0}, qfac).Bytes();
  };
  table.push_back({"quaternion NaN", qform({0, kNan, 0}, 0, 1), kInvalid, "quatern_c = nan: must be finite"});
  table.push_back({"quaternion infinite", qform({0, 0, kInfinity}, 0, 1), kInvalid, "quatern_d = inf: must be finite"});
  table.push_back({"quaternion too long", qform({0.9, 0.9, 0}, 0, 1), kInvalid, "quatern_b, c, d: sum of squares = 1.62"});
  table.push_back({"qoffset NaN", qform({0, 0, 0}, kNan, 1), kInvalid, "qoffset_x = nan: must be finite"});
  table.push_back({"qfac of two", qform({0, 0, 0}, 0, 2), kInvalid, "pixdim[0] (qfac) = 2: must be 1 or -1"});
  table.push_back({"qfac NaN", qform({0, 0, 0}, 0, kNan), kInvalid, "pixdim[0] (qfac) = nan"});
}

void AddExtensions(Table& table) {
  const auto extension = [](int32_t size, size_t bytes) {
    Bytes raw(bytes);
    NiftiFields::Write<int32_t>(raw, false, 0, size);
    return raw;
  };
  for (const int32_t size : {-16, 0, 8, 24, 48, std::numeric_limits<int32_t>::max() - 15, std::numeric_limits<int32_t>::min()}) {
    table.push_back({"extension of " + std::to_string(size) + " bytes in 32", NiftiBuilder().RawExtensions(extension(size, 32)).Bytes(),
                     kInvalid, "extension 0: esize = " + std::to_string(size) + ": must be a multiple of 16"});
  }
  table.push_back({"second extension damaged",
                   NiftiBuilder().Extension(6, "first").RawExtensions(extension(17, 16)).Bytes(), kInvalid,
                   "extension 1: esize = 17"});
  table.push_back({"extensions announced, four bytes there", NiftiBuilder().RawExtensions(BytesOf("abcd")).Bytes(), kInvalid,
                   "extension 0: esize: lies beyond vox_offset"});
}

void AddGzip(Table& table) {
  const Bytes good = NiftiBuilder().Gzip();
  const size_t size = good.size();
  table.push_back({"gzip: its magic alone", FirstBytes(good, 2), kDamaged, "gzip: the stream ends inside a member"});
  table.push_back({"gzip cut in its header", FirstBytes(good, 7), kDamaged, "gzip: the stream ends inside a member"});
  table.push_back({"gzip cut in the middle", FirstBytes(good, size / 2), kDamaged, "gzip: the stream ends inside a member"});
  table.push_back({"gzip without its trailer", FirstBytes(good, size - 8), kDamaged, "gzip: the stream ends inside a member"});
  table.push_back({"gzip one byte short", FirstBytes(good, size - 1), kDamaged, "gzip: the stream ends inside a member"});
  table.push_back({"gzip with a wrong checksum", Changed(good, size - 8, 1), kDamaged, "gzip: damaged stream (incorrect data check)"});
  table.push_back({"gzip with a wrong length", Changed(good, size - 4, 1), kDamaged, "gzip: damaged stream (incorrect length check)"});
  table.push_back({"gzip of an unknown method", Changed(good, 2, 15), kDamaged, "gzip: damaged stream"});
  table.push_back({"gzip with a block of no type", Changed(good, 10, 6 ^ (std::to_integer<unsigned>(good[10]) & 6)), kDamaged,
                   "gzip: damaged stream (invalid block)"});
  table.push_back({"gzip with bytes behind it", Joined(good, BytesOf("\1\2\3")), kDamaged, "gzip: "});
  table.push_back({"gzip with bytes behind its padding", Joined(Joined(good, Bytes(16)), BytesOf("x")), kDamaged, "gzip: "});
  table.push_back({"gzip of nothing", Gzipped({}), kDamaged, "header: the stream ends after 0 bytes"});
  table.push_back({"gzip of gzip", Gzipped(good), kInvalid, "sizeof_hdr = "});
  table.push_back({"gzip of half a file", Gzipped(FirstBytes(NiftiBuilder().Bytes(), 380)), kDamaged, "voxels: the stream ends after 28"});
  // 64 MiB behind a volume of 48 bytes, 64 KiB on the wire.
  table.push_back({"gzip bomb", Gzipped(Joined(NiftiBuilder().Bytes(), Bytes(size_t{64} << 20))), kInvalid,
                   "voxels: the stream goes on behind the last"});
}

}  // namespace

std::vector<MalformedNifti> MalformedNiftis() {
  Table table;
  AddCutStreams(table);
  AddForeignFiles(table);
  AddDims(table);
  AddTypes(table);
  AddOffsets(table);
  AddSpacings(table);
  AddForms(table);
  AddExtensions(table);
  AddGzip(table);
  return table;
}

}  // namespace tuckerseg
