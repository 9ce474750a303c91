# OpenSSL's libcrypto (SHA-256): Debian's package, or the copy that scripts/copy_headers.sh puts into third_party for machines that have
# LibTorch and zlib alone.
find_path(CRYPTO_INCLUDE_DIR openssl/evp.h PATHS ${PROJECT_SOURCE_DIR}/third_party/headers)
find_library(CRYPTO_LIBRARY NAMES crypto libcrypto.so.3 PATHS ${PROJECT_SOURCE_DIR}/third_party/lib)
if(NOT CRYPTO_INCLUDE_DIR OR NOT CRYPTO_LIBRARY)
  message(FATAL_ERROR "libcrypto is missing: install the packages of scripts/packages.txt, or run scripts/copy_headers.sh")
endif()
add_library(tuckerseg_crypto INTERFACE)
add_library(tuckerseg::crypto ALIAS tuckerseg_crypto)
target_include_directories(tuckerseg_crypto SYSTEM INTERFACE ${CRYPTO_INCLUDE_DIR})
target_link_libraries(tuckerseg_crypto INTERFACE ${CRYPTO_LIBRARY})
