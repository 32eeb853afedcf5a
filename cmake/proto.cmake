# coditect_proto: the classes protoc makes of the wire contract, for the conformance test.
find_program(PROTOC protoc REQUIRED)
file(GLOB proto_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/coditect/v1/*.proto)
set(proto_out ${CMAKE_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${proto_out})
foreach(file ${proto_files})
  get_filename_component(stem ${file} NAME_WE)
  list(APPEND proto_sources ${proto_out}/coditect/v1/${stem}.pb.cc)
endforeach()
add_custom_command(OUTPUT ${proto_sources}
  COMMAND ${PROTOC} -I${CMAKE_SOURCE_DIR}/proto --cpp_out=${proto_out} ${proto_files}
  DEPENDS ${proto_files} COMMENT "protoc")
add_library(coditect_proto STATIC ${proto_sources})
target_include_directories(coditect_proto SYSTEM PUBLIC ${proto_out})
target_link_libraries(coditect_proto PUBLIC lib_protobuf_full)
