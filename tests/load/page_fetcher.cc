#include "tests/load/page_fetcher.h"

#include <httplib.h>

#include <chrono>

#include "engine/error.h"

namespace tuckerseg::load {
namespace {

/// A page takes milliseconds; a machine that is under load gives them late.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

PageFetcher FetchFrom(const std::string& address) {
  return [address] {
    httplib::Client http("http://" + address);  // one for each page: the server closes the connection behind it
    http.set_connection_timeout(kPatience);
    http.set_read_timeout(kPatience);
    const auto page = http.Get("/metrics");
    if (!page || page->status != 200) {
      throw Error(ErrorCode::kUnavailable, "metrics = " + address + ": no page came; must be the address of a running server's metrics");
    }
    return ScrapedPage(page->body);
  };
}

}  // namespace tuckerseg::load
