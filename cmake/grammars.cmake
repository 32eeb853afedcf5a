# grammar(NAME FOLDER): one tree-sitter grammar as a small C library. The source packages of the
# grammars lack the headers of the generator; those come with the package of the runtime, of which
# nothing else is used.
set(headers ${CODITECT_GRAMMARS}/tree-sitter-0.23.2/tree_sitter/core/lib/src)
foreach(header parser array alloc ts_assert)
  configure_file(${headers}/${header}.h ${CMAKE_BINARY_DIR}/grammars/tree_sitter/${header}.h COPYONLY)
endforeach()

function(grammar name folder)
  set(sources ${CODITECT_GRAMMARS}/${folder}/src)
  file(GLOB scanner ${sources}/scanner.c)  # not every grammar needs one
  add_library(grammar_${name} STATIC ${sources}/parser.c ${scanner})
  target_include_directories(grammar_${name} PRIVATE ${CMAKE_BINARY_DIR}/grammars)
  target_compile_options(grammar_${name} PRIVATE -w -O1)
endfunction()

grammar(python tree_sitter_python-0.23.6)
grammar(c tree_sitter_c-0.23.4)
grammar(cpp tree_sitter_cpp-0.23.4)
