// Detection, and the way to runs and filters.
#include "src/adapters/native/harness.h"

#include <algorithm>

#include "src/adapters/native/filter.h"
#include "src/adapters/native/layout.h"
#include "src/adapters/native/person_build.h"
#include "src/adapters/native/repair_build.h"
#include "src/adapters/native/test_run.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr uint32_t kSubmodule = 0160000;
constexpr std::chrono::milliseconds kProbeWall{60'000};

/// The repository's file that a command executes: it judges, so no repair may change it.
std::string ScriptOf(const std::string& command, const std::vector<TreeEntry>& files) {
  for (std::string word : Split(command, ' ')) {
    if (word.starts_with("./")) word.erase(0, 2);
    for (const TreeEntry& entry : files) {
      if (entry.path == word) return word;
    }
  }
  return "";
}

class Harness final : public TestHarness {
 public:
  StatusOr<HarnessPlan> Detect(const Context& ctx, Workspace& workspace,
                               const DetectRequest& request) override;

  StatusOr<TestReport> Run(const Context& ctx, Workspace& workspace,
                           const TestRunRequest& request) override {
    return RunTests(ctx, workspace, request);
  }

  StatusOr<BuildReport> Build(const Context& ctx, Workspace& workspace,
                              const BuildRequest& request) override {
    return BuildForRepair(ctx, workspace, request);
  }

  StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx, Workspace& workspace,
                                                        const FilterRequest& request) override {
    return native::OpenFilter(ctx, workspace, request);
  }

  std::vector<std::pair<std::string, std::string>> SupportFiles() const override { return {}; }
};

/// How a repository is built that declares no test; false when no build file stands at its top.
bool ChooseBuild(const std::vector<TreeEntry>& files, HarnessPlan* plan) {
  const auto at_top = [&](std::string_view name) {
    return std::ranges::any_of(files, [&](const TreeEntry& entry) { return entry.path == name; });
  };
  const bool makes = at_top("Makefile") || at_top("GNUmakefile") || at_top("makefile");
  if (at_top("CMakeLists.txt")) {
    plan->runner = "ctest";
    plan->command = "cmake -S . -B build && cmake --build build";
  } else if (at_top("meson.build")) {
    plan->runner = "meson";
    plan->command = "meson setup build && meson compile -C build";
  } else if (makes) {
    plan->runner = "command";
    plan->command = "make";
  }
  return !plan->runner.empty();
}

/// Where the person has a build folder of these sources, they are configured as there.
Status FollowPerson(const Context& ctx, Workspace& workspace, HarnessPlan* plan) {
  std::string folder;
  bool preset = false;
  for (const std::string& argument : plan->arguments) {
    if (argument.starts_with("-S")) folder = argument.substr(2) + "/";
    preset |= argument.starts_with("--preset=");
  }
  const auto lists = workspace.Read(folder + "CMakeLists.txt");
  if (!lists.ok()) return absl::OkStatus();
  SandboxLimits limits;
  limits.wall = kProbeWall;
  Shell shell(workspace, limits);
  for (const std::string& file :
       {folder + "build/CMakeCache.txt", folder + "_build/CMakeCache.txt"}) {
    const auto cache = workspace.Read(file);
    if (!cache.ok()) continue;
    ASSIGN_OR_RETURN(std::string source, shell.Repository(ctx));
    if (!folder.empty()) source += "/" + folder.substr(0, folder.size() - 1);
    std::vector<std::string> arguments = ArgumentsOfCache(*cache, source, DeclaredOptions(*lists));
    if (preset) std::erase(arguments, "-GNinja");
    if (arguments.empty()) continue;
    const std::string words = Join(arguments, " ");
    constexpr std::string_view kBefore = " -B build";
    const size_t at = plan->command.find(kBefore);
    if (at != std::string::npos) plan->command.insert(at + kBefore.size(), " " + words);
    plan->arguments.insert(plan->arguments.end(), arguments.begin(), arguments.end());
    plan->notes.push_back(
        StrCat("it is configured as ", file, " says: ", words, "; nothing built there is used"));
    break;
  }
  return absl::OkStatus();
}

struct Tool {
  std::string_view names;    // any of them will do, separated by spaces
  std::string_view package;  // of Debian, that has it
};

