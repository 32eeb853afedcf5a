// Submodules and git-lfs objects that are here become files; others stay what they are.
#include "src/adapters/git/modules.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "src/adapters/git/lfs.h"
#include "src/adapters/git/resolve.h"
#include "src/adapters/git/testing.h"
#include "src/base/sha256.h"

namespace coditect::git {
namespace {

const Context kCtx;

std::string TextAt(const std::string& folder, const std::string& path) {
  return ReadFile(JoinPath(folder, path)).value_or("(absent)");
}

void AddModule(const TestRepository& outer, const std::string& from, const std::string& path) {
  outer.Git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, path});
}

/// outer/libs/mid/inner, each with one file of its own.
struct Nested {
  Nested() {
    inner.Write("inner.txt", "inner\n");
    inner.CommitAll();
    mid.Write("mid.txt", "mid\n");
    AddModule(mid, inner.top(), "inner");
    mid.CommitAll();
    outer.Write("outer.txt", "outer\n");
    AddModule(outer, mid.top(), "libs/mid");
    outer.Git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init",
               "--recursive"});
    base = outer.CommitAll();
  }
  TestRepository inner, mid, outer;
  std::string base;
};

std::string PointerTo(const std::string& content) {
  return StrCat("version https://git-lfs.github.com/spec/v1\noid sha256:", Sha256Hex(content),
                "\nsize ", content.size(), "\n");
}

}  // namespace

TEST_CASE("NestedSubmodulesAreWrittenFromTheLocalStore") {
  const Nested nested;
  // The recorded commits count, not what is checked out.
  nested.outer.Write("libs/mid/mid.txt", "changed\n");
  const auto git = Open(nested.outer);
  const TestFolder work;
  Ok(git->Materialize(kCtx, nested.base, work.path()));
  CHECK(TextAt(work.path(), "outer.txt") == "outer\n");
  CHECK(TextAt(work.path(), "libs/mid/mid.txt") == "mid\n");
  CHECK(TextAt(work.path(), "libs/mid/inner/inner.txt") == "inner\n");
  CHECK(TextAt(work.path(), "libs/mid/.git") == "(absent)");
  CHECK(Ok(TryResolve(nested.outer.top())).missing_submodules.empty());
}

TEST_CASE("AMissingSubmoduleStaysEmptyAndIsNamed") {
  const Nested nested;
  Ok(RemoveTree(nested.outer.File(".git/modules/libs/mid/modules/inner")));
  Ok(RemoveTree(nested.outer.File("libs/mid/inner")));
  const std::vector<std::string> inner = {"libs/mid/inner"};
  CHECK(Ok(TryResolve(nested.outer.top())).missing_submodules == inner);
  const auto git = Open(nested.outer);
  const TestFolder work;
  Ok(git->Materialize(kCtx, nested.base, work.path()));
  CHECK(TextAt(work.path(), "libs/mid/mid.txt") == "mid\n");
  CHECK(Ok(ListDir(JoinPath(work.path(), "libs/mid/inner"))).empty());
  Ok(RemoveTree(nested.outer.File(".git/modules/libs")));
  const std::vector<std::string> mid = {"libs/mid"};
  CHECK(Ok(TryResolve(nested.outer.top())).missing_submodules == mid);
  const TestFolder other;
  Ok(git->Materialize(kCtx, nested.base, other.path()));
  CHECK(Ok(ListDir(JoinPath(other.path(), "libs/mid"))).empty());
}

