# yent_batches(TARGET FILE...) compiles the files of each folder in one piece: what they all
# include is then read once, which takes half the time. So a name in an unnamed namespace may
# occur once in a folder. The presets `gcc` and `clang` compile every file alone, which finds a
# missing #include.
option(YENT_BATCHES "compile the files of a folder in one piece" ON)

function(yent_batches target)
  if(NOT YENT_BATCHES)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  foreach(file ${ARGN})
    get_filename_component(folder ${file} DIRECTORY)
    get_filename_component(folder ${folder} NAME)
    set_source_files_properties(${file} PROPERTIES UNITY_GROUP ${folder})
  endforeach()
endfunction()
