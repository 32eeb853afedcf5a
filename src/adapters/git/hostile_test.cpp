// Repositories that try to run code on the host or to write outside of the work tree.
#include <set>

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kCtx;

// The ways in of research/reliability.md section 1 and some more: each, when it fires, leaves a
// file with its name in the folder of marks.
class HostileRepository {
 public:
  HostileRepository() {
    Ok(MakeDirs(marks_));
    repo_.Write(".gitattributes",
                "*.clean filter=cleaner\n*.smudge filter=smudger\n*.proc filter=processor\n"
                "*.ext diff=ext\n*.conv diff=conv\n*.merge merge=driver\n* ident eol=crlf\n");
    for (const char* name :
         {"f.clean", "f.smudge", "f.proc", "f.ext", "f.conv", "f.merge", "i.x"}) {
      repo_.Write(name, "one\ntwo\nthree\n");
    }
    repo_.Write("sub/inner", "x\n");
    repo_.Write(
        "evil",
        StrCat("#!/bin/sh\nn=$1; : > '", marks_, "/'\"$n\"\ncase $n in filter-*) cat;; esac\n"),
        0755);
    base_ = repo_.CommitAll("base");
    repo_.Git({"checkout", "-q", "-b", "side"});
    Edit("side");
    side_ = repo_.CommitAll("side");
    repo_.Git({"checkout", "-q", "main"});
    Edit("main");
    main_ = repo_.CommitAll("main");
    Plant();
    Ok(RemoveTree(marks_));
    Ok(MakeDirs(marks_));
  }

  const TestRepository& repo() const { return repo_; }
  const CommitId& base() const { return base_; }
  const CommitId& side() const { return side_; }
  const CommitId& main() const { return main_; }
  std::set<std::string> Marks() const {
    const std::vector<std::string> names = Ok(ListDir(marks_));
    return {names.begin(), names.end()};
  }
  void Edit(const std::string& word) const {
    for (const char* name :
         {"f.clean", "f.smudge", "f.proc", "f.ext", "f.conv", "f.merge", "i.x"}) {
      repo_.Write(name, word + "\ntwo\nthree\n");
    }
  }

 private:
  void Plant() const;
  std::string Command(const std::string& name) const {
    return StrCat("'", repo_.File("evil"), "' ", name);
  }

  TestRepository repo_;
  const std::string marks_ = repo_.folder().Sub("marks");
  CommitId base_, side_, main_;
};

void HostileRepository::Plant() const {
  const std::vector<const char*> hooks = {
      "pre-commit",         "prepare-commit-msg", "commit-msg",      "post-commit",
      "post-checkout",      "pre-merge-commit",   "post-merge",      "reference-transaction",
      "post-index-change",  "pre-auto-gc",        "post-rewrite",    "pre-push",
      "fsmonitor-watchman", "applypatch-msg",     "push-to-checkout"};
  for (const char* hook : hooks) {
    const std::string script =
        StrCat("#!/bin/sh\n", Command(StrCat("hook-", hook)), " </dev/null\n");
    Ok(MakeDirs(repo_.File(".git/hooks")));
    Ok(WriteFile(repo_.File(StrCat(".git/hooks/", hook)), script, 0755));
    Ok(MakeDirs(repo_.folder().Sub("planted-hooks")));
    Ok(WriteFile(repo_.folder().Sub(StrCat("planted-hooks/", hook)), script, 0755));
  }
  std::string included;
  const auto set = [&](const std::string& section, const std::string& key,
                       const std::string& value) {
    included += StrCat("[", section, "]\n\t", key, " = \"", value, "\"\n");
  };
  set("core", "fsmonitor", Command("fsmonitor") + " </dev/null; false");
  set("core", "pager", Command("pager"));
  set("core", "editor", Command("editor"));
  set("core", "askPass", Command("askpass"));
  set("core", "sshCommand", Command("ssh"));
  set("core", "gitProxy", Command("proxy"));
  set("core", "alternateRefsCommand", Command("alternates"));
  set("core", "worktree", repo_.top());
  set("filter \"cleaner\"", "clean", Command("filter-clean"));
  set("filter \"smudger\"", "smudge", Command("filter-smudge"));
  set("filter \"processor\"", "process", Command("filter-process"));
  set("diff", "external", Command("diff-external"));
  set("diff \"ext\"", "command", Command("diff-command"));
  set("diff \"conv\"", "textconv", Command("textconv"));
  set("merge \"driver\"", "driver", Command("merge-driver"));
  const std::string gpg = repo_.folder().Sub("gpg");  // taken as a path, not as a command line
  Ok(WriteFile(gpg, StrCat("#!/bin/sh\n", Command("gpg"), "\n"), 0755));
  set("gpg", "program", gpg);
  set("commit", "gpgSign", "true");
  set("credential", "helper", "!" + Command("credential"));
  set("alias", "st", "!" + Command("alias"));
  set("sequence", "editor", Command("sequence"));
  set("interactive", "diffFilter", Command("difffilter"));
  set("protocol", "allow", "always");
  set("remote \"origin\"", "url", StrCat("ext::", repo_.File("evil"), " transport-ext"));
  set("remote \"origin\"", "promisor", "true");
  set("remote \"origin\"", "uploadpack", Command("uploadpack"));
  set("uploadpack", "packObjectsHook", Command("packobjects"));
  set("submodule \"sub\"", "update", "!" + Command("submodule"));
  set("trailer \"x\"", "command", Command("trailer"));
  set("safe", "directory", "*");
  // Both as the repository's own configuration and by an included file.
  Ok(WriteFile(repo_.File("planted"), included));
  repo_.Write(".git/config", StrCat(Ok(ReadFile(repo_.File(".git/config"))), included,
                                    "[include]\n\tpath = ../planted\n"));
  repo_.Write(".git/info/attributes", "*.x filter=cleaner diff=ext merge=driver\n");
}

