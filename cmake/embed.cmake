# embed(target name file): the file's bytes in the binary as `const char name[]` and
# `const unsigned name_size` (C linkage), by the assembler's .incbin.
function(embed target name file)
  get_filename_component(path ${file} ABSOLUTE BASE_DIR ${CMAKE_SOURCE_DIR})
  set(source ${CMAKE_BINARY_DIR}/embed/${name}.S)
  file(CONFIGURE OUTPUT ${source} CONTENT
".section .rodata
.global @name@
.global @name@_size
.balign 16
@name@: .incbin \"@path@\"
1: .byte 0
.balign 4
@name@_size: .int 1b - @name@
.section .note.GNU-stack,\"\",%progbits
" @ONLY)
  target_sources(${target} PRIVATE ${source})
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${path} LANGUAGE C
    COMPILE_OPTIONS "-x;assembler-with-cpp" SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
