/// A directory that takes the place of another one of the same name, so that no crash and no loss of power loses both.
#pragma once

#include <filesystem>

namespace tuckerseg {

/// Where to write what will take the place of `directory`: beside it, under a name that counts as unfinished.
std::filesystem::path PlaceOfNext(const std::filesystem::path& directory);

/// Puts PlaceOfNext(directory) where `directory` is, and deletes what was there. Both change places at once where the system can do so.
/// Errors: kInternal if they cannot be renamed, or if what is to be put in place cannot be written to the disk.
void ReplaceDirectory(const std::filesystem::path& directory);

/// The same by two renames, between which `directory` is absent: MendReplaced finds the way back.
void ReplaceByTwoRenames(const std::filesystem::path& directory);

/// Where a crash between two renames left no `directory`, the one that was there comes back. Errors: kInternal if it cannot be renamed.
void MendReplaced(const std::filesystem::path& directory);

}  // namespace tuckerseg
