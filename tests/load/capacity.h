/// How much the server does at `original`, one request after another: what load factors are multiples of.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/answer_book.h"
#include "tests/load/volume_files.h"

namespace tuckerseg::load {

struct Capacity {
  double per_s = 0;                ///< requests of the workload's mix
  std::vector<double> unloaded_s;  ///< of each volume: the median of its rounds
};

/// Requests a second of a mix of volumes that take so long each, if they come one after another.
double RequestsPerSecond(std::span<const VolumeFile> volumes, std::span<const double> unloaded_s);

/// Asks for every volume `rounds` times. Errors: those of Client; kInternal if an answer is another than the book's, as then there is no right one.
Capacity MeasureCapacity(Client& client, const std::string& task, std::span<const VolumeFile> volumes, const AnswerBook& book, int rounds);

}  // namespace tuckerseg::load
