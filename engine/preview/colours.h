/// Colours of outlines: seen on a CT, and told apart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tuckerseg {

using Rgb = std::array<uint8_t, 3>;

/// One colour for each structure, in order of importance. A structure keeps its own colour where it has one; one that is too dark to
/// be seen on a CT is lightened. Where it could be taken for the colour of a structure before it, it gets the colour of a fixed
/// palette that is furthest from all those, if that is further (117 colours that all differ do not exist).
std::vector<Rgb> TellApart(std::span<const std::optional<Rgb>> own);

}  // namespace tuckerseg
