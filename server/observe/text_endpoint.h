/// Answers HTTP GETs with texts that are made for each: what Prometheus, probes and people ask for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tuckerseg {

struct TextAnswer {
  std::string text;
  std::string content_type = "text/plain; charset=utf-8";
  int status = 200;
};

/// `answer` is called for each GET of `path` (letters, digits, '/', '-', '_'), from threads of the endpoint. What it throws becomes a bare 500.
struct TextPage {
  std::string path;
  std::function<TextAnswer()> answer;
  bool is_probe = false;  ///< is answered whatever becomes of the other pages; `answer` must wait for nothing
};

/// prometheus-cpp's own Exposer is not used: its threads have stacks of 100 KB, of which LibTorch's thread-local storage takes
/// more than half, and writing the page overflows the rest.
class TextEndpoint {
 public:
  /// Listens at HOST:PORT (port 0: any free one). Every path but those of `pages` answers 404, and so does every method but GET and HEAD. One request a
  /// connection, of bounded length and time, and no body: none is held by a client that keeps it open, nor memory by one that sends without end. Where more than
  /// some tens wait the one that has waited longest is closed. Pages that are no probes may take all threads but two, until they are made and read; of more each
  /// is a 503 at once. Parts of a page cannot be had: who asks for one gets it whole.
  /// Errors: kInvalidArgument for what is no address, kInternal if it cannot be had.
  TextEndpoint(const std::string& address, std::vector<TextPage> pages);
  /// Lets running answers end. Whoever waits for one gets none.
  ~TextEndpoint();

  int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tuckerseg
