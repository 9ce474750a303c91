/// The code blocks of a page of the documents, so that tests run what the page shows.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tuckerseg {

struct PageBlock {
  std::string heading;   ///< the last one above it, without its #
  std::string language;  ///< what stands behind its opening fence
  std::string text;      ///< its lines, each with its end
};

/// All blocks of a Markdown page, in order. Fences begin their lines, as they do on our pages.
inline std::vector<PageBlock> BlocksOf(const std::filesystem::path& page) {
  static constexpr const char* kFence = "```";
  std::ifstream file(page);
  if (!file) throw std::runtime_error("cannot open " + page.string());
  std::vector<PageBlock> blocks;
  std::string heading;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kFence)) {
      inside = !inside;
      if (inside) blocks.push_back({heading, line.substr(3), ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    } else if (line.starts_with("#")) {
      heading = line.substr(line.find_first_not_of("# "));
    }
  }
  return blocks;
}

}  // namespace tuckerseg
