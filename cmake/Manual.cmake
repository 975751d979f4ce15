# The manual page and the completions, which the program prints from the table of its options. A
# cross build asks it through its emulator.
function(yent_install_output path)   # path, then the arguments
  string(REPLACE ";" " " command "${CMAKE_CROSSCOMPILING_EMULATOR};$<TARGET_FILE:yent_run>;${ARGN}")
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

set(manual ${CMAKE_INSTALL_MANDIR}/man1/yent-run.1)
yent_install_output(${manual} --man)
install(CODE "execute_process(COMMAND gzip -9nf
    \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${manual})")
yent_install_output(${CMAKE_INSTALL_DATADIR}/bash-completion/completions/yent-run --completion bash)
yent_install_output(${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions/_yent-run --completion zsh)
yent_install_output(${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d/yent-run.fish --completion fish)
