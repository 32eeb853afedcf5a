// Bounds of the change set, on plain folders.
#include "src/adapters/process/change_set.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"
#include "src/base/unique_fd.h"

namespace coditect::process {
namespace {

struct Folders {
  Folders() : scratch("/dev/shm") {
    REQUIRE(MakeDirs(scratch.path() + "/upper/many").ok());
    REQUIRE(MakeDirs(scratch.path() + "/base").ok());
    upper.Reset(::open((scratch.path() + "/upper").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    base.Reset(::open((scratch.path() + "/base").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ChangeSources sources() const {
    return {.upper = upper.get(), .base = base.get(), .overlay = false};
  }
  ScratchFolder scratch;
  UniqueFd upper;
  UniqueFd base;
};

}  // namespace

TEST_CASE("TooManyChangedFilesAreRefusedNamingOne") {
  const Folders folders;
  for (size_t i = 0; i < kChangedFilesMax; ++i) {
    Put(StrCat(folders.scratch.path(), "/upper/many/", i), "");
  }
  CHECK_EQ(ReadChanges(folders.sources())->size(), kChangedFilesMax);
  Put(folders.scratch.path() + "/upper/many/one-more", "");
  const Status status = ReadChanges(folders.sources()).status();
  CHECK_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  CHECK_NE(Message(status).find("many/"), std::string::npos);
}

TEST_CASE("DeletedFilesCountToo") {
  const Folders folders;
  for (size_t i = 0; i <= kChangedFilesMax; ++i) {
    Put(StrCat(folders.scratch.path(), "/base/gone/", i), "");
  }
  CHECK_EQ(ReadChanges(folders.sources()).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_CASE("MaskedPathsAreNotTheWorkspaces") {
  const Folders folders;
  Put(folders.scratch.path() + "/upper/shown", "");
  Put(folders.scratch.path() + "/upper/mine", "x");
  Put(folders.scratch.path() + "/base/.venv/lib", "x");
  ChangeSources sources = folders.sources();
  sources.masked = {"shown", ".venv"};
  const std::vector<FileChange> changes = ReadChanges(sources).value();
  REQUIRE_EQ(changes.size(), 1);
  CHECK_EQ(changes[0].path, "mine");
}

}  // namespace coditect::process
