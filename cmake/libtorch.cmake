# LibTorch from the official wheel. `find_package(Torch)` in a CUDA wheel demands a CUDA toolkit, which running does not
# need: libtorch_cpu and libc10 are linked directly, and libtorch_cuda is loaded at start where there is a driver.
if(NOT TUCKERSEG_TORCH_ROOT)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/fetch_libtorch.sh --print OUTPUT_VARIABLE TUCKERSEG_TORCH_ROOT
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
if(NOT EXISTS ${TUCKERSEG_TORCH_ROOT}/torch/lib/libtorch_cpu.so)
  message(FATAL_ERROR "LibTorch is missing in ${TUCKERSEG_TORCH_ROOT}: run scripts/fetch_libtorch.sh")
endif()

foreach(library IN ITEMS c10 torch_cpu)
  add_library(${library} SHARED IMPORTED)
  set_target_properties(${library} PROPERTIES IMPORTED_LOCATION ${TUCKERSEG_TORCH_ROOT}/torch/lib/lib${library}.so)
endforeach()
target_include_directories(c10 SYSTEM INTERFACE ${TUCKERSEG_TORCH_ROOT}/torch/include
                           ${TUCKERSEG_TORCH_ROOT}/torch/include/torch/csrc/api/include)
target_link_libraries(torch_cpu INTERFACE c10)
# For what calls at::parallel_for. LibTorch's own OpenMP library: with another one there would be two teams of threads for the same processors.
add_library(torch_openmp SHARED IMPORTED)
set_target_properties(torch_openmp PROPERTIES IMPORTED_LOCATION ${TUCKERSEG_TORCH_ROOT}/torch/lib/libgomp.so.1)
target_compile_options(torch_openmp INTERFACE -fopenmp)
# The wheel's libraries find one another through their own run path; the linker has to be told where to look.
target_link_options(torch_cpu INTERFACE -Wl,-rpath-link,${TUCKERSEG_TORCH_ROOT}/nvidia/cu13/lib)
