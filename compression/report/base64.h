/// Bytes as text (RFC 4648, section 4), for data: addresses.
#pragma once

#include <string>
#include <string_view>

namespace tuckerseg {

/// With padding, without line breaks.
std::string EncodeBase64(std::string_view bytes);

}  // namespace tuckerseg
