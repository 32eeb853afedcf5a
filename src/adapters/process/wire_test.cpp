// Rules of the frames between host and broker.
#include "src/adapters/process/wire.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/adapters/process/plan.h"

namespace coditect::process {
namespace {

struct Ends {
  Ends() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    a.Reset(fds[0]);
    b.Reset(fds[1]);
  }
  UniqueFd a;
  UniqueFd b;
};

MonotonicTime Soon() { return std::chrono::steady_clock::now() + std::chrono::milliseconds(20); }

}  // namespace

TEST_CASE("PlansComeBackAsTheyWere") {
  RootPlan plan{.id = 7, .user_mode = true, .uid = 61001, .repo_path = "/a b\n\xff"};
  plan.layers = {{.lower = "/base", .idmap = true, .upper = "u", .work = "w"},
                 {.destination = ".venv", .lower = "/v", .upper = "c0u"}};
  plan.binds = {{std::string("/with\0nul", 9), "/x", true}};
  const std::string bytes = Pack(plan);
  RootPlan back;
  Unpacker unpacker(bytes);
  unpacker(back);
  CHECK(unpacker.ok());
  CHECK_EQ(Pack(back), bytes);
  CHECK_EQ(back.layers[1].destination, ".venv");
  CHECK_EQ(back.binds[0].source.size(), 9);
}

TEST_CASE("EveryCutMessageIsNoticed") {
  const LaunchPlan plan{.root = 1, .argv = {"a", "bc"}, .environment = {"X=y"}, .folder = "/f"};
  const std::string bytes = Pack(plan);
  for (size_t size = 0; size < bytes.size(); ++size) {
    LaunchPlan back;
    Unpacker unpacker(std::string_view(bytes).substr(0, size));
    unpacker(back);
    CHECK_FALSE(unpacker.ok());
  }
}

TEST_CASE("HugeCountsAllocateNothing") {
  std::string bytes(16, '\xff');
  std::vector<std::string> texts;
  Unpacker unpacker(bytes);
  unpacker(texts);
  CHECK_FALSE(unpacker.ok());
  CHECK(texts.empty());
}

TEST_CASE("FramesCarryBytesAndDescriptors") {
  const Ends ends;
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(SendFrame(ends.a.get(), "hello", {null.get(), null.get()}).ok());
  REQUIRE(SendFrame(ends.a.get(), "", {}).ok());
  const StatusOr<Frame> first = ReceiveFrame(ends.b.get(), Soon());
  REQUIRE(first.ok());
  CHECK_EQ(first->body, "hello");
  REQUIRE_EQ(first->descriptors.size(), 2);
  CHECK_EQ(::fcntl(first->descriptors[0].get(), F_GETFD), FD_CLOEXEC);
  CHECK_EQ(ReceiveFrame(ends.b.get(), Soon())->body, "");
}

TEST_CASE("BadFramesLatePeersAndGonePeersAreToldApart") {
  Ends ends;
  CHECK_EQ(ReceiveFrame(ends.b.get(), Soon()).status().code(), absl::StatusCode::kDeadlineExceeded);
  REQUIRE_EQ(::send(ends.a.get(), "not a frame!", 12, 0), 12);
  CHECK_EQ(ReceiveFrame(ends.b.get(), Soon()).status().code(), absl::StatusCode::kDataLoss);
  ends.a.Reset();
  CHECK_EQ(SendFrame(ends.b.get(), "x", {}).code(), absl::StatusCode::kUnavailable);
  const Ends closed;
  ::shutdown(closed.a.get(), SHUT_RDWR);
  CHECK_EQ(ReceiveFrame(closed.b.get(), Soon()).status().code(), absl::StatusCode::kUnavailable);
  CHECK_EQ(SendFrame(closed.a.get(), std::string(kFrameBytesMax + 1, 'x'), {}).code(),
           absl::StatusCode::kResourceExhausted);
}

}  // namespace coditect::process
