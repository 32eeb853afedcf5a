// doctor: checks this machine and says how to mend what is wrong.
#include <sys/statvfs.h>
#include <unistd.h>

#include <thread>

#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"
#include "src/app/owner_lock.h"
#include "src/app/request.h"
#include "src/base/file.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

/// One check. `state`: ok, warn or fail; `fix`: what to do, "" when nothing is.
struct Check {
  std::string group;
  std::string name;
  std::string state;
  std::string detail;
  std::string fix;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "group", self.group);
    visit(2, "name", self.name);
    visit(3, "state", self.state);
    visit(4, "detail", self.detail);
    visit(5, "fix", self.fix);
  }
};

class Doctor {
 public:
  explicit Doctor(const GlobalOptions& global) : global_(global) {}

  std::vector<Check> Examine() {
    CheckMachine();
    CheckState();
    CheckSandbox();
    CheckRepository();
    Add("brain", "offline", "ok",
        "repairs failing tests of Python repositories; goals that need a model end with exit 8",
        "");
    return std::move(checks_);
  }

 private:
  void Add(std::string group, std::string name, std::string state, std::string detail,
           std::string fix) {
    checks_.push_back(
        {std::move(group), std::move(name), std::move(state), std::move(detail), std::move(fix)});
  }

  void CheckMachine() {
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long page = ::sysconf(_SC_PAGESIZE);
    Add("machine", "processors", "ok",
        StrCat(std::thread::hardware_concurrency(), " processors, ",
               static_cast<int64_t>(pages) * page / (1 << 20), " MiB of memory"),
        "");
  }

  void CheckState() {
    auto paths = FindStatePaths(ProcessEnvironment());
    Status status = paths.ok() ? MakeStateFolders(*paths) : paths.status();
    if (!status.ok()) {
      Add("state", "folder", "fail", Message(status), "set CODITECT_STATE_DIR");
      return;
    }
    paths_ = *paths;
    struct statvfs disk{};
    ::statvfs(paths_->state.c_str(), &disk);
    const uint64_t free_mib = disk.f_bavail * disk.f_frsize >> 20;
    constexpr uint64_t kFreeMibWanted = 1024;
    Add("state", "folder", free_mib >= kFreeMibWanted ? "ok" : "warn",
        StrCat(paths_->state, ", ", free_mib, " MiB free"),
        free_mib >= kFreeMibWanted ? "" : "free some space on that disk");
    const int owner = OwnerProcess(paths_->lock);
    Add("state", "owner", "ok", owner == 0 ? "no run is active" : StrCat("process ", owner), "");
    if (!PathExists(paths_->ledger)) return;
    const auto found = ExamineLedger(Context(), *paths_);
    Add("state", "ledger", found.ok() ? "ok" : "fail",
        found.ok() ? *found : Message(found.status()),
        found.ok() ? ""
                   : "move the file away; the branches of former runs stay in their repositories");
  }

  void CheckSandbox() {
    if (!paths_.has_value()) return;
    auto sandbox = MakeSandbox(*paths_, "process", "");
    if (!sandbox.ok()) {
      Add("sandbox", "process", "fail", Message(sandbox.status()),
          "`--sandbox none` runs tests without isolation");
      return;
    }
    const SandboxProfile& profile = (*sandbox)->profile();
    Add("sandbox", "process", "ok",
        StrCat("workspaces: ", profile.workspace, "; holds: ", Join(profile.layers, ", ")), "");
    for (const std::string& missing : profile.missing) {
      Add("sandbox", "missing", "warn", missing, "");
    }
  }

  void CheckRepository() {
    const Context ctx;
    const auto resolved = ResolveRepository(ctx, global_.folder, "");
    if (!resolved.ok()) {
      Add("repository", "git", "warn", Message(resolved.status()), "");
    } else {
      Add("repository", "git", "ok",
          StrCat(resolved->ref.path, " at ", resolved->ref.base_commit.substr(0, 12)), "");
      for (const std::string& note : resolved->notes) Add("repository", "note", "warn", note, "");
    }
    auto config = LoadCommandConfig(global_, resolved.ok() ? resolved->ref.path : "", {});
    Add("repository", "configuration", config.ok() ? "ok" : "fail",
        config.ok() ? StrCat(config->Files().size(), " files read") : Message(config.status()),
        config.ok() ? "" : "`coditect config validate` shows every problem");
    if (!resolved.ok() || !config.ok() || !paths_.has_value()) return;
    const auto tools = ResolveToolchain(ctx, *paths_, resolved->ref, ProcessEnvironment(),
                                        config->List("env.pass"));
    const bool found = tools.ok() && !tools->python.empty();
    Add("repository", "python", found ? "ok" : "warn",
        found ? StrCat(tools->python, " (", tools->python_origin, ")") : "no Python was found",
        found ? "" : "`sudo apt-get install python3`");
  }

  const GlobalOptions& global_;
  std::vector<Check> checks_;
  std::optional<StatePaths> paths_;
};

}  // namespace

int DoctorCommand(const GlobalOptions& global) {
  const std::vector<Check> checks = Doctor(global).Examine();
  bool failed = false;
  std::string text;
  std::string json = "{\"schema\":\"coditect.doctor/v1\",\"checks\":[";
  for (const Check& check : checks) {
    failed |= check.state == "fail";
    text += EscapeForTerminal(StrCat(check.state == "ok" ? "ok    " : check.state + "  ",
                                     check.group, " ", check.name, ": ", check.detail)) +
            "\n";
    if (!check.fix.empty()) text += "      -> " + EscapeForTerminal(check.fix) + "\n";
    json += (&check == &checks.front() ? "" : ",") + wire::ToJson(check);
  }
  return Answer(global.output == "json" ? json + "]}\n" : text,
                failed ? kExitError : kExitVerified);
}

}  // namespace coditect
