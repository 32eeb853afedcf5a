# Writes the source file OUTPUT with the commit of SOURCE_DIR, unless it says so already: only that
# file is compiled again after a commit.
execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --short=12 HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(COMMAND git -C ${SOURCE_DIR} --no-optional-locks status --porcelain --
    src proto schema cmake third_party CMakeLists.txt CMakePresets.json
  OUTPUT_VARIABLE changes ERROR_QUIET)
if(commit AND changes)
  string(APPEND commit "+changes")
elseif(NOT commit)
  set(commit "no commit")
endif()
set(text "// Written by cmake/commit.cmake.\n#include \"src/app/build_commit.h\"\n\nnamespace coditect {\nconst char* const kBuildCommit = \"${commit}\";\n}  // namespace coditect\n")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