// Every verb of the port and the client's Resolve.
void RunEverything(const HostileRepository& hostile) {
  const TestRepository& repo = hostile.repo();
  hostile.Edit("dirty");
  const ResolvedRepository resolved = Ok(TryResolve(repo.top()));
  CHECK(resolved.dirty);
  CHECK_FALSE(TryResolve(repo.top(), std::string(40, '1')).ok());
  CHECK_FALSE(TryResolve(repo.top(), "absent@{upstream}").ok());
  const auto git = Open(repo);
  TestFolder work;
  const std::vector<TreeEntry> files = Ok(git->ListFiles(kCtx, hostile.side()));
  for (const TreeEntry& file : files) Ok(git->ReadBlobs(kCtx, {file.object_id}));
  CHECK_FALSE(git->ReadBlobs(kCtx, {std::string(40, '1')}).ok());
  Ok(git->Materialize(kCtx, hostile.base(), work.path()));
  CHECK(Ok(ReadFile(work.Sub("f.smudge"))) == "one\ntwo\nthree\n");
  CHECK(Ok(ReadFile(work.Sub("i.x"))) == "one\ntwo\nthree\n");
  const TreeId tree = Ok(git->WriteTree(
      kCtx, hostile.main(), {WriteChange("f.clean", "new\n"), WriteChange("g.proc", "new\n")}));
  const CommitId commit = Ok(git->Commit(kCtx, MakeCommit(hostile.main(), tree)));
  const MergeForecast merge =
      Ok(git->MergeTrees(kCtx, hostile.base(), hostile.side(), hostile.main()));
  CHECK_FALSE(merge.conflicts.empty());
  Ok(git->UpdateRef(kCtx, "refs/coditect/r/1", "", commit));
  Ok(git->UpdateRef(kCtx, "refs/coditect/r/1", commit, hostile.main()));
  Ok(git->UpdateRef(kCtx, "refs/heads/coditect/r", "", commit));
  CHECK(Has(Ok(git->Diff(kCtx, hostile.base(), hostile.side())), "+side"));
}

}  // namespace

