# yent_embed_file(TARGET FILE SYMBOL) compiles a file's bytes into a target as
#   namespace yent { extern const std::string_view SYMBOL; }
# A byte array, not a string literal: literals above 64 KB are not portable.
# The lower half is the script that the build runs when the file has changed.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(YENT_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(yent_embed_file target file symbol)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${output} -DSYMBOL=${symbol}
              -P ${YENT_EMBED_SCRIPT}
      DEPENDS ${file} ${YENT_EMBED_SCRIPT} VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endfunction()
  return()
endif()

file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <string_view>
namespace yent {
extern const std::string_view ${SYMBOL};
static constexpr char bytes[] = {
${bytes}};
const std::string_view ${SYMBOL}(bytes, sizeof bytes);
}  // namespace yent
")
