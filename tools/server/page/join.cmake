# Run by the build: joins page.html, page.css and the scripts in SCRIPTS into one file without outside
# resources, OUTPUT, and writes POLICY, its Content-Security-Policy. That allows the style and the script
# by their hashes, so that nothing a model or a person says can ever run.
function(read_file path result)
  file(READ "${path}" text)
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# 'sha256-...' of a text: each three hexadecimal digits are two digits of base64.
function(hash_source text result)
  string(SHA256 hex "${text}")
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  set(digits "")
  string(APPEND hex "00")
  foreach(i RANGE 0 63 3)
    string(SUBSTRING "${hex}" ${i} 3 group)
    math(EXPR high "0x${group} >> 6")
    math(EXPR low "0x${group} & 63")
    string(SUBSTRING "${alphabet}" ${high} 1 high)
    string(SUBSTRING "${alphabet}" ${low} 1 low)
    string(APPEND digits "${high}${low}")
  endforeach()
  string(SUBSTRING "${digits}" 0 43 digits)
  set(${result} "'sha256-${digits}='" PARENT_SCOPE)
endfunction()

read_file("${SOURCE}/page.html" page)
read_file("${SOURCE}/page.css" style)
set(script "\n")
string(REPLACE " " ";" names "${SCRIPTS}")
foreach(name IN LISTS names)
  read_file("${SOURCE}/${name}" text)
  string(APPEND script "${text}\n")
endforeach()
set(style "\n${style}")

string(REPLACE "{{style}}" "${style}" page "${page}")
string(REPLACE "{{script}}" "${script}" page "${page}")
file(WRITE "${OUTPUT}" "${page}")

hash_source("${style}" style_hash)
hash_source("${script}" script_hash)
string(CONCAT policy
  "default-src 'none'; script-src ${script_hash}; style-src ${style_hash}; img-src 'self' data:; "
  "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
file(WRITE "${POLICY}" "${policy}")
