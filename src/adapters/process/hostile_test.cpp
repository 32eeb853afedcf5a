// Hostile programs: each is run inside and must do no harm.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "src/adapters/process/hostile_program.h"
#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"
#include "src/base/unique_fd.h"

namespace coditect::process {
namespace {

using std::chrono::milliseconds;

// Cases the kernel or a limit ends, and by what; all others must end by themselves with 0.
// "memory" and "pids" may also be refusals where control groups are missing.
const std::map<std::string, std::string> kEnded = {
    {"foreign_call", "policy"}, {"x32_call", "policy"},     {"thread_bomb", "pids"},
    {"allocate", "memory"},     {"memory_files", "memory"},
};

// Things of the host the program tries to reach.
class HostTargets {
 public:
  explicit HostTargets(const std::string& folder) {
    Put(folder + "/secret", "secret");
    ::chmod((folder + "/secret").c_str(), 0666);
    tcp_.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(tcp_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(tcp_.get(), 5) == 0);
    REQUIRE(::getsockname(tcp_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
    Bind(&control_, folder + "/control");
    Bind(&abstract_, StrCat('\0', name_));
    memory_ = ::shmget(::getpid(), 4096, IPC_CREAT | 0666);
    Put("/dev/shm/" + name_, "x");
  }
  ~HostTargets() {
    ::shmctl(memory_, IPC_RMID, nullptr);
    ::unlink(("/dev/shm/" + name_).c_str());
  }
  int port = 0;

 private:
  static void Bind(UniqueFd* socket, const std::string& name) {
    socket->Reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(name.size() < sizeof address.sun_path);
    name.copy(address.sun_path, sizeof address.sun_path);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket->get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket->get(), 5) == 0);
  }
  UniqueFd tcp_;
  UniqueFd control_;
  UniqueFd abstract_;
  int memory_ = -1;
  const std::string name_ = StrCat("coditect-hostile-", ::getpid());
};

}  // namespace

TEST_SUITE_BEGIN("any mode");

TEST_CASE("HostileProgramsDoNoHarm") {
  Bench bench;
  const HostTargets targets(bench.scratch());
  Put(bench.base() + "/hostile.c", kHostileProgram);
  bench.sandbox_options.tmp_bytes = 32 << 20;
  bench.Shell("gcc -O1 -w -o hostile hostile.c -lrt -pthread");
  const std::vector<std::string> names = Split(bench.Shell("./hostile"), '\n');
  REQUIRE(names.size() > 60);
  for (const std::string& name : names) {
    if (name.empty()) continue;
    for (int round = 0; round < (name.starts_with("left_in") ? 2 : 1); ++round) {
      const SandboxResult result =
          bench.Run({"./hostile", name, bench.scratch(), StrCat(targets.port), StrCat(::getpid())},
                    {.wall = milliseconds(20'000), .memory_bytes = 256 << 20, .pids = 256});
      const auto ended = kEnded.find(name);
      const std::string by(EndedByName(result.ended_by));
      INFO(name, " ended by ", by, " ", result.exit_code, " ", result.signal, " ", result.output);
      const bool refused = by == "exit" && result.exit_code == 0;
      CHECK((refused || (ended != kEnded.end() && by == ended->second)));
    }
  }
  CHECK_FALSE(PathExists(bench.scratch() + "/outside"));
  CHECK_EQ(ReadFile(bench.scratch() + "/secret").value(), "secret");
  struct stat info{};
  CHECK(::lstat(JoinPath(bench.state(), "work").c_str(), &info) == 0);
}

TEST_CASE("ADaemonDiesWithTheLaunch") {
  Bench bench;
  Put(bench.base() + "/hostile.c", kHostileProgram);
  bench.Shell("gcc -O1 -w -o hostile hostile.c -lrt -pthread");
  bench.Shell("./hostile daemonize; test -s beat");
  const std::string beat = bench.workspace().Read("beat").value();
  ::usleep(30'000);
  CHECK_EQ(bench.workspace().Read("beat").value(), beat);
}

TEST_CASE("ReadAndApplyFollowNoLinkOutOfTheWorkspace") {
  Bench bench;
  Put(bench.scratch() + "/secret", "secret");
  bench.Shell(StrCat("ln -s ", bench.scratch(), "/secret link; ln -s ", bench.scratch(),
                     " folder; ln -s /etc/passwd passwd; mkfifo fifo; mkdir d; ln -s d alias"));
  Workspace& workspace = bench.workspace();
  for (const std::string path : {"link", "folder/secret", "passwd", "fifo", "d", "alias/x"}) {
    CHECK_EQ(workspace.Read(path).status().code(), absl::StatusCode::kInvalidArgument);
  }
  for (const std::string path : {"../secret", "/etc/passwd", "", "d/../../secret", ".git/config"}) {
    CHECK_EQ(workspace.Read(path).status().code(), absl::StatusCode::kInvalidArgument);
    CHECK_EQ(workspace.Apply({{.path = path, .content = "x"}}).code(),
             absl::StatusCode::kInvalidArgument);
  }
  CHECK_EQ(workspace.Read("absent").status().code(), absl::StatusCode::kNotFound);
  CHECK_EQ(workspace.Apply({{.path = "folder/new", .content = "x"}}).code(),
           absl::StatusCode::kInvalidArgument);
  // What a link, a FIFO or a read-only file was called gets the content; its target does not.
  CHECK(workspace.Apply({{.path = "link", .content = "new"}, {.path = "fifo", .content = "new"}})
            .ok());
  CHECK_EQ(workspace.Read("link").value(), "new");
  CHECK_EQ(workspace.Read("fifo").value(), "new");
  CHECK_EQ(ReadFile(bench.scratch() + "/secret").value(), "secret");
  CHECK_FALSE(PathExists(bench.scratch() + "/new"));
}

TEST_CASE("ReadIsSafeWhileLinksAreSwapped") {
  Bench bench;
  Put(bench.scratch() + "/real/file", "secret");
  Put(bench.base() + "/a/file", "mine");
  const std::unique_ptr<SandboxProcess> swapper =
      bench.Launch({.argv = {"python3", "-c",
                             StrCat("import os\nos.symlink('", bench.scratch(), "/real', 'b')\n",
                                    "while True:\n"
                                    "  os.rename('a', 'c'); os.rename('b', 'a')\n"
                                    "  os.rename('a', 'b'); os.rename('c', 'a')\n")},
                    .limits = {.wall = milliseconds(20'000)}});
  int mine = 0;
  for (int i = 0; i < 3000; ++i) {
    const StatusOr<std::string> bytes = bench.workspace().Read("a/file");
    if (bytes.ok()) {
      REQUIRE_EQ(*bytes, "mine");
      ++mine;
    }
  }
  CHECK(mine > 0);
}

TEST_CASE("AVeryDeepTreeIsRefusedAndRemoved") {
  Bench bench;
  bench.Shell(
      "python3 -c \"\nimport os\nfor _ in range(300): os.mkdir('d' * 20); os.chdir('d' * 20)\n"
      "open('file', 'w')\"");
  CHECK_EQ(bench.workspace().Changes().status().code(), absl::StatusCode::kResourceExhausted);
  bench.Close();
  const std::vector<std::string> owners = ListDir(bench.state() + "/work").value();
  for (const std::string& owner : owners) {
    const StatusOr<std::vector<std::string>> names = ListDir(bench.state() + "/work/" + owner);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      CHECK_FALSE(name.starts_with("w-"));
    }
  }
}

TEST_SUITE_END();

}  // namespace coditect::process
