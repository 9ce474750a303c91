/// The word that was probably meant where another one was written.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace tuckerseg {

/// Of `words` the one that the fewest single mistakes turn into `written`: a letter too much, too little, another one, or two neighbours
/// swapped. The first of several; none where more than a third of the letters would be mistakes.
std::optional<std::string> NearestWord(const std::string& written, std::span<const std::string> words);

}  // namespace tuckerseg
