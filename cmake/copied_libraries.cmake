# Libraries without a CMake package: Debian's, or the copies that scripts/copy_headers.sh puts into third_party for machines that have LibTorch
# and zlib alone. Makes the target tuckerseg::NAME from one of its headers and from the names that the library may have.
function(tuckerseg_copied_library name header)
  find_path(${name}_INCLUDE_DIR ${header} PATHS ${PROJECT_SOURCE_DIR}/third_party/headers)
  find_library(${name}_LIBRARY NAMES ${ARGN} PATHS ${PROJECT_SOURCE_DIR}/third_party/lib)
  if(NOT ${name}_INCLUDE_DIR OR NOT ${name}_LIBRARY)
    message(FATAL_ERROR "${name} is missing: install the packages of scripts/packages.txt, or run scripts/copy_headers.sh")
  endif()
  add_library(tuckerseg_${name} INTERFACE)
  add_library(tuckerseg::${name} ALIAS tuckerseg_${name})
  target_include_directories(tuckerseg_${name} SYSTEM INTERFACE ${${name}_INCLUDE_DIR})
  target_link_libraries(tuckerseg_${name} INTERFACE ${${name}_LIBRARY})
endfunction()
tuckerseg_copied_library(isal isa-l/igzip_lib.h isal libisal.so.2)        # gzip and CRC-32: Intel's ISA-L
tuckerseg_copied_library(crypto openssl/evp.h crypto libcrypto.so.3)      # SHA-256: OpenSSL's libcrypto
