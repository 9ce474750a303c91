# How a room's tests and fuzz targets are declared.
find_package(GTest REQUIRED)
include(GoogleTest)
option(TUCKERSEG_LIBFUZZER "Build the fuzz targets with libFuzzer (clang); off: they replay their corpus" OFF)

# Under AddressSanitizer and UndefinedBehaviorSanitizer: what they look for and say.
function(tuckerseg_tell_sanitizers name)
  if(TUCKERSEG_SANITIZE MATCHES address)
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/sanitizers/default_options.cc)
  endif()
endfunction()

# tuckerseg_add_test(NAME [SERIAL] [SERVICE] [OWN_HEADERS] SOURCES a_test.cc ... LINK tuckerseg::x ...)
#   SERIAL: its tests measure time or memory, and run while no other test does.
#   SERVICE: its sources may take gRPC's headers in, which are compiled once for all such tests (tests/CMakeLists.txt).
#   OWN_HEADERS: precompiles others than those of all tests; the caller says which.
function(tuckerseg_add_test name)
  cmake_parse_arguments(TEST "SERIAL;SERVICE;OWN_HEADERS" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE tuckerseg::flags GTest::gmock GTest::gtest_main ${TEST_LINK})
  # What is tested lies in the libraries. Half of a test's own time to compile goes into making fast what runs once.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(TEST_SERVICE)
    target_precompile_headers(${name} REUSE_FROM tuckerseg_service_headers)
  elseif(NOT TEST_OWN_HEADERS)
    target_precompile_headers(${name} REUSE_FROM tuckerseg_test_headers)
  endif()
  target_compile_definitions(${name} PRIVATE TUCKERSEG_DEFAULT_TEST_DATA="${PROJECT_SOURCE_DIR}/../shared/data"
                             TUCKERSEG_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  tuckerseg_tell_sanitizers(${name})
  # A test that hangs fails soon: beside another one the longest takes five minutes on two cores.
  set(limit 600)
  if(TUCKERSEG_SANITIZE)
    set(limit 900)
  endif()
  # What scripts/test_tools.sh brings in is on the path; tests skip where it is not.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${limit} RUN_SERIAL ${TEST_SERIAL} LABELS ${name}
                       ENVIRONMENT_MODIFICATION "PATH=path_list_prepend:${PROJECT_SOURCE_DIR}/build/tools/bin"
                       ENVIRONMENT "${TUCKERSEG_TEST_ENVIRONMENT}")
endfunction()

# tuckerseg_add_fuzz_target(NAME SOURCE x_fuzz.cc CORPUS folder LINK tuckerseg::x ...)
function(tuckerseg_add_fuzz_target name)
  cmake_parse_arguments(FUZZ "" "SOURCE;CORPUS" "LINK" ${ARGN})
  add_executable(${name} ${FUZZ_SOURCE})
  target_link_libraries(${name} PRIVATE tuckerseg::flags ${FUZZ_LINK})
  if(TUCKERSEG_LIBFUZZER)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc ${PROJECT_SOURCE_DIR}/tests/fuzz/mutation.cc)
    tuckerseg_tell_sanitizers(${name})
    # All targets together a minute; `make fuzz` is the full length.
    add_test(NAME ${name}_corpus COMMAND ${name} --seconds 4 ${CMAKE_CURRENT_SOURCE_DIR}/${FUZZ_CORPUS})
    set_tests_properties(${name}_corpus PROPERTIES TIMEOUT 120 ENVIRONMENT "${TUCKERSEG_TEST_ENVIRONMENT}")
  endif()
endfunction()

# Sanitizer runs: leaks and races in libraries that are not ours, each with its reason in the file. One variable: gtest_discover_tests drops those behind the first.
set(TUCKERSEG_TEST_ENVIRONMENT "")
if(TUCKERSEG_SANITIZE MATCHES address)
  set(TUCKERSEG_TEST_ENVIRONMENT "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/lsan.supp:print_suppressions=0")
elseif(TUCKERSEG_SANITIZE MATCHES thread)
  set(TUCKERSEG_TEST_ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/tsan.supp:ignore_noninstrumented_modules=1:halt_on_error=1:second_deadlock_stack=1")
endif()
