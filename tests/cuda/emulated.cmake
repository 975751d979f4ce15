# The backend's own sources once more, with the emulator's twins of three headers before the tree.
file(GLOB emulated_kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kernels/cuda/*.cu
     ${CMAKE_SOURCE_DIR}/kernels/cuda/gemm/*.cu ${CMAKE_SOURCE_DIR}/kernels/cuda/hopper/*.cu)
file(GLOB_RECURSE emulated_drivers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kernels/cuda/*.cpp)
list(FILTER emulated_drivers EXCLUDE REGEX "/no_cuda\\.cpp$")

file(GLOB emulator CONFIGURE_DEPENDS support/cuda_emulator/*.cpp support/cuda_emulator/hopper/*.cpp)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(FILTER emulator EXCLUDE REGEX "/fiber_ucontext\\.cpp$")
else()
  list(FILTER emulator EXCLUDE REGEX "/fiber_x86_64\\.cpp$")
endif()
set(emulated_device support/fake_cuda/runtime.cpp support/fake_cuda/tensor_map.cpp ${emulator})
set(emulated_tests cuda/emulated.cpp cuda/test_cuda_gemm.cpp cuda/test_cuda_ops.cpp
    cuda/test_cuda_models.cpp cuda/test_cuda_random.cpp cuda/test_cuda_hopper.cpp
    cuda/test_hopper_emulator.cpp support/cuda/cuda_device.cpp support/golden.cpp
    support/random_weights.cpp support/tree.cpp ${emulated_device})

# Kernels add products by fmaf, which without these is a call.
include(CheckCXXSourceRuns)
check_cxx_source_runs("int main() { return !__builtin_cpu_supports(\"fma\"); }" YENT_RUNS_FMA)
set(with_fma $<$<BOOL:${YENT_RUNS_FMA}>:-mfma>)

function(emulated target)
  target_include_directories(${target} BEFORE PRIVATE support/cuda_emulator/twin)
  target_include_directories(${target} SYSTEM PRIVATE ${YENT_CUDA_HEADERS})
  target_link_libraries(${target} PRIVATE yent_options yent_headers)
  # Pragmas of nvcc; arguments that hold tensor maps.
  target_compile_options(${target} PRIVATE -Wno-unknown-pragmas -Wno-psabi ${with_fma})
endfunction()

set_source_files_properties(${emulated_kernels} PROPERTIES LANGUAGE CXX)
add_library(yent_cuda_emulated OBJECT ${emulated_kernels})
add_library(yent_cuda_emulated_drivers OBJECT ${emulated_drivers})
add_executable(yent_cuda_emulated_tests ${emulated_tests} cuda/test_emulator.cpp
               $<TARGET_OBJECTS:yent_cuda_emulated> $<TARGET_OBJECTS:yent_cuda_emulated_drivers>)
add_test(NAME yent_cuda_emulated_tests COMMAND yent_cuda_emulated_tests
         "-tce=*full size*,*other UNets*,*autoencoders*,*random*")
foreach(target yent_cuda_emulated yent_cuda_emulated_drivers yent_cuda_emulated_tests)
  emulated(${target})
endforeach()
set(emulated_libraries yent_tools yent_synthesize ${CMAKE_DL_LIBS})
target_link_libraries(yent_cuda_emulated_tests PRIVATE ${emulated_libraries})

# The programs that bench/gpu.sh runs, on emulated GPUs: its rehearsal.
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.cpp)
list(REMOVE_ITEM bench_sources ${CMAKE_SOURCE_DIR}/bench/kernels.cpp)
set(yent_run_sources ${CMAKE_SOURCE_DIR}/tools/yent_run.cpp ${CMAKE_SOURCE_DIR}/tools/talk/editor/plain.cpp)
set(bench_name bench)
set(yent_run_name yent-run)
add_custom_target(yent_cuda_rehearsal DEPENDS yent_cuda_emulated_tests)
foreach(program bench yent_run)
  set(target ${program}_emulated)
  add_executable(${target} EXCLUDE_FROM_ALL ${${program}_sources} cuda/rehearsal.cpp ${emulated_device}
                 $<TARGET_OBJECTS:yent_cuda_emulated> $<TARGET_OBJECTS:yent_cuda_emulated_drivers>)
  emulated(${target})
  target_link_libraries(${target} PRIVATE ${emulated_libraries} yent_glue)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${${program}_name}
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/rehearsal)
  add_dependencies(yent_cuda_rehearsal ${target})
endforeach()

# The same with every access of a kernel checked, and with deliberate mistakes that can be switched
# on. The compiler calls the emulator where it would call a sanitizer's library.
set(mutated ${CMAKE_CURRENT_BINARY_DIR}/mutated)
set(mutated_kernels ${emulated_kernels})
list(TRANSFORM mutated_kernels REPLACE "^${CMAKE_SOURCE_DIR}/" "${mutated}/")
file(GLOB kernel_headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kernels/cuda/*.cuh
     ${CMAKE_SOURCE_DIR}/kernels/cuda/gemm/*.cuh ${CMAKE_SOURCE_DIR}/kernels/cuda/hopper/*.cuh)
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  return()
endif()
add_custom_command(OUTPUT ${mutated}/mutations.h ${mutated}/mutation_table.h ${mutated_kernels}
                   COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cuda/mutate.py
                           ${CMAKE_SOURCE_DIR} ${mutated}
                   DEPENDS cuda/mutate.py ${emulated_kernels} ${kernel_headers})
set_source_files_properties(${mutated_kernels} PROPERTIES LANGUAGE CXX)
add_library(yent_cuda_checked OBJECT EXCLUDE_FROM_ALL ${mutated_kernels} ${mutated}/mutations.h)
target_include_directories(yent_cuda_checked BEFORE PRIVATE ${mutated})
# Loads and stores stay as they are written: what a CPU would join, a GPU does not.
target_compile_options(yent_cuda_checked PRIVATE -fsanitize=thread -fsanitize=alignment,bounds
                       -fsanitize-recover=all -fno-tree-vectorize -fno-tree-slp-vectorize)
set(checked_tests ${emulated_tests})
list(FILTER checked_tests EXCLUDE REGEX "/no_checker\\.cpp$")
add_executable(yent_cuda_checked_tests EXCLUDE_FROM_ALL ${checked_tests} cuda/test_mutations.cpp
               cuda/test_checked_samples.cpp
               support/cuda_emulator/checked/checker.cpp support/cuda_emulator/checked/hooks.cpp
               $<TARGET_OBJECTS:yent_cuda_checked> $<TARGET_OBJECTS:yent_cuda_emulated_drivers>)
target_include_directories(yent_cuda_checked_tests PRIVATE ${mutated})

# The same kernels with every access counted.
set(counted_support ${emulated_tests})
list(FILTER counted_support EXCLUDE REGEX "^cuda/|/no_counter\\.cpp$")
add_executable(yent_cuda_counted_tests EXCLUDE_FROM_ALL ${counted_support} cuda/counted.cpp
               cuda/test_counts.cpp support/cuda_emulator/counted/counter.cpp
               support/cuda_emulator/checked/hooks.cpp $<TARGET_OBJECTS:yent_cuda_checked>
               $<TARGET_OBJECTS:yent_cuda_emulated_drivers>)

foreach(target yent_cuda_checked yent_cuda_checked_tests yent_cuda_counted_tests)
  emulated(${target})
endforeach()
foreach(target yent_cuda_checked_tests yent_cuda_counted_tests)
  target_link_libraries(${target} PRIVATE ${emulated_libraries})
endforeach()
