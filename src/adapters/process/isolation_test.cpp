// What must not be visible or reachable from inside.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "src/adapters/process/landlock.h"
#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"
#include "src/base/unique_fd.h"

namespace coditect::process {
namespace {

constexpr const char* kSecret = "canary-5d2f6c";

// A listening socket of the host on the loopback interface.
UniqueFd Listen(int type, uint16_t* port) {
  UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  if (type == SOCK_STREAM) REQUIRE(::listen(socket.get(), 1) == 0);
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  *port = ntohs(address.sin_port);
  return socket;
}

}  // namespace

TEST_SUITE_BEGIN("any mode");

TEST_CASE("NoSecretOfThePersonIsVisible") {
  Bench bench;
  const std::string home = bench.scratch();
  Put(home + "/.ssh/id_ed25519", kSecret, 0600);
  Put(home + "/.netrc", kSecret);
  Put(bench.repo() + "/.env", kSecret);  // the person's tree, not in the base
  const std::string canary = StrCat("/tmp/coditect-canary-", ::getpid());
  Put(canary, kSecret);
  ::setenv("CODITECT_CANARY", kSecret, 1);
  const int leaked = ::open((home + "/.netrc").c_str(), O_RDONLY);  // not close-on-exec
  bench.Start();
  const SandboxResult result =
      bench.Run({"sh", "-c",
                 StrCat("env; cat /proc/self/environ /proc/1/environ /proc/*/environ; ls -la ",
                        home, " ", home, "/.ssh /tmp; cat ", home, "/.ssh/id_ed25519 ", home,
                        "/.netrc ", bench.repo(), "/.env ", canary,
                        "; for fd in /proc/self/fd/*; do echo $fd; cat $fd; done; "
                        "cat /proc/1/root",
                        home, "/.netrc; ls /proc/1/fd /proc/1/cwd")});
  ::close(leaked);
  ::unlink(canary.c_str());
  ::unsetenv("CODITECT_CANARY");
  CHECK_EQ(result.output.find(kSecret), std::string::npos);
  CHECK_EQ(result.output.find("/proc/self/fd/4"), std::string::npos);  // 3 is the listing itself
  CHECK_NE(result.output.find("/proc/1/environ: Permission denied"), std::string::npos);
}

TEST_CASE("OnlyTheSystemAndTheRepositoryAreVisible") {
  Bench bench;
  CHECK_EQ(bench.Shell("ls -A / | grep -v -x -E 'lib32|lib64|libx32|sbin|home|root|work' | xargs; "
                       "ls -A /run /dev/shm; ls /tmp"),
           ".empty bin dev etc lib proc run tmp usr var\n/dev/shm:\n\n/run:\nhome\n");
  CHECK_EQ(bench.Shell("cat /etc/shadow /sys/kernel/version 2>&1 | grep -c 'No such file'; "
                       "set -- /proc/[0-9]*; echo $#"),
           "2\n2\n");  // init, sh
  CHECK_EQ(bench.Shell("hostname; cat /etc/hostname 2>/dev/null || echo none"), "sandbox\nnone\n");
  CHECK_EQ(bench.Shell("grep -E '^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status | "
                       "tr -s '\\t0' ' ' | xargs"),
           "CapPrm: CapEff: CapBnd: CapAmb: NoNewPrivs: 1 Seccomp: 2\n");
}

TEST_CASE("LandlockIsAppliedOnceToWhatRuns") {
  if (LandlockVersion() == 0) return;
  // A process can be in 16 rulesets at most: how many more are possible tells how many it is in.
  const char* script = R"(
import ctypes
libc = ctypes.CDLL(None)
MAKE_BLOCK = ctypes.c_uint64(1 << 11)
entered = 0
while True:
    ruleset = libc.syscall(444, ctypes.byref(MAKE_BLOCK), 8, 0)
    if ruleset < 0 or libc.syscall(446, ruleset, 0) != 0: break
    entered += 1
print(entered)
)";
  for (const bool applied : {true, false}) {
    Bench bench;
    Put(bench.base() + "/count.py", script);
    if (!applied) bench.sandbox_options.without.insert(Feature::kLandlock);
    CHECK_EQ(bench.Run({"python3", "count.py"}).output, applied ? "15\n" : "16\n");
  }
}

TEST_CASE("TheSystemIsReadOnlyAndThePrivatePartsAreNot") {
  Bench bench;
  CHECK_EQ(bench.Shell("for d in / /usr /usr/bin /etc /dev /run /var .git; do touch $d/x "
                       "2>/dev/null && echo $d is writable; done; "
                       "for d in . /tmp /var/tmp /dev/shm $HOME; do touch $d/x || exit 1; done; "
                       "echo done"),
           "done\n");
}

TEST_CASE("TheUserIsTheSandboxs") {
  if (::geteuid() == 0) {
    Bench bench;
    Put(bench.base() + "/file", "x", 0600);
    // A set-user-id file made inside must never belong to root on the host.
    bench.Shell("test $(id -u) -ge 61001; test -O file; cat file > copy; chmod 6755 copy");
    CHECK_EQ(bench.Changes(), std::vector<std::string>{"+copy* x"});
  }
}

TEST_CASE("TheNetworkIsOnlyLoopbackOfItsOwn") {
  Bench bench;
  uint16_t tcp_port = 0;
  uint16_t udp_port = 0;
  const UniqueFd tcp = Listen(SOCK_STREAM, &tcp_port);
  const UniqueFd udp = Listen(SOCK_DGRAM, &udp_port);
  Put(bench.base() + "/net.py", R"(
import socket, sys, threading
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname(), 2)
print('own loopback')
for address in (('127.0.0.1', int(sys.argv[1])), ('192.0.2.1', 80), ('1.1.1.1', 53)):
    try:
        socket.create_connection(address, 1)
        print('reached', address)
    except OSError as error:
        pass
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: datagram.sendto(b'x', ('127.0.0.1', int(sys.argv[2])))
except OSError: pass
try: print(socket.getaddrinfo('example.com', 80))
except OSError: print('no names')
print([line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]])
print(socket.getaddrinfo('localhost', 80, socket.AF_INET)[0][4])
)");
  CHECK_EQ(bench.Run({"python3", "net.py", StrCat(tcp_port), StrCat(udp_port)}).output,
           "own loopback\nno names\n['lo']\n('127.0.0.1', 80)\n");
  pollfd connection{tcp.get(), POLLIN, 0};
  CHECK_EQ(::poll(&connection, 1, 0), 0);
  char byte;
  CHECK(::recv(udp.get(), &byte, 1, MSG_DONTWAIT) < 0);
}

TEST_CASE("NoSocketOfTheHostIsReachable") {
  Bench bench;
  const std::string path = bench.scratch() + "/control.sock";
  const std::string script =
      "import socket, sys\ns = socket.socket(socket.AF_UNIX)\n"
      "s.connect(sys.argv[1] if sys.argv[2] == '0' else '\\0' + sys.argv[2])";
  for (const bool abstract : {false, true}) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = abstract ? StrCat('\0', "coditect-canary-", ::getpid()) : path;
    name.copy(address.sun_path, sizeof address.sun_path);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket.get(), 1) == 0);
    const SandboxResult result =
        bench.Run({"python3", "-c", script, path, abstract ? name.substr(1) : "0"});
    CHECK_EQ(result.exit_code, 1);
  }
}

TEST_SUITE_END();

}  // namespace coditect::process