/// What a build with that runner starts; Ninja or another tool of a person's choice is told by
/// CMake itself.
std::vector<Tool> ToolsOf(const HarnessPlan& plan, bool cxx) {
  std::vector<Tool> tools;
  if (plan.runner == "ctest")
    tools = {{"cmake", "cmake"}, {"ctest", "cmake"}, {"make ninja", "make"}};
  if (plan.runner == "meson") tools = {{"meson", "meson"}, {"ninja", "ninja-build"}};
  if (plan.runner == "command" && Contains(plan.command, "make")) tools = {{"make", "make"}};
  if (Contains(plan.command, "autoreconf ")) tools.push_back({"autoreconf", "autoconf automake"});
  tools.push_back({"cc", "gcc"});
  if (cxx) tools.push_back({"c++", "g++"});
  return tools;
}

/// One sentence for the first tool that is missing, with what would install it.
Status CheckTools(const Context& ctx, Workspace& workspace, bool cxx, HarnessPlan* plan) {
  SandboxLimits limits;
  limits.wall = kProbeWall;
  Shell shell(workspace, limits);
  // One launch: the names that are not there, then the compiler's version.
  std::string script;
  const std::vector<Tool> tools = ToolsOf(*plan, cxx);
  for (const Tool& tool : tools) {
    std::string any;
    for (const std::string& name : Split(tool.names, ' ')) {
      any += StrCat("command -v ", name, " >/dev/null || ");
    }
    script += StrCat(any, "{ echo 'no ", tool.package, "'; exit 0; }\n");
  }
  script += "cc -dumpfullversion";
  ASSIGN_OR_RETURN(const SandboxResult found, shell.Run(ctx, script));
  const std::string said(TrimWhitespace(found.output));
  for (const Tool& tool : tools) {
    if (said != StrCat("no ", tool.package)) continue;
    const std::string_view name = tool.names.substr(0, tool.names.find(' '));
    return FailedPrecondition("the build needs ", name, ", which is not on PATH; `apt install ",
                              tool.package, "` would install it");
  }
  plan->language_version = said;
  plan->interpreter = "cc";
  return absl::OkStatus();
}

StatusOr<HarnessPlan> Harness::Detect(const Context& ctx, Workspace& workspace,
                                      const DetectRequest& request) {
  std::vector<TreeEntry> files;
  for (const TreeEntry& entry : request.files) {
    if (entry.mode != kSubmodule) files.push_back(entry);
  }
  SourceLayout layout =
      FindSources(files, [&](const std::string& path) { return workspace.Read(path); });
  // A Makefile of a Python package runs its Python tests.
  const bool compiled =
      request.builds || (!layout.build.runner.empty() && layout.build.runner != "command");
  if (!layout.any_source || (layout.python_project && !compiled)) return NotFound("");
  HarnessPlan plan;
  plan.language = "c++";
  plan.test_files = layout.test_files;
  plan.runner = layout.build.runner;
  plan.command = layout.build.command;
  plan.arguments = layout.build.arguments;
  plan.notes = layout.build.notes;
  if (!request.verify_command.empty()) {
    plan.runner = "command";
    plan.command = request.verify_command;
    plan.arguments.clear();
    plan.notes.clear();
    const std::string script = ScriptOf(plan.command, files);
    if (!script.empty()) {
      const auto at = std::lower_bound(plan.test_files.begin(), plan.test_files.end(), script);
      if (at == plan.test_files.end() || *at != script) plan.test_files.insert(at, script);
    }
  }
  if (request.builds && plan.runner.empty() && !ChooseBuild(files, &plan)) {
    return NotFound("there is no CMakeLists.txt, meson.build or Makefile at the top of the ",
                    "repository; name the command that builds it with --verify");
  }
  if (plan.runner.empty() && !layout.obstacle.empty()) return NotFound(layout.obstacle);
  if (plan.runner.empty()) {
    return NotFound("no build file of the repository declares a test (add_test of CMake, test of ",
                    "meson.build, configure, a target check or test of a Makefile); name the ",
                    "command that checks it with --verify");
  }
  if (plan.runner == "ctest") RETURN_IF_ERROR(FollowPerson(ctx, workspace, &plan));
  RETURN_IF_ERROR(CheckTools(ctx, workspace, layout.any_cxx, &plan));
  return plan;
}

}  // namespace

std::unique_ptr<TestHarness> CreateHarness() { return std::make_unique<Harness>(); }

}  // namespace coditect::native
