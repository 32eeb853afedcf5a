# Libraries of the distribution, linked statically so that the binary starts fast and runs on a
# machine that lacks them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# static_library(name PKG packages...): an interface target over the packages' static archives.
function(static_library name)
  cmake_parse_arguments(ARG "" "" "PKG" ${ARGN})
  pkg_check_modules(${name} REQUIRED ${ARG_PKG})
  add_library(${name} INTERFACE)
  target_include_directories(${name} SYSTEM INTERFACE ${${name}_INCLUDE_DIRS})
  set(libs ${${name}_STATIC_LIBRARIES})
  list(REMOVE_ITEM libs pthread m dl rt atomic)
  list(REMOVE_DUPLICATES libs)
  list(TRANSFORM libs PREPEND "-l")
  list(JOIN libs " " flags)
  separate_arguments(flags)
  target_link_libraries(${name} INTERFACE
    "-Wl,--push-state,-Bstatic,--start-group" ${flags} "-Wl,--end-group,--pop-state" Threads::Threads dl m)
endfunction()

static_library(lib_absl PKG absl_status absl_statusor absl_strings absl_flat_hash_map)
if(CODITECT_TESTS)
  static_library(lib_protobuf_full PKG protobuf)
endif()
static_library(lib_sqlite PKG sqlite3)
static_library(lib_zstd PKG libzstd)
static_library(lib_crypto PKG libcrypto)
static_library(lib_seccomp PKG libseccomp)
static_library(lib_tree_sitter PKG tree-sitter)
