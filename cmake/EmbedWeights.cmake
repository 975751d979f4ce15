# yent_embed_weights(TARGET) puts the files that ship into a program: its own definition of the
# table loaders/io/embedded_files.h replaces the archive's empty one. The assembler includes the
# files (.incbin), so that they cost no compile time.
function(yent_embed_weights target)
  file(GLOB_RECURSE files RELATIVE ${CMAKE_SOURCE_DIR}/weights CONFIGURE_DEPENDS
       ${CMAKE_SOURCE_DIR}/weights/default/* ${CMAKE_SOURCE_DIR}/weights/clip/*
       ${CMAKE_SOURCE_DIR}/weights/policies/* ${CMAKE_SOURCE_DIR}/weights/styles/*)
  list(FILTER files EXCLUDE REGEX "\\.(png|md)$")
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
  string(APPEND code "\nnamespace yent {\nstatic constexpr EmbeddedFile files[] = {\n${table}};
std::span<const EmbeddedFile> embedded_files() { return files; }\n}  // namespace yent\n")
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp)
  file(CONFIGURE OUTPUT ${output} CONTENT "${code}" @ONLY)
  target_sources(${target} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES OBJECT_DEPENDS "${depends}")
endfunction()
