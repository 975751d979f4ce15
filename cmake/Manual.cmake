# The manual pages and the completions, which the programs print from the tables of their options. A
# cross build asks them through its emulator.
function(yent_install_output target path)   # path, then the arguments
  string(REPLACE ";" " " command "${CMAKE_CROSSCOMPILING_EMULATOR};$<TARGET_FILE:${target}>;${ARGN}")
  get_filename_component(folder "${path}" DIRECTORY)
  install(CODE "
    set(path \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${path}\")
    file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${folder}\")
    message(STATUS \"Installing: \${path}\")
    execute_process(COMMAND ${command} OUTPUT_FILE \"\${path}\" RESULT_VARIABLE code)
    if(code)
      message(FATAL_ERROR \"${command} failed: \${code}\")
    endif()")
endfunction()

function(yent_install_manual target)
  get_target_property(name ${target} OUTPUT_NAME)
  set(manual ${CMAKE_INSTALL_MANDIR}/man1/${name}.1)
  yent_install_output(${target} ${manual} --man)
  install(CODE "execute_process(COMMAND gzip -9nf
      \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${manual})")
  set(data ${CMAKE_INSTALL_DATADIR})
  yent_install_output(${target} ${data}/bash-completion/completions/${name} --completion bash)
  yent_install_output(${target} ${data}/zsh/vendor-completions/_${name} --completion zsh)
  yent_install_output(${target} ${data}/fish/vendor_completions.d/${name}.fish --completion fish)
endfunction()

foreach(program yent_run yent_diffuse ascii_gen ascii_export ascii_db ascii_train
        yent_server)
  if(TARGET ${program})   # some of them are built where SQLite is
    yent_install_manual(${program})
  endif()
endforeach()
