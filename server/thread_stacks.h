/// How large the stacks of this process' threads are.
#pragma once

namespace tuckerseg {

/// Threads that are made from now on, those of libraries too, have stacks of at least 8 MiB unless they are made with others. What they have by themselves
/// is the limit of the main thread's stack, and where that is unlimited 2 MiB (glibc): too little for std::regex, which calls itself for each character. To
/// find the ranges in the longest header that httplib takes, 8 KiB, it needs 4.4 MB, and whoever reaches the operators' port may send that header.
/// Errors: kInternal if they cannot be had.
void EnsureThreadStacks();

}  // namespace tuckerseg
