// The change set, files written and read from outside, and odd paths.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

using Lines = std::vector<std::string>;

void FillBase(const std::string& base) {
  Put(base + "/same", "same");
  Put(base + "/edited", "before");
  Put(base + "/deleted", "x");
  Put(base + "/mode", "mode");
  Put(base + "/tool", "tool", 0755);
  Put(base + "/dir/a", "a");
  Put(base + "/dir/b", "b");
  Put(base + "/dir/sub/c", "c");
  Put(base + "/gone/a", "a");
  Put(base + "/gone/deep/b", "b");
  Put(base + "/to-file/a", "a");
  Put(base + "/to-dir", "x");
  REQUIRE(::symlink("same", (base + "/link").c_str()) == 0);
  REQUIRE(::symlink("same", (base + "/link2").c_str()) == 0);
}

}  // namespace

TEST_SUITE_BEGIN("any mode");

TEST_CASE("TheChangeSetFollowsTheTable") {
  struct Row {
    std::string script;
    Lines changes;
  };
  const std::string newline = "a\nb";
  const Row rows[] = {
      {"true", {}},
      {"echo x > new", {"+new x\n"}},
      {"printf after > edited", {"+edited after"}},
      {"printf before > edited; touch same; ln same x; rm x", {}},
      {"rm deleted", {"-deleted"}},
      {"chmod +x mode", {"+mode* mode"}},
      {"chmod -x tool; chmod 0600 same", {"+tool tool"}},
      {"chmod 6755 mode; chmod +t dir", {"+mode* mode"}},
      {"rm -r gone", {"-gone/a", "-gone/deep/b"}},
      {"rm -r dir; mkdir dir; printf a > dir/a; echo n > dir/n",
       {"-dir/b", "-dir/sub/c", "+dir/n n\n"}},
      {"rm -r dir; mkdir -p dir/sub; echo c2 > dir/sub/c", {"-dir/a", "-dir/b", "+dir/sub/c c2\n"}},
      {"rm -r to-file; printf f > to-file", {"-to-file/a", "+to-file f"}},
      {"rm to-dir; mkdir to-dir; printf n > to-dir/n", {"-to-dir", "+to-dir/n n"}},
      {"mv dir moved",
       {"-dir/a", "-dir/b", "-dir/sub/c", "+moved/a a", "+moved/b b", "+moved/sub/c c"}},
      {"mkdir -p empty/deep", {}},
      {"ln -s /etc/passwd escape; ln -sfn tool link; rm link2; printf x > link2",
       {"@escape -> /etc/passwd", "@link -> tool", "+link2 x"}},
      {"rm same; ln -s tool same", {"@same -> tool"}},
      {"mkfifo fifo; python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('sock')\"; "
       "rm same; mkfifo same",
       {"-same"}},
      {"mkdir -p sub/.git/hooks; echo x > sub/.git/hooks/post-checkout; echo y > sub/y",
       {"+sub/y y\n"}},
      {"ln edited hard; printf both >> edited", {"+edited beforeboth", "+hard beforeboth"}},
      {"printf n > '" + newline + "'; printf e > \"$(printf '\\377\\033')\"; printf r > ./-rf",
       {"+-rf r", "+a\nb n", "+\377\033 e"}},
      {"mkdir locked; echo x > locked/x; echo y > hidden; chmod 000 locked hidden",
       {"+hidden y\n", "+locked/x x\n"}},
      {"printf x > \"$(printf '%0255d' 0)\"", {"+" + std::string(255, '0') + " x"}},
  };
  Bench bench;
  FillBase(bench.base());
  for (const Row& row : rows) {
    bench.Open();
    bench.Shell(row.script);
    Lines changes = bench.Changes();
    std::sort(changes.begin(), changes.end());
    Lines expected = row.changes;
    std::sort(expected.begin(), expected.end());
    INFO(row.script);
    CHECK_EQ(Join(changes, "\n"), Join(expected, "\n"));
    CHECK_EQ(bench.Changes().size(), row.changes.size());  // reading changes nothing
  }
}

TEST_CASE("DeletionsComeFirst") {
  Bench bench;
  FillBase(bench.base());
  bench.Shell("rm -r to-file; printf f > to-file; rm to-dir; mkdir to-dir; printf n > to-dir/n");
  CHECK_EQ(bench.Changes(), Lines{"-to-dir", "-to-file/a", "+to-dir/n n", "+to-file f"});
}

TEST_CASE("MarksOfTheOverlayCannotBeForged") {
  Bench bench;
  FillBase(bench.base());
  bench.Shell(
      "python3 -c \"\n"
      "import os\n"
      "for name in ('trusted.overlay.opaque', 'user.overlay.opaque'):\n"
      "  for value in (b'y', b'x'):\n"
      "    try: os.setxattr('dir', name, value)\n"
      "    except OSError: pass\n"
      "os.system('chmod 700 gone')\n"
      "\"");
  CHECK_EQ(bench.Shell("ls dir gone"), "dir:\na\nb\nsub\n\ngone:\na\ndeep\n");
  CHECK(bench.Changes().empty());
}

