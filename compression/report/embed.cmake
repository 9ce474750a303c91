# cmake -DPAGE=folder -DOUTPUT=... -P embed.cmake: writes a source file that holds the report's page as text, with its style and its
# scripts inside and their hashes in its Content-Security-Policy.

# The base64 form of the SHA-256 of `text`, as a policy names a script or a style.
function(policy_hash text result)
  string(SHA256 hex "${text}")
  set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(base64 "")
  foreach(begin RANGE 0 60 6)  # three bytes, of which the last group has two
    string(SUBSTRING "${hex}0000" ${begin} 6 group)
    math(EXPR bits "0x${group}")
    foreach(shift IN ITEMS 18 12 6 0)
      math(EXPR index "(${bits} >> ${shift}) & 63")
      string(SUBSTRING ${alphabet} ${index} 1 letter)
      string(APPEND base64 ${letter})
    endforeach()
  endforeach()
  string(SUBSTRING ${base64} 0 43 base64)
  set(${result} "'sha256-${base64}='" PARENT_SCOPE)
endfunction()

file(READ ${PAGE}/page.html page)
file(READ ${PAGE}/page.css style)
set(script "(() => {\n\"use strict\";\n")
foreach(name IN ITEMS elements figures plots tables heat_map pictures sections)
  file(READ ${PAGE}/${name}.js part)
  string(APPEND script "${part}")
endforeach()
string(APPEND script "})();\n")

policy_hash("${style}" style_hash)
policy_hash("${script}" script_hash)
foreach(mark IN ITEMS style_hash script_hash style script)
  string(REPLACE "{{${mark}}}" "${${mark}}" page "${page}")
endforeach()
file(WRITE ${OUTPUT} "#include \"compression/report/page_text.h\"

namespace tuckerseg {
const char* const kPageText = R\"page(${page})page\";
}  // namespace tuckerseg
")
