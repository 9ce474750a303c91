/// Names that nothing else has.
#pragma once

#include <string>

namespace tuckerseg {

/// Sixteen random bytes in hexadecimal: names a request, a trace, a run of the server, or an unexpected error in the log.
std::string RandomId();

}  // namespace tuckerseg
