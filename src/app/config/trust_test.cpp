// Rules of trusting a repository's file.
#include "src/app/config/trust.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/app/config/fixture.h"
#include "src/app/config/verbs.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr const char* kWeak = "[agent]\nsandbox = \"none\"\ntimeout = \"9s\"\n";

class TrustFixture : public ConfigFixture {
 public:
  TrustFixture() { sources().trust_file = Path("home/trusted"); }
  VerbOutput Trust(TrustOptions options = {}) { return ConfigTrust(sources(), options); }
};

}  // namespace

TEST_CASE("ATrustedFileSetsWhatARepositoryMayNot") {
  TrustFixture machine;
  machine.Write(machine.repository_file(), kWeak);
  CHECK_EQ(machine.Error().code(), absl::StatusCode::kPermissionDenied);
  CHECK(Contains(Message(machine.Error()), "coditect.toml:2:1: agent.sandbox: "));
  CHECK(Contains(Message(machine.Error()), "`coditect trust`"));
  const VerbOutput dry = machine.Trust({.dry_run = true});
  CHECK(Contains(dry.output, "- agent.sandbox = \"auto\"  # default\n+ agent.sandbox = \"none\""));
  CHECK_FALSE(Contains(dry.output, "agent.timeout"));  // needs no trust
  CHECK_EQ(machine.Error().code(), absl::StatusCode::kPermissionDenied);
  CHECK_EQ(machine.Trust().exit_code, 0);
  REQUIRE(machine.Load().ok());
  CHECK_EQ(machine.Load()->Text("agent.sandbox"), "none");
  CHECK(Contains(machine.Trust().messages, "is trusted already"));
  struct stat info{};
  CHECK_EQ(::stat(machine.sources().trust_file.c_str(), &info), 0);
  CHECK_EQ(info.st_mode & 0777, 0600);
}

TEST_CASE("TrustIsOfOneContentAtOnePath") {
  TrustFixture machine;
  machine.Write(machine.repository_file(), kWeak);
  CHECK_EQ(machine.Trust().exit_code, 0);
  machine.Write(machine.repository_file(), StrCat(kWeak, "# changed\n"));
  CHECK_EQ(machine.Error().code(), absl::StatusCode::kPermissionDenied);
  machine.Write(machine.local_file(), kWeak);
  machine.Write(machine.repository_file(), kWeak);
  CHECK(Contains(Message(machine.Error()), "local.toml:2:1"));
  CHECK_FALSE(Contains(Message(machine.Error()), "coditect.toml:2"));
  CHECK_EQ(machine.Trust({.revoke = true}).exit_code, 0);
  CHECK(Contains(Message(machine.Error()), "coditect.toml:2:1"));
}

TEST_CASE("ALinkIsTrustedByWhatItLeadsToAndNeverOutOfTheRepository") {
  TrustFixture machine;
  machine.Write(machine.Path("repository/real.toml"), kWeak);
  REQUIRE_EQ(::symlink("real.toml", machine.repository_file().c_str()), 0);
  CHECK_EQ(machine.Trust().exit_code, 0);
  CHECK(machine.Load().ok());
  machine.Write(machine.Path("repository/real.toml"), StrCat(kWeak, "run.seed = 3\n"));
  CHECK_FALSE(machine.Load().ok());
  machine.Write(machine.Path("outside.toml"), kWeak);
  REQUIRE_EQ(::unlink(machine.repository_file().c_str()), 0);
  REQUIRE_EQ(::symlink("../outside.toml", machine.repository_file().c_str()), 0);
  const VerbOutput out = machine.Trust();
  CHECK_EQ(out.exit_code, 9);
  CHECK(Contains(out.messages, "is a link that leaves the repository"));
}

TEST_CASE("LockedAndUnreadableStaysRefused") {
  TrustFixture machine;
  machine.Write(machine.repository_file(), kWeak);
  CHECK_EQ(machine.Trust().exit_code, 0);
  machine.Write(machine.sources().managed_file, "agent.sandbox = \"process\"\n");
  CHECK(Contains(Message(machine.Error()), "is locked to \"process\""));
  machine.Write(machine.sources().managed_file, "");
  machine.Write(machine.repository_file(), "[agent\n");
  CHECK_EQ(machine.Trust().exit_code, 2);
  machine.Write(machine.sources().trust_file, "noise\n\n0000 x\n");
  machine.Write(machine.repository_file(), kWeak);
  CHECK_EQ(machine.Error().code(), absl::StatusCode::kPermissionDenied);
}

TEST_CASE("ListShowsWhatIsIgnored") {
  TrustFixture machine;
  machine.Write(machine.repository_file(), kWeak);
  machine.sources().ignore_untrusted = true;
  const VerbOutput out = ConfigList(machine.sources(), {.show_origin = true});
  CHECK_EQ(out.exit_code, 0);
  CHECK(Contains(out.output, "# ignored: agent.sandbox = \"none\"  # "));
  CHECK(Contains(out.output, "agent.sandbox = \"auto\""));
  CHECK(Contains(out.messages, "coditect.toml:2: agent.sandbox is ignored until you trust"));
  CHECK(Contains(ConfigList(machine.sources(), {.json = true}).output,
                 "\"ignored\":[{\"key\":\"agent.sandbox\""));
}

}  // namespace coditect
