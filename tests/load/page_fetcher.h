/// Fetches the server's page of metrics over HTTP.
#pragma once

#include <functional>
#include <string>

#include "tests/load/scraped_page.h"

namespace tuckerseg::load {

/// Fetches a page anew at each call, from any thread. Errors: kUnavailable if none comes; those of ScrapedPage.
using PageFetcher = std::function<ScrapedPage()>;

/// From http://ADDRESS/metrics; `address`: HOST:PORT.
PageFetcher FetchFrom(const std::string& address);

}  // namespace tuckerseg::load
