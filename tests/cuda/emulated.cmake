# The backend's own sources once more, with the emulator's twins of three headers before the tree.
file(GLOB emulated_kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kernels/cuda/*.cu
     ${CMAKE_SOURCE_DIR}/kernels/cuda/gemm/*.cu)
file(GLOB_RECURSE emulated_drivers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kernels/cuda/*.cpp)
list(FILTER emulated_drivers EXCLUDE REGEX "/no_cuda\\.cpp$")
set_source_files_properties(${emulated_kernels} PROPERTIES LANGUAGE CXX)

file(GLOB emulator CONFIGURE_DEPENDS support/cuda_emulator/*.cpp)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(FILTER emulator EXCLUDE REGEX "/fiber_ucontext\\.cpp$")
else()
  list(FILTER emulator EXCLUDE REGEX "/fiber_x86_64\\.cpp$")
endif()

add_library(yent_cuda_emulated OBJECT ${emulated_kernels} ${emulated_drivers})
target_include_directories(yent_cuda_emulated BEFORE PRIVATE support/cuda_emulator/twin)
# Loops are unrolled for a GPU, and a constant that no branch needs is one for nvcc.
target_compile_options(yent_cuda_emulated PRIVATE -Wno-unknown-pragmas)

add_executable(yent_cuda_emulated_tests cuda/emulated.cpp cuda/test_emulator.cpp
               cuda/test_cuda_gemm.cpp cuda/test_cuda_ops.cpp cuda/test_cuda_models.cpp
               support/cuda_device.cpp support/golden.cpp support/random_weights.cpp
               support/tree.cpp
               support/fake_cuda/runtime.cpp ${emulator} $<TARGET_OBJECTS:yent_cuda_emulated>)
foreach(target yent_cuda_emulated yent_cuda_emulated_tests)
  target_include_directories(${target} SYSTEM PRIVATE ${YENT_CUDA_HEADERS})
  target_link_libraries(${target} PRIVATE yent_options yent_headers)
endforeach()
target_link_libraries(yent_cuda_emulated_tests PRIVATE yent_tools yent_synthesize ${CMAKE_DL_LIBS})
add_test(NAME yent_cuda_emulated_tests COMMAND yent_cuda_emulated_tests "-tce=*full size*")
