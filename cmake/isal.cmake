# Intel's ISA-L (gzip and CRC-32): Debian's package, which brings no CMake package, or the copy that scripts/copy_headers.sh puts
# into third_party for machines that have LibTorch and zlib alone.
find_path(ISAL_INCLUDE_DIR isa-l/igzip_lib.h PATHS ${PROJECT_SOURCE_DIR}/third_party/headers)
find_library(ISAL_LIBRARY NAMES isal libisal.so.2 PATHS ${PROJECT_SOURCE_DIR}/third_party/lib)
if(NOT ISAL_INCLUDE_DIR OR NOT ISAL_LIBRARY)
  message(FATAL_ERROR "ISA-L is missing: install the packages of scripts/packages.txt, or run scripts/copy_headers.sh")
endif()
add_library(tuckerseg_isal INTERFACE)
add_library(tuckerseg::isal ALIAS tuckerseg_isal)
target_include_directories(tuckerseg_isal SYSTEM INTERFACE ${ISAL_INCLUDE_DIR})
target_link_libraries(tuckerseg_isal INTERFACE ${ISAL_LIBRARY})
