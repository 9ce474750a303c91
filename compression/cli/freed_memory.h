/// What becomes of memory that a command frees.
#pragma once

namespace tuckerseg {

/// From now on the process keeps it. Running or training a network makes and frees the same dozens of features of 30 to 130 MB: given back
/// each time, their page faults cost a good part of the work. The main thread's arena alone holds them, so that the number of arenas
/// need not be bound.
void KeepFreedMemory();

}  // namespace tuckerseg
