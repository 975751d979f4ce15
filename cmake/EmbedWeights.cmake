# yent_embed_files(TARGET NAME FILE [NAME FILE ...]) puts files into a program under names: its own
# definition of the table loaders/io/embedded_files.h replaces the archive's empty one. The
# assembler includes the files (.incbin), so that they cost no compile time.
function(yent_embed_files target)
  set(code "#include \"loaders/io/embedded_files.h\"\n\n")
  set(table "")
  set(depends "")
  set(n 0)
  set(named ${ARGN})
  while(named)
    list(POP_FRONT named name file)
    string(APPEND code "extern \"C\" const std::byte yent_f${n}[], yent_e${n}[];
asm(\".section .rodata\\n.balign 64\\nyent_f${n}: .incbin \\\"${file}\\\"\\n\"
    \"yent_e${n}: .byte 0\\n.text\\n\");\n")
    string(APPEND table "    {\"${name}\", yent_f${n}, yent_e${n}},\n")
    list(APPEND depends ${file})
    math(EXPR n "${n} + 1")
  endwhile()
  string(APPEND code "\nnamespace yent {\nstatic constexpr EmbeddedFile files[] = {\n${table}};
std::span<const EmbeddedFile> embedded_files() { return files; }\n}  // namespace yent\n")
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded_files.cpp)
  file(CONFIGURE OUTPUT ${output} CONTENT "${code}" @ONLY)
  target_sources(${target} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES OBJECT_DEPENDS "${depends}")
endfunction()

# All files that ship.
function(yent_embed_weights target)
  set(weights ${CMAKE_SOURCE_DIR}/weights)
  file(GLOB_RECURSE files RELATIVE ${weights} CONFIGURE_DEPENDS
       ${weights}/default/* ${weights}/clip/* ${weights}/policies/* ${weights}/presets/*
       ${weights}/styles/*
       ${weights}/ascii-transformer/*)
  list(FILTER files EXCLUDE REGEX "\\.(png|md)$")
  set(named "")
  foreach(file ${files})
    list(APPEND named ${file} ${weights}/${file})
  endforeach()
  yent_embed_files(${target} ${named})
endfunction()

# yent_embed_ascii_model(TARGET FOLDER): one model of ascii-export, the smallest error among the
# fast ones first. A folder that is no such model stops here, not when the program runs.
function(yent_embed_ascii_model target folder)
  set(weights "")
  foreach(name model_int8.safetensors model.safetensors model_int4.safetensors)
    if(NOT weights AND EXISTS ${folder}/${name})
      set(weights ${name})
    endif()
  endforeach()
  set(names ${weights} config.json)
  if(weights MATCHES int)
    list(APPEND names quant_config.json)
  endif()
  set(named "")
  foreach(name ${names})
    if(NOT EXISTS ${folder}/${name})
      message(FATAL_ERROR "${folder}/${name} is missing: YENT_ASCII_EMBED takes a folder of ascii-export")
    endif()
    list(APPEND named ascii-transformer/${name} ${folder}/${name})
  endforeach()
  if(NOT weights)
    message(FATAL_ERROR "${folder} has no model*.safetensors: YENT_ASCII_EMBED takes a folder of ascii-export")
  endif()
  yent_embed_files(${target} ${named})
  if(NOT CMAKE_CROSSCOMPILING)   # whether the files agree
    add_custom_command(TARGET ${target} POST_BUILD COMMAND ${target} --info > info.txt VERBATIM)
  endif()
endfunction()
