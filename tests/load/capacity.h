/// How much the server can do, one request after another: what load factors are multiples of.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/answer_book.h"
#include "tests/load/volume_files.h"

namespace tuckerseg::load {

struct Capacity {
  double per_s = 0;                ///< requests of the workload's mix at the fastest level that the server may choose: more it cannot do
  std::string level;               ///< that one
  double original_per_s = 0;       ///< at `original`
  std::vector<double> unloaded_s;  ///< of each volume at `original`: the median of its rounds
};

/// Requests a second of a mix of volumes that take so long each, if they come one after another.
double RequestsPerSecond(std::span<const VolumeFile> volumes, std::span<const double> unloaded_s);

/// The one of `levels` whose answers of the mix took least time, of those with a quality and the original; the original where there is no other.
std::string FastestChoosable(std::span<const ListedLevel> levels, std::span<const VolumeFile> volumes, const AnswerBook& book);

/// Asks for every volume `rounds` times at the original and at the fastest level that may be chosen. Errors: those of Client; kInternal if an answer is another than the book's, as then there is no right one.
Capacity MeasureCapacity(Client& client, const std::string& task, std::span<const VolumeFile> volumes, std::span<const ListedLevel> levels, const AnswerBook& book, int rounds);

}  // namespace tuckerseg::load
