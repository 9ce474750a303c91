/// Whether what a program has printed has come to where it goes.
#pragma once

#include <cstdio>
#include <iostream>

namespace tuckerseg {

/// What a program ends with that would end with `status`: 1, with an error of one line, where that is 0 and standard output has not taken all that was
/// printed. The last of it is written when the program ends and nobody looks any more: a script would take half a report on a full disk for a whole one.
inline int StatusOncePrinted(int status) {
  // Some print with stdio's functions, of whose errors the stream knows nothing.
  const bool printed = std::cout.flush().good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (status != 0 || printed) return status;
  std::cerr << "error: output: cannot be written: standard output must take all that is printed; is there room on its disk?\n";
  return 1;
}

}  // namespace tuckerseg
