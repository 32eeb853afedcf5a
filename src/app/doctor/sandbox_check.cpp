// doctor: a sandbox is started, timed, and each of its limits is run into.
#include <unistd.h>

#include "src/app/doctor/examination.h"
#include "src/app/doctor/probing.h"
#include "src/base/file.h"

namespace coditect {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kProbeWallMax{10'000};

/// A script that a limit must end.
struct LimitProbe {
  const char* name;
  EndedBy expected;
  const char* script;
  SandboxLimits limits;
};

const LimitProbe kLimitProbes[] = {
    {"wall time", EndedBy::kWall, "sleep 20", {.wall = milliseconds(150)}},
    {"CPU time",
     EndedBy::kCpu,
     "while :; do :; done",
     {.wall = kProbeWallMax, .cpu = milliseconds(150)}},
    {"memory",
     EndedBy::kMemory,
     "dd if=/dev/zero of=/dev/null bs=300M count=1 2>/dev/null && sleep 3",
     {.wall = kProbeWallMax, .memory_bytes = 64 << 20}},
    {"processes",
     EndedBy::kPids,
     "i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i+1)); done; wait",
     {.wall = kProbeWallMax, .pids = 20}},
    {"output", EndedBy::kOutput, "yes", {.wall = kProbeWallMax, .output_bytes = 256 << 10}},
};

void CheckLimits(Workspace& workspace, CheckList& rows) {
  std::vector<std::string> bite;
  for (const LimitProbe& probe : kLimitProbes) {
    const auto result = RunProbe(workspace, probe.script, probe.limits);
    // Without a control group the allocation or the fork itself is refused, which limits as well.
    const bool refused = result.ok() && result->ended_by == EndedBy::kExit &&
                         result->exit_code != 0 && result->wall < probe.limits.wall / 2;
    if (result.ok() && (result->ended_by == probe.expected || refused)) {
      bite.push_back(StrCat(probe.name, " after ", result->wall.count(), " ms"));
    } else {
      rows.Fail(StrCat("limit of ", probe.name),
                result.ok() ? StrCat("it did not bite: the command ended by ",
                                     EndedByName(result->ended_by))
                            : Message(result.status()),
                "do not run code here that you do not trust; report it with `coditect doctor "
                "--bundle report.json`");
    }
  }
  rows.Ok("limits", bite.empty() ? "none bites" : StrCat("bite: ", Join(bite, ", ")));
}

/// What a sandboxed command must not see.
void CheckWalls(Patient& patient, Workspace& workspace, CheckList& rows) {
  const std::string home =
      patient.environment.contains("HOME") ? patient.environment.at("HOME") : "";
  const auto result =
      RunProbe(workspace,
               StrCat("tail -n +3 /proc/net/dev | grep -v '^ *lo:' | wc -l; ls -A ",
                      ShellQuote(home), " 2>/dev/null | wc -l; ls /proc | grep -c '^[0-9]'"),
               {.wall = kProbeWallMax});
  if (!result.ok() || result->exit_code != 0) {
    rows.Warn("walls", result.ok() ? result->output : Message(result.status()), "");
    return;
  }
  const std::vector<std::string> lines = Split(TrimWhitespace(result->output), '\n');
  const auto number = [&](size_t i) {
    return i < lines.size() ? std::string(TrimWhitespace(lines[i])) : "?";
  };
  const bool no_network = number(0) == "0";
  if (no_network) {
    rows.Ok("walls", StrCat("no network but loopback; ", number(2), " processes to be seen"));
  } else if (patient.sandbox->profile().tier == "none") {
    rows.Warn("walls", "none: commands see your network and files", "");
  } else {
    rows.Fail("walls", StrCat(number(0), " network interfaces are visible inside"),
              "report it with `coditect doctor --bundle report.json`");
  }
}

void CheckStart(Workspace& workspace, CheckList& rows) {
  const auto first = RunProbe(workspace, "true", {.wall = kProbeWallMax});
  const auto second = RunProbe(workspace, "true", {.wall = kProbeWallMax});
  if (first.ok() && second.ok() && second->ended_by == EndedBy::kExit && second->exit_code == 0) {
    rows.Ok("start", StrCat("a command ran: ", first->wall.count(), " ms, then ",
                            second->wall.count(), " ms"));
  } else {
    rows.Fail("start",
              second.ok() ? StrCat("a command ended by ", EndedByName(second->ended_by), ": ",
                                   second->output)
                          : Message(second.status()),
              "`--sandbox none` runs tests without isolation");
  }
}

}  // namespace

void CheckSandbox(Patient& patient, CheckList rows) {
  if (!patient.paths.has_value()) return;
  auto sandbox = MakeSandbox(*patient.paths, "process", "");
  if (!sandbox.ok()) {
    rows.Fail("process", Message(sandbox.status()),
              "`--sandbox none` runs tests without isolation");
    return;
  }
  patient.sandbox = *std::move(sandbox);
  const SandboxProfile& profile = patient.sandbox->profile();
  rows.Ok("process",
          StrCat("workspaces: ", profile.workspace, "; holds: ", Join(profile.layers, ", ")));
  for (const std::string& missing : profile.missing) {
    rows.Warn("missing", missing,
              Contains(missing, "cgroup")
                  ? "run as root, or in a session with a delegated group: `systemd-run --user "
                    "--scope -p Delegate=yes coditect …`"
                  : "");
  }
  const auto workspace = OpenProbe(patient, "doctor-limits");
  if (!workspace.ok()) {
    rows.Fail("start", Message(workspace.status()),
              "`--sandbox none` runs tests without isolation");
    return;
  }
  CheckStart(**workspace, rows);
  CheckWalls(patient, **workspace, rows);
  CheckLimits(**workspace, rows);
}

}  // namespace coditect
