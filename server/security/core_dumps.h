/// Keeps what the process has in memory off the disk where it crashes.
#pragma once

namespace tuckerseg {

/// From now on no core of this process is written: it would hold volumes, label maps and tokens. Nor may other processes of the same user read its
/// memory; those of root still may. For the process, before it holds any of that. Errors: kInternal if the system refuses.
void ForbidCoreDumps();

}  // namespace tuckerseg
