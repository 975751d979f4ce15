# yent_batches(TARGET DEPTH FILE...) compiles the files of each folder in one piece: what they all
# include is then read once, which takes half the time. Folders deeper than DEPTH belong to the one
# above them. So a name in an unnamed namespace may occur once in a piece. The presets `gcc` and
# `clang` compile every file alone, which finds a missing #include.
option(YENT_BATCHES "compile the files of a folder in one piece" ON)

function(yent_batches target depth)
  if(NOT YENT_BATCHES)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  foreach(file ${ARGN})
    get_filename_component(path ${file} ABSOLUTE)
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${path})
    string(REPLACE "/" ";" folders ${path})
    list(REMOVE_AT folders -1)
    list(SUBLIST folders 0 ${depth} folders)
    list(GET folders -1 group)
    set_source_files_properties(${file} PROPERTIES UNITY_GROUP ${group})
  endforeach()
endfunction()
