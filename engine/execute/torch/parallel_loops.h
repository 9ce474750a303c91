/// LibTorch's at::parallel_for, sure to run on several threads: it is a header's template, and a plain loop, without a word, wherever it is compiled without OpenMP.
#pragma once

#include <ATen/Parallel.h>

#ifndef INTRA_OP_PARALLEL
#error "at::parallel_for would be a loop on one thread: compile with OpenMP, as cmake/libtorch.cmake does"
#endif
