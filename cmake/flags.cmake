# What every target of ours is compiled with: tuckerseg::flags.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers need these: their content is hashed with the sources, times are not.
  set(CCACHE_COMMAND ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_COMMAND})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_COMMAND})
endif()

add_library(tuckerseg_flags INTERFACE)
add_library(tuckerseg::flags ALIAS tuckerseg_flags)
target_include_directories(tuckerseg_flags INTERFACE ${PROJECT_SOURCE_DIR})
# Missing initialisers are how designated initialisers are meant to be used: the members have defaults.
target_compile_options(tuckerseg_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers -Werror)
target_compile_definitions(tuckerseg_flags INTERFACE TUCKERSEG_VERSION="${PROJECT_VERSION}")

# -ffp-contract=off: with fused multiply-adds the same source gives other roundings on other compilers and CPUs.
add_compile_options(-ffp-contract=off)
# Release binaries are hardened: addresses are random (PIE), what the loader has filled in is read-only, overruns of buffers end the program. Most of it
# is what Debian's compiler does anyway; others' do not. tests/integration/hardened_server.sh looks at the result.
set(hardened $<CONFIG:Release>)
add_compile_options("$<${hardened}:-fPIE;-fstack-protector-strong;-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
add_link_options("$<${hardened}:-pie;-Wl,-z,relro;-Wl,-z,now;-Wl,-z,noexecstack>")

if(TUCKERSEG_SANITIZE)
  # GCC takes what it instruments for uninitialised where it is not (an empty std::optional's value): the release build looks for that.
  add_compile_options(-fsanitize=${TUCKERSEG_SANITIZE} -fno-omit-frame-pointer -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${TUCKERSEG_SANITIZE})
  if(TUCKERSEG_SANITIZE MATCHES thread)
    # Where this is defined protobuf's headers give map fields members that Debian's libprotobuf, which is not instrumented, knows nothing of: it would read past others. The standard library, and our tests, go by the other one.
    add_compile_options(-U__SANITIZE_THREAD__ -D_GLIBCXX_TSAN=1)
  endif()
  if(TUCKERSEG_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
