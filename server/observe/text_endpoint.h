/// Answers HTTP GETs of one path with a text: what Prometheus scrapes.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace tuckerseg {

/// prometheus-cpp's own Exposer is not used: its threads have stacks of 100 KB, of which LibTorch's thread-local storage takes
/// more than half, and writing the page overflows the rest.
class TextEndpoint {
 public:
  /// Listens at HOST:PORT (port 0: any free one). `text` is called for each GET of `path`, from threads of the endpoint; every
  /// other path answers 404. Errors: kInvalidArgument for what is no address, kInternal if it cannot be had.
  TextEndpoint(const std::string& address, const std::string& path, const std::string& content_type, std::function<std::string()> text);
  /// Lets running answers end.
  ~TextEndpoint();

  int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tuckerseg
