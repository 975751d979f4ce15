# Everything from outside, all of it Debian packages: header-only but for OpenMP, doctest
# and Google Benchmark. README says what each is for.
find_package(OpenMP REQUIRED COMPONENTS CXX)

add_library(yent_headers INTERFACE)   # fmt, nlohmann/json, CLI11, stb, doctest: /usr/include
target_compile_definitions(yent_headers INTERFACE FMT_HEADER_ONLY)
find_path(EIGEN_INCLUDE_DIR Eigen/Dense PATH_SUFFIXES eigen3 REQUIRED)
