#include "server/variants/load_failure.h"

#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <typeinfo>

#include "server/observe/log.h"
#include "server/variants/shown_text.h"

namespace tuckerseg {

LoadFailure FailureInFlight() {
  try {
    throw;
  } catch (const Error& error) {
    const LoadFailure failure{error.code(), ShownText(error.what())};
    return failure.is_passing() ? failure : LoadFailure{ErrorCode::kFailedPrecondition, failure.reason};
  } catch (const std::bad_alloc&) {
    return {ErrorCode::kResourceExhausted, "memory: none left for this level"};
  } catch (const std::filesystem::filesystem_error& error) {
    return {ErrorCode::kFailedPrecondition, error.code().message()};
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "unexpected_error", {{"type", typeid(error).name()}, {"what", error.what()}});
    return {ErrorCode::kFailedPrecondition, "unexpected: the server's log has the reason"};
  } catch (...) {
    Log(LogLevel::kError, "unexpected_error", {{"type", "unknown"}, {"what", ""}});
    return {ErrorCode::kFailedPrecondition, "unexpected: the server's log has the reason"};
  }
}

}  // namespace tuckerseg