TEST_CASE("PlainGitRunsWhatIsPlanted") {
  const HostileRepository hostile;
  const TestRepository& repo = hostile.repo();
  hostile.Edit("dirty");
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"status"},
           {"diff"},
           {"diff", "--ext-diff"},
           {"log", "-p", "--textconv", "-2"},
           {"add", "."},
           {"commit", "-m", "x"},
           {"-c", "commit.gpgSign=false", "commit", "-m", "x"},
           {"checkout", "side"},
           {"checkout", "-f", "side"},
           {"-c", "commit.gpgSign=false", "merge", "--no-edit", "main"},
           {"fetch"},
           {"stash"},
           {"cat-file", "-p", "1111111111111111111111111111111111111111"},
           {"update-ref", "refs/heads/z", hostile.base()},
           {"st"},
           {"-c", "diff.external=", "diff", "HEAD~1"},
           {"commit", "--amend"}}) {
    repo.TryGit(args);
  }
  std::string all;
  for (const std::string& mark : hostile.Marks()) all += mark + " ";
  for (const std::string mark :
       {"alias", "diff-external", "filter-clean", "filter-process", "filter-smudge", "fsmonitor",
        "gpg", "hook-post-checkout", "hook-post-index-change", "hook-pre-commit",
        "hook-reference-transaction", "merge-driver", "textconv", "transport-ext"}) {
    CHECK_MESSAGE(hostile.Marks().count(mark) == 1, mark, " did not fire; these did: ", all);
  }
}

TEST_CASE("TheBrokerRunsNothingThatIsPlanted") {
  const HostileRepository hostile;
  RunEverything(hostile);
  CHECK(hostile.Marks() == std::set<std::string>());
}

TEST_CASE("ASubmodulesOwnConfigurationRunsNothingEither") {
  const HostileRepository inner;
  TestRepository outer;
  outer.CommitAll();
  outer.Git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.repo().top(),
             "sub"});
  const std::string base = outer.CommitAll();
  outer.Write("sub/f.clean", "changed\n");
  Ok(WriteFile(outer.File(".git/modules/sub/config"),
               StrCat(Ok(ReadFile(outer.File(".git/modules/sub/config"))),
                      Ok(ReadFile(inner.repo().File("planted"))))));
  for (const std::string& mark : inner.Marks()) {
    Ok(RemoveTree(inner.repo().folder().Sub("marks/" + mark)));
  }
  CHECK(Ok(TryResolve(outer.top())).submodules == 1);
  const auto git = Open(outer);
  Ok(git->WriteTree(kCtx, base, {WriteChange("x", "y")}));
  CHECK(inner.Marks() == std::set<std::string>());
  outer.TryGit({"status"});
  CHECK_FALSE(inner.Marks().empty());
}

TEST_CASE("ReplacedObjectsAreReadAsTheyWere") {
  TestRepository repo;
  repo.Write("f", "good\n");
  const std::string base = repo.CommitAll();
  const std::string good = repo.Git({"rev-parse", "HEAD:f"});
  repo.Git({"replace", good, repo.MakeBlob("evil\n")});
  REQUIRE(repo.Git({"cat-file", "-p", good}) == "evil");
  const auto git = Open(repo);
  TestFolder work;
  Ok(git->Materialize(kCtx, base, work.path()));
  CHECK(Ok(ReadFile(work.Sub("f"))) == "good\n");
  CHECK(Ok(git->ReadBlobs(kCtx, {good})).at(good) == "good\n");
}

