/// The grid of a CT that passes by.
#pragma once

#include <functional>

#include "client/lib/client.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// As `volume`; `tell` hears of the grid as soon as the file's header has passed, before it goes on. A header that cannot be read is let pass: the server says
/// what is wrong with it. What `tell` throws ends the production.
ByteProducer TellingGeometry(ByteProducer volume, std::function<void(const Geometry&)> tell);

}  // namespace tuckerseg
