// demo: a throw-away repository with two independent bugs, repaired by the team.
#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/commands/fields.h"
#include "src/app/commands/list_rows.h"
#include "src/app/commands/reading.h"
#include "src/app/exit_code.h"
#include "src/app/real_project.h"
#include "src/base/file.h"
#include "src/wire/json.h"

extern "C" {
extern const char coditect_demo_prices[];
extern const unsigned coditect_demo_prices_size;
extern const char coditect_demo_stock[];
extern const unsigned coditect_demo_stock_size;
extern const char coditect_demo_test_prices[];
extern const unsigned coditect_demo_test_prices_size;
extern const char coditect_demo_test_stock[];
extern const unsigned coditect_demo_test_stock_size;
}

namespace coditect {
namespace {

/// Writes the demo's repository anew below the state folder, where its result can be looked at
/// until the next demo.
StatusOr<std::string> MakeRepository(const Context& ctx, const StatePaths& paths) {
  RETURN_IF_ERROR(MakeStateFolders(paths));
  const std::string folder = paths.state + "/demo";
  RETURN_IF_ERROR(RemoveTree(folder));
  RETURN_IF_ERROR(MakeDirs(folder + "/tests"));
  const auto write = [&](const char* name, std::string_view text) {
    return WriteFile(JoinPath(folder, name), text, 0644);
  };
  RETURN_IF_ERROR(write("prices.py", {coditect_demo_prices, coditect_demo_prices_size}));
  RETURN_IF_ERROR(write("stock.py", {coditect_demo_stock, coditect_demo_stock_size}));
  RETURN_IF_ERROR(write("tests/__init__.py", ""));
  RETURN_IF_ERROR(
      write("tests/test_prices.py", {coditect_demo_test_prices, coditect_demo_test_prices_size}));
  RETURN_IF_ERROR(
      write("tests/test_stock.py", {coditect_demo_test_stock, coditect_demo_test_stock_size}));
  RETURN_IF_ERROR(InitialiseRepository(ctx, folder, "A little shop with two bugs"));
  return folder;
}

std::string ProjectsText() {
  std::string out;
  for (const RealProject& project : RealProjects()) {
    StrAppend(out, project.name, " ", project.version, "  ", project.what, "\n");
  }
  return out;
}

std::string ProjectsJson(const std::vector<std::string>& fields) {
  std::vector<ProjectRow> rows;
  for (const RealProject& project : RealProjects()) {
    rows.push_back({.name = std::string(project.name),
                    .version = std::string(project.version),
                    .what = std::string(project.what)});
  }
  return StrCat("{\"schema\":\"coditect.demos/v1\",\"projects\":",
                ChosenRows("demo --list", rows, fields), "}\n");
}

/// The repair beside the text that was published.
std::string Compare(const Context& ctx, const DrawnBug& bug, const std::string& folder) {
  std::string out = StrCat("\nThe bug was put at ", bug.file, ":", bug.line,
                           "\n  published: ", TrimWhitespace(bug.original),
                           "\n  with bug:  ", TrimWhitespace(bug.bug), "\n");
  const auto reading = ReadLedger(ctx);
  const auto mission = reading.ok() ? FindRun(*reading, {.last = true}, folder)
                                    : StatusOr<const MissionState*>(reading.status());
  if (!mission.ok() || (*mission)->branch_commit.empty()) return out + "  repair:    none\n";
  const auto text = [&]() -> StatusOr<std::string> {
    ASSIGN_OR_RETURN(const auto git,
                     OpenMissionRepository(ctx, reading->paths, (*mission)->request));
    ASSIGN_OR_RETURN(const auto files, git->ListFiles(ctx, (*mission)->branch_commit));
    for (const TreeEntry& entry : files) {
      if (entry.path != bug.file) continue;
      ASSIGN_OR_RETURN(auto blobs, git->ReadBlobs(ctx, {entry.object_id}));
      return blobs[entry.object_id];
    }
    return NotFound(bug.file);
  }();
  if (!text.ok()) return out + Message(text.status()) + "\n";
  const std::vector<std::string> lines = Split(*text, '\n');
  if (bug.line <= lines.size()) {
    StrAppend(out, "  repair:    ", TrimWhitespace(lines[bug.line - 1]), "\n");
  }
  return StrCat(out, *text == bug.original_text
                         ? "The file is again what was published.\n"
                         : "The file differs from what was published; its tests pass.\n");
}

int AnswerDemoDryRun(const GlobalOptions& global, const std::string& folder,
                     const std::string& sentence) {
  if (!global.quiet) PrintErr(EscapeForTerminal(sentence) + "\n");
  if (global.output != "json") return kExitVerified;
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.demo/v1"));
  fields.Field("dry_run", true);
  fields.Field("folder", folder);
  return Answer(out + "}\n");
}

int RealDemo(const GlobalOptions& global, const StatePaths& paths, const DemoOptions& options) {
  const Context ctx;
  const auto project = FindRealProject(options.real);
  if (!project.ok()) return Fail(project.status());
  const std::string folder = StrCat(paths.state, "/demo-", (*project)->name);
  if (options.dry_run) {
    return AnswerDemoDryRun(global, folder,
                            StrCat("would fetch ", (*project)->name, " ", (*project)->version,
                                   ", draw a bug that its tests notice (seed ", options.seed,
                                   ") and repair it at ", folder));
  }
  if (const Status made = MakeStateFolders(paths); !made.ok()) return Fail(made);
  if (!global.quiet) {
    PrintErr(StrCat("fetching ", (*project)->name, " ", (*project)->version,
                    ", then looking for a place whose change its tests notice\n"));
  }
  const auto bug = MakeRealRepository(ctx, paths, **project, options.seed, folder);
  if (!bug.ok()) return Fail(bug.status());
  GlobalOptions there = global;
  there.folder = folder;
  RunOptions run;
  run.goal = "make the tests pass";
  const int code = RunCommand(there, run);
  PrintErr(EscapeForTerminal(Compare(ctx, *bug, folder), /*keep_newlines=*/true));
  return code;
}

}  // namespace

int DemoCommand(const GlobalOptions& global, const DemoOptions& wanted) {
  if (wanted.list)
    return Answer(global.output == "json" ? ProjectsJson(global.fields) : ProjectsText());
  const auto paths = FindStatePaths(ProcessEnvironment());
  if (!paths.ok()) return Fail(paths.status());
  if (!wanted.real.empty()) return RealDemo(global, *paths, wanted);
  if (wanted.dry_run) {
    const std::string folder = paths->state + "/demo";
    return AnswerDemoDryRun(global, folder,
                            StrCat("would make a repository with two bugs at ", folder,
                                   ", in place of the one before it, and repair it"));
  }
  const auto folder = MakeRepository(Context(), *paths);
  if (!folder.ok()) return Fail(folder.status());
  GlobalOptions there = global;
  there.folder = *folder;
  RunOptions options;
  options.goal = "make the tests pass";
  return RunCommand(there, options);
}

}  // namespace coditect