TEST_CASE("HostileTreesAreNeitherListedNorWritten") {
  TestRepository repo;
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const std::string blob = repo.MakeBlob("evil\n");
  const std::string link = repo.MakeBlob(repo.folder().path());
  const std::string dots = repo.MakeTree({{"100644", blob, "escape"}});
  // A tree object of any bytes: names with '/', empty names.
  const auto raw = [&](const std::string& name) {
    std::string bytes = StrCat("100644 ", name);
    bytes += '\0';
    for (size_t i = 0; i < blob.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(blob.substr(i, 2), nullptr, 16));
    }
    return repo.Git({"hash-object", "-t", "tree", "-w", "--literally", "--stdin"}, bytes);
  };
  const std::vector<std::string> trees = {
      repo.MakeTree({{"40000", dots, ".."}}),
      repo.MakeTree({{"40000", dots, "."}}),
      repo.MakeTree({{"40000", dots, ".git"}}),
      repo.MakeTree({{"40000", dots, ".GIT"}}),
      repo.MakeTree({{"40000", dots, "git~1"}}),
      repo.MakeTree({{"40000", dots, ".g\xE2\x80\x8Cit"}}),
      repo.MakeTree({{"100644", blob, ".git"}}),
      repo.MakeTree({{"40000", repo.MakeTree({{"40000", dots, ".."}}), "d"}}),
      repo.MakeTree({{"120000", link, "d"}, {"40000", dots, "d"}}),
      repo.MakeTree({{"100644", blob, "d"}, {"40000", dots, "d"}}),
      repo.MakeTree({{"160000", base, "d"}, {"40000", dots, "d"}}),
      repo.MakeTree({{"100644", blob, "d"}, {"100755", blob, "d"}}),
      raw("../escape"),
      raw("a/../../escape"),
      raw(repo.folder().Sub("escape")),
      raw("a//b"),
      raw(""),
  };
  for (const std::string& tree : trees) {
    CAPTURE(repo.TryGit({"ls-tree", "-r", "-t", tree}).out);
    const std::string work = repo.folder().Sub("outer/work");
    Ok(MakeDirs(work));
    CHECK_FALSE(git->ListFiles(kCtx, tree).ok());
    CHECK_FALSE(git->Materialize(kCtx, tree, work).ok());
    CHECK(Ok(ListDir(work)).empty());
    CHECK(Ok(ListDir(repo.folder().Sub("outer"))).size() == 1);
    CHECK_FALSE(PathExists(repo.folder().Sub("escape")));
    Ok(RemoveTree(repo.folder().Sub("outer")));
  }
}

TEST_CASE("LinksOfTheTreeAreWrittenAsLinksAndNeverFollowed") {
  TestRepository repo;
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const std::string secret = repo.folder().Sub("secret");
  Ok(WriteFile(secret, "s"));
  const std::string tree = repo.MakeTree({{"120000", repo.MakeBlob(secret), "absolute"},
                                          {"120000", repo.MakeBlob("../../.."), "up"},
                                          {"160000", base, "vendor"}});
  TestFolder work;
  Ok(git->Materialize(kCtx, tree, work.path()));
  CHECK(Ok(ReadFile(work.Sub("absolute"))) == "s");
  CHECK(Ok(ReadFile(secret)) == "s");
  CHECK(Ok(ListDir(work.Sub("vendor"))).empty());
  // Unchanged links of the base may stay; writing one anew is refused (repository_test.cpp).
  CHECK(Ok(git->WriteTree(kCtx, tree, {WriteChange("x", "y")})).size() == 40);
}

TEST_CASE("LinkTargetsThatCannotBeAreRefused") {
  TestRepository repo;
  repo.CommitAll();
  const auto git = Open(repo);
  for (const std::string& target : {std::string("a\0b", 3), std::string(5000, 'x')}) {
    TestFolder work;
    const std::string tree = repo.MakeTree({{"120000", repo.MakeBlob(target), "l"}});
    CHECK(absl::IsInvalidArgument(git->Materialize(kCtx, tree, work.path())));
  }
}

TEST_CASE("AFifoInTheWorkTreeBlocksNothing") {
  TestRepository repo;
  repo.Write("f", "x");
  repo.Write("d/g", "y");
  const std::string base = repo.CommitAll();
  REQUIRE(::unlink(repo.File("f").c_str()) == 0);
  REQUIRE(::mkfifo(repo.File("f").c_str(), 0644) == 0);
  Ok(RemoveTree(repo.File("d")));
  REQUIRE(::symlink("/", repo.File("d").c_str()) == 0);
  const auto git = Open(repo);
  TestFolder work;
  Ok(git->Materialize(Context().WithTimeout(std::chrono::seconds(60)), base, work.path()));
  CHECK(Ok(ReadFile(work.Sub("f"))) == "x");
  CHECK(Ok(ReadFile(work.Sub("d/g"))) == "y");
}

TEST_CASE("AConfigurationThatIsAFifoMeetsTheDeadline") {
  TestRepository repo;
  repo.CommitAll();
  REQUIRE(::unlink(repo.File(".git/config").c_str()) == 0);
  REQUIRE(::mkfifo(repo.File(".git/config").c_str(), 0644) == 0);
  const Context ctx = Context().WithTimeout(std::chrono::milliseconds(300));
  CHECK(absl::IsDeadlineExceeded(Resolve(ctx, repo.top(), "", NoEnvironment()).status()));
}

}  // namespace coditect::git
