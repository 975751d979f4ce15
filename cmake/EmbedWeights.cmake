# With -DYENT_EMBED=ON the files that ship lie inside the program, which then is one static
# executable. The assembler puts them in (.incbin), so that they cost no compile time.
option(YENT_EMBED "a static executable with the shipped weights inside, without CUDA" OFF)
if(YENT_EMBED)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)   # for OpenMP
endif()

# yent_embed_weights(TARGET) adds the table loaders/io/embedded_files.h to a target.
function(yent_embed_weights target)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp)
  set(files "")
  if(YENT_EMBED)
    file(GLOB_RECURSE files RELATIVE ${CMAKE_SOURCE_DIR}/weights CONFIGURE_DEPENDS
         ${CMAKE_SOURCE_DIR}/weights/default/* ${CMAKE_SOURCE_DIR}/weights/clip/*
         ${CMAKE_SOURCE_DIR}/weights/policies/*)
    list(FILTER files EXCLUDE REGEX "\\.(png|md)$")
  endif()
  set(code "#include \"loaders/io/embedded_files.h\"\n\n")
  set(table "")
  set(depends "")
  set(n 0)
  foreach(file ${files})
    string(APPEND code "extern \"C\" const std::byte yent_f${n}[], yent_e${n}[];
asm(\".section .rodata\\n.balign 64\\nyent_f${n}: .incbin \\\"${CMAKE_SOURCE_DIR}/weights/${file}\\\"\\n\"
    \"yent_e${n}: .byte 0\\n.text\\n\");\n")
    string(APPEND table "    {\"${file}\", yent_f${n}, yent_e${n}},\n")
    list(APPEND depends ${CMAKE_SOURCE_DIR}/weights/${file})
    math(EXPR n "${n} + 1")
  endforeach()
  if(files)
    string(APPEND code "\nnamespace yent {\nstatic constexpr EmbeddedFile files[] = {\n${table}};
std::span<const EmbeddedFile> embedded_files() { return files; }\n}  // namespace yent\n")
  else()
    string(APPEND code "namespace yent {
std::span<const EmbeddedFile> embedded_files() { return {}; }\n}  // namespace yent\n")
  endif()
  file(CONFIGURE OUTPUT ${output} CONTENT "${code}" @ONLY)
  target_sources(${target} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
                              OBJECT_DEPENDS "${depends}")
endfunction()
