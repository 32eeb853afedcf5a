// Scripts, and what they leave.
#include "src/adapters/native/repair_build.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "src/adapters/native/build.h"
#include "src/adapters/native/diagnostics.h"
#include "src/adapters/native/failure_text.h"
#include "src/adapters/native/shell.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr uint64_t kLogBytesMax = uint64_t{16} << 20;
constexpr char kRecord = '\x1e';
constexpr std::string_view kTellingFolder = ".coditect-build/telling";

// Compilers of these names, first on PATH, that also tell their fix-its, and keep what they say
// apart from what others say at the same time. The build sees what it always sees.
constexpr const char* kTellingScript = R"script(set -e
top=$(pwd -P)/.coditect-build
rm -rf "$top/said" "$top/tell"
mkdir -p "$top/said" "$top/tell"
common="-fdiagnostics-parseable-fixits"
for name in cc gcc c++ g++ c89 c99 clang clang++; do
  real=$(command -v $name) || continue
  flags=$common
  for flag in -fdiagnostics-color=never -fdiagnostics-column-unit=byte \
      -fno-diagnostics-show-option -ferror-limit=0; do
    echo 'int x;' | "$real" -Werror -x c $flag -fsyntax-only - 2>/dev/null && flags="$flags $flag"
  done
  cat > "$top/tell/$name" <<end
#!/bin/sh
said=\$(mktemp "$top/said/XXXXXXXX") || exec $real "\$@"
$real "\$@" $flags 2>"\$said"
code=\$?
cat "\$said" >&2
if [ \$code -ne 0 ] || [ -s "\$said" ]; then
  { printf '\\036%s\\n' "\$(pwd -P)";
cat "\$said";
} > "\$said.kept"
fi
rm -f "\$said"
exit \$code
end
  chmod 755 "$top/tell/$name"
done
printf '%s' "$PATH"
)script";

/// What a person would type to build, one after the other.
std::vector<std::string> CommandsOf(const HarnessPlan& plan) {
  if (plan.command.starts_with("make ")) return {"make", plan.command};
  return {plan.command};
}

std::string Configure(const HarnessPlan& plan, const std::string& folder) {
  std::string arguments;
  for (const std::string& argument : plan.arguments) arguments += " " + ShellQuote(argument);
  if (plan.runner == "ctest") {
    return StrCat("[ -f ", folder, "/CMakeCache.txt ] || cmake -S . -B ", folder, arguments);
  }
  return StrCat("[ -d ", folder, "/meson-info ] || meson setup ", folder);
}

/// Goes on behind an error, so that every error is seen.
std::string BuildAll(const HarnessPlan& plan, const std::string& folder) {
  if (plan.runner == "meson") return StrCat("ninja -C ", folder, " -k 0");
  return StrCat("if [ -f ", folder, "/build.ninja ]; then cmake --build ", folder,
                " -- -k 0; else cmake --build ", folder, " -- -k -j\"$(nproc)\"; fi");
}

std::string NormalPath(const std::string& path) {
  try {
    return std::filesystem::path(path).lexically_normal().string();
  } catch (const std::exception&) {
    return path;
  }
}

class RepairBuild {
 public:
  RepairBuild(Workspace& workspace, const BuildRequest& request)
      : workspace_(workspace), request_(request), shell_(workspace, request.limits) {}

  StatusOr<BuildReport> Run(const Context& ctx) {
    report_.command = request_.plan.command;
    RETURN_IF_ERROR(request_.mode == BuildMode::kSearch ? Search(ctx) : Prove(ctx));
    report_.wall_ms = shell_.wall_ms();
    report_.cpu_ms = shell_.cpu_ms();
    report_.memory_bytes = shell_.memory_bytes();
    return std::move(report_);
  }

