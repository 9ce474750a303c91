/// Whether this program is built with a sanitizer, under which time passes many times as fast.
#pragma once

namespace tuckerseg {

#if defined(__SANITIZE_ADDRESS__) || defined(_GLIBCXX_TSAN)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace tuckerseg