TEST_CASE("ASubmodulesNameLeadsNowhereElse") {
  const Nested nested;
  const TestRepository repo;
  repo.CommitAll();
  const std::string id = nested.inner.Git({"rev-parse", "HEAD"});
  Ok(MakeDirs(repo.File(".git/modules"), 0755));
  REQUIRE(::symlink(nested.inner.File(".git").c_str(), repo.File(".git/modules/link").c_str()) ==
          0);
  const std::string climb = StrCat("../../../", BaseName(DirName(nested.inner.top())));
  repo.Write(".gitmodules", StrCat("[submodule \"link\"]\n\tpath = a\n[submodule \"", climb,
                                   "\"]\n\tpath = b\n[include]\n\tpath = /etc/passwd\n"));
  repo.Git({"update-index", "--add", "--cacheinfo", StrCat("160000,", id, ",a")});
  repo.Git({"update-index", "--add", "--cacheinfo", StrCat("160000,", id, ",b")});
  repo.Git({"add", ".gitmodules"});
  repo.Git({"commit", "-q", "-m", "planted"});
  const std::vector<std::string> both = {"a", "b"};
  CHECK(Ok(TryResolve(repo.top())).missing_submodules == both);
  const TestFolder work;
  Ok(Open(repo)->Materialize(kCtx, repo.Git({"rev-parse", "HEAD"}), work.path()));
  CHECK(Ok(ListDir(JoinPath(work.path(), "a"))).empty());
  CHECK(Ok(ListDir(JoinPath(work.path(), "b"))).empty());
}

TEST_CASE("AChangeInASubmoduleIsRefused") {
  const Nested nested;
  const auto git = Open(nested.outer);
  const auto tree = git->WriteTree(kCtx, nested.base, {WriteChange("libs/mid/mid.txt", "mine\n")});
  CHECK(absl::IsInvalidArgument(tree.status()));
  CHECK(Has(Message(tree.status()), "libs/mid: coditect does not change submodules"));
}

TEST_CASE("PointersBecomeTheirObjectsAndAreNeverOverwritten") {
  const TestRepository repo;
  const std::string content = std::string(3000, 'x') + "\n";
  repo.Write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
  for (const char* name : {"here.bin", "absent.bin", "damaged.bin"}) {
    const std::string of = StrCat(content, name);
    repo.Write(name, PointerTo(of));
    if (std::string_view(name) == "absent.bin") continue;
    const std::string oid = Sha256Hex(of);
    repo.Write(StrCat(".git/lfs/objects/", oid.substr(0, 2), "/", oid.substr(2, 2), "/", oid),
               std::string_view(name) == "here.bin" ? of : std::string(of.size(), 'y'));
  }
  repo.Git({"config", "filter.lfs.clean", "cat"});
  const std::string base = repo.CommitAll();
  const std::vector<std::string> absent = {"absent.bin"};
  CHECK(Ok(TryResolve(repo.top())).missing_lfs == absent);
  const auto git = Open(repo);
  const TestFolder work;
  Ok(git->Materialize(kCtx, base, work.path()));
  CHECK(TextAt(work.path(), "here.bin") == content + "here.bin");
  CHECK(TextAt(work.path(), "absent.bin") == PointerTo(content + "absent.bin"));
  CHECK(TextAt(work.path(), "damaged.bin") == PointerTo(content + "damaged.bin"));
  const auto tree = git->WriteTree(kCtx, base, {WriteChange("here.bin", "mine\n")});
  CHECK(absl::IsInvalidArgument(tree.status()));
  CHECK(Has(Message(tree.status()), "here.bin, whose content git-lfs keeps"));
  Ok(git->WriteTree(kCtx, base, {WriteChange("other.txt", "mine\n")}));
}

TEST_CASE("OnlyPointersAreTakenForPointers") {
  const std::string good = PointerTo("text");
  REQUIRE(ParseLfsPointer(good).has_value());
  CHECK(ParseLfsPointer(good)->size_bytes == 4);
  CHECK_FALSE(ParseLfsPointer("").has_value());
  CHECK_FALSE(ParseLfsPointer("x" + good).has_value());
  CHECK_FALSE(ParseLfsPointer(good + std::string(2000, '\n')).has_value());
  CHECK_FALSE(ParseLfsPointer("version https://git-lfs.github.com/spec/v1\noid sha256:../../x\n"
                              "size 4\n")
                  .has_value());
  CHECK_FALSE(ParseLfsPointer(good.substr(0, good.size() - 2) + "-1\n").has_value());
}

}  // namespace coditect::git
