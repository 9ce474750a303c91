/// The page without its figures: written at build time from the files in page/, by embed.cmake.
#pragma once

namespace tuckerseg {

/// Holds {{title}} and {{report}} once each.
extern const char* const kPageText;

}  // namespace tuckerseg
