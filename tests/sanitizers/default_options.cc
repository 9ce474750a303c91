/// What the sanitizers are told in every test. Not by ctest's ENVIRONMENT: gtest_discover_tests keeps only the first of several variables. A test that is started by hand
/// gets it too; the environment's ASAN_OPTIONS and UBSAN_OPTIONS win over it.

extern "C" {

const char* __asan_default_options() { return "detect_stack_use_after_return=1:alloc_dealloc_mismatch=1"; }
const char* __ubsan_default_options() { return "print_stacktrace=1:abort_on_error=1"; }  // a signal, which replay_main.cc tells of

}  // extern "C"
