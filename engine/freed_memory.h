/// What becomes of memory that a program frees.
#pragma once

namespace tuckerseg {

/// From now on the process keeps it. Running or training a network makes and frees the same dozens of features of 30 to 130 MB: taken from
/// the system each time, their page faults cost a sixth of the parity network's time, and a good part of a training step's. For programs
/// whose main thread does the work: its arena alone holds them.
void KeepFreedMemory();

/// As KeepFreedMemory, for programs that work in other threads too: all share one arena. Arenas of other threads hold nothing above 64 MB,
/// so a patch's features would be mapped anew each time all the same. Before the first thread is made.
void KeepFreedMemoryOfAllThreads();

}  // namespace tuckerseg
