# Enables the language CUDA where it can be; sets YENT_HAS_CUDA.
set(YENT_CUDA AUTO CACHE STRING "the CUDA backend: AUTO (where nvcc is found), ON or OFF")
set_property(CACHE YENT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(YENT_HAS_CUDA OFF)
# A cross build would find this machine's nvcc.
if(YENT_CUDA STREQUAL "OFF" OR (YENT_CUDA STREQUAL "AUTO" AND CMAKE_CROSSCOMPILING))
  return()
endif()

# Before the language is enabled, or CMake fills in its own. With a GPU here: code for Ampere and
# Hopper, and intermediate code for later ones. Without one, code for Ampere alone, which is enough
# to know that everything compiles. The preset `cuda` names all architectures for a release.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  if(EXISTS /dev/nvidiactl OR EXISTS /dev/dxg)
    set(yent_architectures 80-real 90)
  else()
    set(yent_architectures 80-real)
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${yent_architectures} CACHE STRING "GPU architectures")
endif()
# CMake up to 3.25 does not know that nvcc has C++20, and silently builds C++17.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_EXTENSIONS OFF)

# The toolkit's own folder is often not on PATH.
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(YENT_NVCC nvcc PATHS /usr/local/cuda/bin NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(YENT_NVCC)
  if(YENT_NVCC)
    set(ENV{CUDACXX} ${YENT_NVCC})
  endif()
endif()
include(CheckLanguage)
check_language(CUDA)
if(CMAKE_CUDA_COMPILER)
  enable_language(CUDA)
  set(YENT_HAS_CUDA ON)
elseif(YENT_CUDA STREQUAL "ON")
  message(FATAL_ERROR "YENT_CUDA is ON and no working nvcc is found")
endif()
