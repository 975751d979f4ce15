# libyent, for other programs: a shared library that exports the C API and nothing else, and one
# archive of all objects. Both are made of the objects that the programs link, compiled once.
set(objects "")
foreach(part yent_api yent_engine yent_deciding yent_loaders yent_names yent_kernels yent_cuda)
  list(APPEND objects $<TARGET_OBJECTS:${part}>)
endforeach()
if(TARGET yent_cuda_hopper)
  list(APPEND objects $<TARGET_OBJECTS:yent_cuda_hopper>)
endif()

set(private_libraries pthread m ${CMAKE_DL_LIBS})
add_library(yent_shared SHARED ${objects})
add_library(yent_static STATIC ${objects})
set(exports ${CMAKE_SOURCE_DIR}/cmake/exports.map)
target_link_options(yent_shared PRIVATE LINKER:--version-script=${exports})
# Clang puts a sanitizer's run time into the program alone: the library finds its names there.
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  target_link_options(yent_shared PRIVATE LINKER:--no-undefined)
endif()
set_target_properties(yent_shared PROPERTIES LINK_DEPENDS ${exports} VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME yent)
set_target_properties(yent_static PROPERTIES EXPORT_NAME static)
target_link_libraries(yent_shared PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
target_link_libraries(yent_static INTERFACE stdc++ ${private_libraries})
if(YENT_HAS_CUDA)
  find_package(CUDAToolkit REQUIRED)
  target_link_libraries(yent_shared PRIVATE CUDA::cudart_static)
  target_link_libraries(yent_static INTERFACE $<INSTALL_INTERFACE:cudart_static> rt)
  list(APPEND private_libraries cudart_static rt)
endif()
foreach(library yent_shared yent_static)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME yent LINKER_LANGUAGE CXX)
  target_include_directories(${library} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

include(GenerateExportHeader)
generate_export_header(yent_shared BASE_NAME yent EXPORT_MACRO_NAME YENT_API
                       EXPORT_FILE_NAME ${CMAKE_BINARY_DIR}/include/yent/export.h)

# find_package(yent) gives yent::yent and yent::static; pkg-config has yent.
include(CMakePackageConfigHelpers)
list(TRANSFORM private_libraries PREPEND -l OUTPUT_VARIABLE YENT_PRIVATE_LIBRARIES)
list(JOIN YENT_PRIVATE_LIBRARIES " " YENT_PRIVATE_LIBRARIES)
# Relative, so that the installed tree can be moved.
file(RELATIVE_PATH YENT_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/yent.pc.in ${CMAKE_BINARY_DIR}/yent.pc @ONLY)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/yent-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/yent)
install(TARGETS yent_shared yent_static EXPORT yent DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT yent NAMESPACE yent:: FILE yent-config.cmake DESTINATION ${package})
install(FILES ${CMAKE_BINARY_DIR}/yent-config-version.cmake DESTINATION ${package})
install(FILES ${CMAKE_BINARY_DIR}/yent.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY include/yent DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_BINARY_DIR}/include/yent/export.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/yent)
