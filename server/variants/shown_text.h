/// Text that comes from an operator's files, on its way to clients and to the log.
#pragma once

#include <string>

namespace tuckerseg {

/// `text` as a message can carry it: valid UTF-8 (protobuf refuses whole messages for one wrong byte, and a directory's name can be any
/// bytes), cut after 300 bytes.
std::string ShownText(const std::string& text);

}  // namespace tuckerseg