 private:
  Status Search(const Context& ctx) {
    ASSIGN_OR_RETURN(const SandboxResult made, shell_.Run(ctx, kTellingScript));
    if (made.ended_by != EndedBy::kExit || made.exit_code != 0) {
      return FailedPrecondition("the compilers cannot be wrapped in the sandbox: ",
                                EscapeForTerminal(made.output));
    }
    ASSIGN_OR_RETURN(const std::string repository, shell_.Repository(ctx));
    ShellOptions options;
    options.environment["PATH"] = StrCat(repository, "/", kBuildRoot, "/tell:", made.output);
    options.environment["CCACHE_DISABLE"] = "1";
    options.environment["LC_ALL"] = "C";
    if (request_.plan.runner == "command") {
      options.environment["MAKEFLAGS"] = "k";
      RETURN_IF_ERROR(RunCommands(ctx, options));
    } else {
      const std::string folder(kTellingFolder);
      RETURN_IF_ERROR(Step(ctx, Configure(request_.plan, folder), options));
      if (report_.passed) {
        // What a configuration tries may fail.
        RETURN_IF_ERROR(shell_.Run(ctx, "rm -f .coditect-build/said/*").status());
        RETURN_IF_ERROR(Step(ctx, BuildAll(request_.plan, folder), options));
        if (request_.on_built) RETURN_IF_ERROR(request_.on_built({.folder = folder}));
      }
    }
    return Listen(ctx, repository);
  }

  Status Prove(const Context& ctx) {
    RETURN_IF_ERROR(
        shell_.Run(ctx, "mkdir -p .coditect-build && touch .coditect-build/began").status());
    ASSIGN_OR_RETURN(const std::string repository, shell_.Repository(ctx));
    ShellOptions options;
    options.environment["LC_ALL"] = "C";
    options.environment["CCACHE_DISABLE"] = "1";  // it drops objects where the next is set
    options.environment["DEPENDENCIES_OUTPUT"] = StrCat(repository, "/", kBuildRoot, "/read");
    if (request_.plan.runner == "command") {
      RETURN_IF_ERROR(RunCommands(ctx, options));
    } else {
      ASSIGN_OR_RETURN(const SandboxResult built,
                       Build(ctx, shell_, request_.plan, options.environment, BuildKind::kPlain));
      Take(built);
    }
    if (report_.passed) return FindRead(ctx, repository);
    return absl::OkStatus();
  }

  /// A make target that runs tests fails with them: it is the build that has to hold.
  Status RunCommands(const Context& ctx, const ShellOptions& options) {
    const std::vector<std::string> commands = CommandsOf(request_.plan);
    for (size_t i = 0; i < commands.size(); ++i) {
      const bool passed = report_.passed;
      RETURN_IF_ERROR(Step(ctx, commands[i], options));
      if (i == 0) {
        if (!report_.passed && request_.mode == BuildMode::kProof) return absl::OkStatus();
        continue;
      }
      const bool ran = report_.ended_by == "exit" && !SaysCompileError(said_) &&
                       !Contains(said_, "No rule to make target");
      report_.passed = passed && (report_.passed || ran);
      if (report_.passed) report_.error.clear();
    }
    return absl::OkStatus();
  }

  Status Step(const Context& ctx, const std::string& script, const ShellOptions& options) {
    ASSIGN_OR_RETURN(const SandboxResult result, shell_.Run(ctx, script, options));
    Take(result);
    return absl::OkStatus();
  }

  void Take(const SandboxResult& result) {
    report_.passed = result.ended_by == EndedBy::kExit && result.exit_code == 0;
    report_.ended_by = std::string(EndedByName(result.ended_by));
    report_.exit_code = result.exit_code;
    if (!report_.passed && report_.error.empty()) report_.error = BuildErrorLine(result.output);
    said_ = result.output;
  }

