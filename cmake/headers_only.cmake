# Header-only libraries: Debian's packages, or the copies that scripts/copy_headers.sh puts into third_party/headers for
# machines that have LibTorch alone.
set(TUCKERSEG_HEADERS ${PROJECT_SOURCE_DIR}/third_party/headers)
foreach(library IN ITEMS nlohmann_json CLI11)
  find_package(${library} QUIET)
  if(NOT ${library}_FOUND)
    if(NOT EXISTS ${TUCKERSEG_HEADERS})
      message(FATAL_ERROR "${library} is missing: install the packages of scripts/packages.txt, or run scripts/copy_headers.sh")
    endif()
    add_library(tuckerseg_${library} INTERFACE)
    target_include_directories(tuckerseg_${library} SYSTEM INTERFACE ${TUCKERSEG_HEADERS})
    add_library(${library}::${library} ALIAS tuckerseg_${library})
  endif()
endforeach()
