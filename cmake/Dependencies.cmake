# Everything from outside, all of it Debian packages: header-only but for
# Google Benchmark in bench/. README says what each is for.
find_package(Threads REQUIRED)

set(YENT_DEPS_DIR "" CACHE PATH "Debian packages unpacked here are used before installed ones")

# Their folders are linked into the build tree, because /usr/include itself must stay off the
# include path: a cross compiler would take the wrong libc from it.
set(yent_include ${CMAKE_BINARY_DIR}/include)
function(yent_link_headers folder witness package)
  find_path(YENT_${folder}_DIR ${folder}/${witness}
            PATHS ${YENT_DEPS_DIR}/usr/include /usr/local/include /usr/include
            NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(YENT_${folder}_DIR)
  if(YENT_${folder}_DIR)
    file(MAKE_DIRECTORY ${yent_include})
    file(CREATE_LINK ${YENT_${folder}_DIR}/${folder} ${yent_include}/${folder} SYMBOLIC)
  elseif(NOT "OPTIONAL" IN_LIST ARGN)
    message(FATAL_ERROR "${folder}/${witness} is missing: install Debian's package ${package}")
  endif()
endfunction()

yent_link_headers(fmt format.h libfmt-dev)
yent_link_headers(nlohmann json.hpp nlohmann-json3-dev)
yent_link_headers(CLI CLI.hpp libcli11-dev)
yent_link_headers(stb stb_image.h libstb-dev)
yent_link_headers(eigen3 Eigen/Dense libeigen3-dev)
yent_link_headers(boost beast.hpp libboost-dev OPTIONAL)     # without it, no server
yent_link_headers(doctest doctest.h doctest-dev OPTIONAL)   # without it, no tests

add_library(yent_headers INTERFACE)
target_include_directories(yent_headers SYSTEM INTERFACE ${yent_include})
set(EIGEN_INCLUDE_DIR ${yent_include}/eigen3)