TEST_CASE("AFileTooLargeForTheChangeSetIsNamed") {
  Bench bench;
  bench.Shell("truncate -s 65M big.bin");
  const Status status = bench.workspace().Changes().status();
  CHECK_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  CHECK_NE(Message(status).find("big.bin"), std::string::npos);
  CHECK_EQ(bench.workspace().Read("big.bin").status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_CASE("AppliedFilesAreTheSandboxsAndReadBack") {
  Bench bench;
  FillBase(bench.base());
  bench.Open();
  const std::vector<FileChange> changes = {
      {.path = "deleted", .kind = FileChange::Kind::kDelete},
      {.path = "gone/a", .kind = FileChange::Kind::kDelete},
      {.path = "gone/deep/b", .kind = FileChange::Kind::kDelete},
      {.path = "never-there", .kind = FileChange::Kind::kDelete},
      {.path = "new/deep/file", .content = "text"},
      {.path = "gone", .content = "now a file"},
      {.path = "run.sh", .content = "#!/bin/sh\necho ran\n", .executable = true},
      {.path = "s", .kind = FileChange::Kind::kSymlink, .content = "new/deep"},
      {.path = "edited", .content = "after"}};
  const Status applied = bench.workspace().Apply(changes);
  CHECK_MESSAGE(applied.ok(), Message(applied));
  CHECK_EQ(bench.workspace().Read("edited").value(), "after");
  CHECK_EQ(bench.Shell("cat s/file; ./run.sh; cat gone; test -O edited && test -w edited; "
                       "echo more >> new/deep/file; echo x > new/deep/second"),
           "textran\nnow a file");
  CHECK_EQ(bench.workspace().Read("new/deep/file").value(), "textmore\n");
  CHECK_EQ(bench.Changes(),
           Lines{"-deleted", "-gone/a", "-gone/deep/b", "+edited after", "+gone now a file",
                 "+new/deep/file textmore\n", "+new/deep/second x\n",
                 "+run.sh* #!/bin/sh\necho ran\n", "@s -> new/deep"});
  CHECK_EQ(bench.workspace().Apply({{.path = "dir", .content = "x"}}).code(),
           absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("DependencyFoldersArePrivateAndNoChange") {
  Bench bench;
  Put(bench.repo() + "/node_modules/left-pad/index.js", "before");
  Put(bench.repo() + "/sub/build/cache", "warm", 0600);
  Put(bench.base() + "/sub/code", "x");
  bench.options.toolchain.overlays = {"node_modules", "sub/build"};
  CHECK_EQ(bench.Shell("cat node_modules/left-pad/index.js sub/build/cache; "
                       "echo after > node_modules/left-pad/index.js; rm sub/build/cache; "
                       "echo y > sub/code2; cat node_modules/left-pad/index.js"),
           "beforewarmafter\n");
  CHECK_EQ(bench.Changes(), Lines{"+sub/code2 y\n"});
  CHECK_EQ(ReadFile(bench.repo() + "/node_modules/left-pad/index.js").value(), "before");
  CHECK(PathExists(bench.repo() + "/sub/build/cache"));
  CHECK_EQ(bench.workspace().Apply({{.path = "node_modules/x", .content = "x"}}).code(),
           absl::StatusCode::kInvalidArgument);
  CHECK_EQ(bench.workspace().Read("node_modules/left-pad/index.js").value(), "after\n");
}

TEST_CASE("AKeptFolderIsTheNextWorkspacesLayer") {
  const ScratchFolder kept;
  const std::string host = kept.path() + "/built";
  {
    Bench bench;
    CHECK_EQ(
        bench.Shell("mkdir -p out/deep; echo one > out/deep/object; ln -s deep/object out/link; "
                    "touch -d @1000000000 out/deep/object"),
        "");
    REQUIRE(bench.workspace().Keep(TestContext(), "out", host).ok());
    CHECK_EQ(bench.workspace().Keep(TestContext(), "none", host).code(),
             absl::StatusCode::kNotFound);
    CHECK_EQ(bench.workspace().Keep(TestContext(), "../x", host).code(),
             absl::StatusCode::kInvalidArgument);
  }
  Bench bench;
  bench.options.layers = {{.host = host, .folder = "out"}};
  CHECK_EQ(bench.Shell("cat out/link; stat -c %Y out/deep/object; echo two > out/deep/object; "
                       "echo more > out/new; cat out/link"),
           "one\n1000000000\ntwo\n");
  CHECK_EQ(bench.Changes(), Lines{});
  CHECK_EQ(ReadFile(host + "/deep/object").value(), "one\n");
}

TEST_CASE("AKeptTreeIsTheNextWorkspacesBase") {
  const ScratchFolder kept;
  const std::string host = kept.path() + "/tree";
  {
    Bench bench;
    Put(bench.base() + "/code", "x");
    Put(bench.repo() + "/node_modules/pad", "pad");
    bench.options.toolchain.overlays = {"node_modules"};
    bench.Shell(
        "mkdir out; echo one > out/object; echo more > node_modules/more; "
        "touch -d @1000000000 out/object");
    REQUIRE(bench.workspace().Keep(TestContext(), "", host).ok());
  }
  CHECK_FALSE(PathExists(host + "/node_modules/more"));
  Bench bench;
  bench.options.base = host;
  CHECK_EQ(bench.Shell("cat code out/object; stat -c %Y out/object; echo two > out/object"),
           "xone\n1000000000\n");
  CHECK_EQ(bench.Changes(), Lines{"+out/object two\n"});
}

TEST_CASE("AWorkspacesModificationTimesAreTheBases") {
  Bench bench;
  Put(bench.base() + "/old", "x");
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, (bench.base() + "/old").c_str(), times, 0) == 0);
  CHECK_EQ(bench.Shell("stat -c %Y old"), "1000000000\n");
}

TEST_CASE("OddPathsWork") {
  const std::string names[] = {
      "with space",      "new\nline",           "colon:comma,equals=", "caf\xe9-\xff",
      "quote'\"\\$HOME", std::string(250, 'l'), "tmp/home/x"};
  for (const std::string& name : names) {
    INFO(name);
    Bench bench("parent/" + name);
    Put(bench.base() + "/file", "x");
    Put(bench.repo() + "/ven v:/lib", "lib");
    bench.options.toolchain.overlays = {"ven v:"};
    CHECK_EQ(bench.Shell("pwd; cat file 'ven v:/lib'; echo y > file"), bench.repo() + "\nxlib");
    CHECK_EQ(bench.Changes(), Lines{"+file y\n"});
  }
}

TEST_CASE("ALongPathWorks") {
  std::string path;
  for (int i = 0; i < 8; ++i) path += std::string(200, static_cast<char>('a' + i)) + "/";
  Bench bench(path + "repo");
  Put(bench.base() + "/file", "x");
  CHECK_EQ(bench.Shell("cat file"), "x");
}

TEST_CASE("RepositoriesBelowFoldersOfTheSandboxsOwnWork") {
  for (const std::string parent : {"/tmp", "/var/tmp", "/dev/shm"}) {
    const ScratchFolder place(parent);
    Bench bench(place.path() + "/repo");
    Put(bench.repo() + "/.venv/x", "venv");
    Put(bench.base() + "/file", "x");
    Put(place.path() + "/tool/t", "tool");
    Put(place.path() + "/secret", "secret");
    bench.options.toolchain.overlays = {".venv"};
    bench.options.toolchain.read_only = {place.path() + "/tool"};
    CHECK_EQ(bench.Shell(StrCat("pwd; cat file .venv/x ", place.path(), "/tool/t; ls ",
                                place.path(), "; echo y > file; echo z > /tmp/z")),
             bench.repo() + "\nxvenvtoolrepo\ntool\n");
    CHECK_EQ(bench.Changes(), Lines{"+file y\n"});
  }
}

TEST_CASE("OptionsNoRootCanBeBuiltFromAreRefused") {
  Bench bench;
  bench.Start();
  const auto code = [&](auto change) {
    WorkspaceOptions options = bench.options;
    change(options);
    return bench.sandbox().OpenWorkspace(TestContext(), options).status().code();
  };
  const auto invalid = absl::StatusCode::kInvalidArgument;
  for (const std::string path : {"", "/", "relative", "/usr", "/tmp", "/etc", "/proc/x", "/a/../b",
                                 "/a//b", "/dev/x", "/var", "/.s/x"}) {
    CHECK_EQ(code([&](auto& options) { options.repo_path = path; }), invalid);
  }
  CHECK_EQ(code([&](auto& options) { options.repo_path = "/a" + std::string(1, '\0'); }), invalid);
  CHECK_EQ(code([&](auto& options) { options.base += "/none"; }), absl::StatusCode::kNotFound);
  CHECK_EQ(code([&](auto& o) { o.toolchain.read_only = {"/"}; }), invalid);
  CHECK_EQ(code([&](auto& o) { o.toolchain.read_only = {o.repo_path}; }), invalid);
  CHECK_EQ(code([&](auto& o) { o.toolchain.read_only = {"/none/there"}; }),
           absl::StatusCode::kNotFound);
  CHECK_EQ(code([&](auto& o) { o.toolchain.overlays = {"../x"}; }), invalid);
  CHECK_EQ(code([&](auto& o) { o.toolchain.overlays = {"none"}; }), absl::StatusCode::kNotFound);
  REQUIRE(::symlink("/etc", (bench.repo() + "/build").c_str()) == 0);
  CHECK_EQ(code([&](auto& o) { o.toolchain.overlays = {"build"}; }), invalid);
  CHECK_EQ(code([&](auto& o) { o.read_only_files = {{"/etc/passwd", "relative"}}; }), invalid);
  // In the base the place of a dependency folder is a link to somewhere on the host.
  REQUIRE(::mkdir((bench.repo() + "/deps").c_str(), 0755) == 0);
  REQUIRE(::symlink("/etc", (bench.base() + "/deps").c_str()) == 0);
  CHECK_NE(code([&](auto& o) { o.toolchain.overlays = {"deps"}; }), absl::StatusCode::kOk);
  CHECK_EQ(code([](auto&) {}), absl::StatusCode::kOk);
}

TEST_SUITE_END();

}  // namespace coditect::process