  /// What the wrapped compilers said; of a build that names its compilers by path, what it printed.
  Status Listen(const Context& ctx, const std::string& repository) {
    ShellOptions options;
    options.keep_bytes = kLogBytesMax;
    ASSIGN_OR_RETURN(const SandboxResult kept,
                     shell_.Run(ctx, "cat .coditect-build/said/*.kept 2>/dev/null; true", options));
    const auto read = [&](const std::string& path) -> std::string {
      auto text = workspace_.Read(path);
      return text.ok() ? *std::move(text) : "";
    };
    for (const std::string& record : Split(kept.output, kRecord)) {
      const size_t end = record.find('\n');
      if (end == std::string::npos || !record.starts_with('/')) continue;
      MergeDiagnostics(ParseDiagnostics(std::string_view(record).substr(end + 1),
                                        record.substr(0, end), repository, read),
                       &report_.diagnostics);
    }
    if (!report_.passed && std::ranges::none_of(report_.diagnostics, &Diagnostic::error)) {
      MergeDiagnostics(ParseDiagnostics(said_, repository, repository, read), &report_.diagnostics);
    }
    for (const Diagnostic& one : report_.diagnostics) {
      if (!one.error || report_.passed) continue;
      report_.error = EscapeForTerminal(
          one.file.empty() ? one.message : StrCat(one.file, ":", one.line, ": ", one.message));
      break;
    }
    return absl::OkStatus();
  }

  /// Compilers write what they read into a file of ours, or into those the build asked for.
  Status FindRead(const Context& ctx, const std::string& repository) {
    ShellOptions options;
    options.keep_bytes = kLogBytesMax;
    ASSIGN_OR_RETURN(
        const SandboxResult rules,
        shell_.Run(ctx,
                   "cat .coditect-build/read 2>/dev/null; find . -name .git -prune -o -name '*.d' "
                   "-newer .coditect-build/began -type f -exec cat {} +; [ -f "
                   ".coditect-build/plain/build.ninja ] && "
                   "ninja -C .coditect-build/plain -t deps 2>/dev/null; true",
                   options));
    std::vector<std::string> doubtful;
    std::vector<std::string> found =
        FilesRead(rules.output, request_.changed,
                  {"", BuildFolder(request_.plan, BuildKind::kPlain)}, repository, &doubtful);
    for (const std::string& file : doubtful) {
      ASSIGN_OR_RETURN(const SandboxResult same,
                       shell_.Run(ctx, StrCat("find . -path ./.coditect-build -prune -o -name ",
                                              ShellQuote(BaseName(file)), " -print | wc -l")));
      if (TrimWhitespace(same.output) == "1") found.push_back(file);
    }
    std::ranges::sort(found);
    report_.compiled = std::move(found);
    return absl::OkStatus();
  }

  Workspace& workspace_;
  const BuildRequest& request_;
  Shell shell_;
  BuildReport report_;
  std::string said_;
};

}  // namespace

std::vector<std::string> FilesRead(std::string_view text, const std::vector<std::string>& changed,
                                   const std::vector<std::string>& folders,
                                   const std::string& repository,
                                   std::vector<std::string>* doubtful) {
  const std::set<std::string> wanted(changed.begin(), changed.end());
  std::set<std::string> found;
  std::set<std::string> maybe;
  const auto look = [&](std::string name) {
    while (name.ends_with(':')) name.pop_back();
    if (name.starts_with(repository + "/")) {
      name = NormalPath(name).substr(repository.size() + 1);
      if (wanted.contains(name)) found.insert(name);
      return;
    }
    if (name.starts_with('/')) return;
    for (const std::string& folder : folders) {
      const std::string path = NormalPath(folder.empty() ? name : StrCat(folder, "/", name));
      if (wanted.contains(path)) found.insert(path);
    }
    std::string tail = NormalPath(name);
    while (tail.starts_with("../")) tail.erase(0, 3);
    for (const std::string& path : wanted) {
      if (path == tail || path.ends_with("/" + tail)) maybe.insert(path);
    }
  };
  for (size_t at = 0; at < text.size();) {
    const size_t start = text.find_first_not_of(" \t\r\n\\", at);
    if (start == std::string_view::npos) break;
    const size_t end = std::min(text.find_first_of(" \t\r\n", start), text.size());
    look(std::string(text.substr(start, end - start)));
    at = end;
  }
  for (const std::string& path : maybe) {
    if (!found.contains(path)) doubtful->push_back(path);
  }
  return {found.begin(), found.end()};
}

StatusOr<BuildReport> BuildForRepair(const Context& ctx, Workspace& workspace,
                                     const BuildRequest& request) {
  return RepairBuild(workspace, request).Run(ctx);
}

}  // namespace coditect::native
