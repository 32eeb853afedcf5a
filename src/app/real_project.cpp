// An open-source project at a pinned version, with one bug that its tests notice.
#include "src/app/real_project.h"

#include <algorithm>
#include <set>

#include "src/base/file.h"
#include "src/base/sha256.h"

namespace coditect {
namespace {

constexpr std::chrono::seconds kFetchTime{300};
constexpr size_t kPlacesTried = 12;
constexpr std::chrono::milliseconds kSuiteWall{300'000};
constexpr size_t kFileMax = size_t{4} << 20;

constexpr RealProject kRealProjects[] = {
    {.name = "boltons",
     .what = "Python, by pip from the package registry",
     .version = "24.1.0",
     .archive = "boltons-24.1.0.tar.gz",
     .sha256 = "4a49b7d57ee055b83a458c8682a2a6f199d263a8aa517098bda9bab813554b87",
     .sources = "boltons/"},
    {.name = "cjson",
     .what = "C, by apt-get from Debian's source packages",
     .version = "1.7.15-1+deb12u4",
     .archive = "cjson_1.7.15.orig.tar.gz",
     .sha256 = "5308fd4bd90cef7aa060558514de6a1a4a0819974a26e6ed13973c5f624c24b2",
     .sources = "cJSON.c",
     .python = false},
};

/// What becomes of a token: each stands with a blank on both sides.
constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
    {" < ", " <= "},  {" <= ", " < "},  {" > ", " >= "}, {" >= ", " > "},
    {" == ", " != "}, {" != ", " == "}, {" + ", " - "},  {" - ", " + "}};

struct TokenPlace {
  std::string file;
  size_t line = 0;  // from 0
  size_t column = 0;
  std::string_view old_token, new_token;
};

/// Lines that decide or compute, without texts and comments in which a token means nothing.
bool IsCode(std::string_view line, bool python) {
  const std::string_view text = TrimWhitespace(line);
  if (text.find_first_of(python ? "\"'#" : "\"'*") != std::string_view::npos) return false;
  for (const std::string_view word : {"if ", "elif ", "while ", "return ", "for ("}) {
    if (text.starts_with(word)) return python || Contains(text, "(") || word == "return ";
  }
  return false;
}

void FindPlaces(const std::string& file, const std::string& text, bool python,
                std::vector<TokenPlace>& out) {
  const std::vector<std::string> lines = Split(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!IsCode(lines[i], python)) continue;
    for (const auto& [old_token, new_token] : kOthers) {
      const size_t at = lines[i].find(old_token);
      if (at != std::string::npos) out.push_back({file, i, at, old_token, new_token});
    }
  }
}

/// pip checks the hash before it looks inside the archive.
std::vector<std::vector<std::string>> FetchCommands(const RealProject& project,
                                                    const std::string& folder) {
  if (project.python) {
    return {{"python3", "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
             "--no-binary", ":all:", "--require-hashes", "-r", folder + "/wanted.txt", "-d",
             folder}};
  }
  std::vector<std::string> apt = {"apt-get", "-o", "Dir::Etc::sourcelist=/dev/null"};
  for (const auto& [option, name] :
       {std::pair("Dir::Etc::sourceparts", "/parts"), std::pair("Dir::State::lists", "/lists"),
        std::pair("Dir::Cache", "/cache")}) {
    apt.insert(apt.end(), {"-o", StrCat(option, "=", folder, name)});
  }
  std::vector<std::string> update = apt;
  update.insert(update.end(), {"update", "-qq"});
  apt.insert(apt.end(),
             {"source", "-qq", "--download-only", StrCat(project.name, "=", project.version)});
  return {update, apt};
}

/// The machine's own sources of packages, asked for source packages.
Status WriteAptSources(const std::string& folder) {
  for (const char* part : {"/parts", "/lists/partial", "/cache/archives/partial"}) {
    RETURN_IF_ERROR(MakeDirs(folder + part));
  }
  std::vector<std::string> files = {"/etc/apt/sources.list"};
  for (const std::string& name : ListDir("/etc/apt/sources.list.d").value_or(files)) {
    files.push_back(JoinPath("/etc/apt/sources.list.d", name));
  }
  for (const std::string& file : files) {
    const auto text = ReadFile(file, kFileMax);
    if (!text.ok()) continue;
    std::string out;
    for (const std::string& line : Split(*text, '\n')) {
      if (line.starts_with("deb ")) {
        StrAppend(out, "deb-src ", line.substr(4), "\n");
      } else {
        StrAppend(out, line == "Types: deb" ? "Types: deb-src" : line, "\n");
      }
    }
    RETURN_IF_ERROR(WriteFile(JoinPath(folder + "/parts", BaseName(file)), out, 0644));
  }
  return absl::OkStatus();
}

Status Fetch(const Context& ctx, const RealProject& project, const std::string& folder,
             const std::string& target) {
  if (project.python) {
    RETURN_IF_ERROR(WriteFile(
        folder + "/wanted.txt",
        StrCat(project.name, "==", project.version, " --hash=sha256:", project.sha256, "\n")));
  } else {
    RETURN_IF_ERROR(WriteAptSources(folder));
  }
  const Context limited = ctx.WithTimeout(kFetchTime);
  for (const std::vector<std::string>& command : FetchCommands(project, folder)) {
    const auto fetched = RunProgram(limited, command, folder);
    if (!fetched.ok()) {
      return Unavailable(project.name, " ", project.version, " could not be fetched by ",
                         command[0] == "python3" ? "pip" : command[0], ": ",
                         Message(fetched.status()),
                         "; it needs the network, `coditect demo` needs none");
    }
  }
  const std::string archive = JoinPath(folder, project.archive);
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(archive));
  if (Sha256Hex(bytes) != project.sha256) {
    return DataLoss(project.archive, " has another hash than expected and is not used");
  }
  RETURN_IF_ERROR(MakeDirs(target, 0755));
  return RunProgram(limited, {"tar", "-xf", archive, "-C", target, "--strip-components=1"}, folder)
      .status();
}

/// Runs the project's tests on its pristine files with changes.
class Suite {
 public:
  Status Open(const Context& ctx, const StatePaths& paths, const std::string& folder) {
    ASSIGN_OR_RETURN(const auto resolved, ResolveRepository(ctx, folder, ""));
    MissionRequest mission;
    mission.repository = resolved.ref;
    ASSIGN_OR_RETURN(git_, OpenMissionRepository(ctx, paths, mission));
    ASSIGN_OR_RETURN(detect_.files, git_->ListFiles(ctx, resolved.ref.base_tree));
    ASSIGN_OR_RETURN(ResolvedTools tools,
                     ResolveToolchain(ctx, paths, resolved.ref, ProcessEnvironment(), {}));
    detect_.toolchain = tools.toolchain;
    options_.label = "demo";
    options_.tier = "process";
    options_.repo_path = resolved.ref.path;
    options_.base = StrCat(paths.work, "/base-demo");
    options_.toolchain = std::move(tools.toolchain);
    RETURN_IF_ERROR(RemoveTree(options_.base));
    RETURN_IF_ERROR(MakeDirs(options_.base, 0755));
    RETURN_IF_ERROR(git_->Materialize(ctx, resolved.ref.base_tree, options_.base));
    ASSIGN_OR_RETURN(sandbox_, MakeSandbox(paths, "process", ""));
    ASSIGN_OR_RETURN(harness_, MakeHarness(paths));
    options_.read_only_files = harness_->SupportFiles();
    ASSIGN_OR_RETURN(const auto workspace, sandbox_->OpenWorkspace(ctx, options_));
    ASSIGN_OR_RETURN(plan_, harness_->Detect(ctx, *workspace, detect_));
    ASSIGN_OR_RETURN(known_, Failing(ctx, {}));
    if (ended_) return absl::OkStatus();
    return FailedPrecondition("the project's own tests do not run here (", plan_.command,
                              "): ", EscapeForTerminal(said_),
                              "; put another Python or compiler first on PATH");
  }
  ~Suite() {
    if (!options_.base.empty()) (void)RemoveTree(options_.base);  // else the next owner sweeps it
  }

  /// Whether a test fails that passes without the changes.
  StatusOr<bool> Notices(const Context& ctx, const std::vector<FileChange>& changes) {
    ASSIGN_OR_RETURN(const auto failing, Failing(ctx, changes));
    return std::any_of(failing.begin(), failing.end(),
                       [&](const std::string& id) { return !known_.contains(id); });
  }

 private:
  StatusOr<std::set<std::string>> Failing(const Context& ctx,
                                          const std::vector<FileChange>& changes) {
    ASSIGN_OR_RETURN(const auto workspace, sandbox_->OpenWorkspace(ctx, options_));
    RETURN_IF_ERROR(workspace->Apply(changes));
    TestRunRequest request;
    request.plan = plan_;
    request.limits.wall = kSuiteWall;
    ASSIGN_OR_RETURN(const TestReport report, harness_->Run(ctx, *workspace, request));
    std::set<std::string> failing;
    for (const TestCase& test : report.cases) {
      if (test.status == TestStatus::kFailed) failing.insert(test.id);
    }
    // A suite that ends early shows nothing that a person would take for a bug of one place.
    ended_ = report.normal_end && report.collection_errors.empty();
    const std::vector<std::string> lines = Split(TrimWhitespace(report.output), '\n');
    said_ = ReplaceInvalidUtf8(lines.back().substr(0, 300));
    return ended_ ? failing : std::set<std::string>();
  }

  std::unique_ptr<Repository> git_;
  std::unique_ptr<Sandbox> sandbox_;
  std::unique_ptr<TestHarness> harness_;
  DetectRequest detect_;
  WorkspaceOptions options_;
  HarnessPlan plan_;
  std::set<std::string> known_;
  bool ended_ = false;  // of the last run
  std::string said_;    // its last line
};

StatusOr<std::vector<TokenPlace>> PlacesOf(const RealProject& project, const std::string& folder) {
  std::vector<TokenPlace> places;
  const std::string below(project.sources);
  std::vector<std::string> files = {below};
  if (below.ends_with('/')) {
    ASSIGN_OR_RETURN(const auto names, ListDir(JoinPath(folder, below)));
    files.clear();
    for (const std::string& name : names) {
      if (name.ends_with(".py") && name != "__init__.py") files.push_back(below + name);
    }
  }
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(JoinPath(folder, file), kFileMax));
    FindPlaces(file, text, project.python, places);
  }
  if (places.empty()) return FailedPrecondition(project.name, " has no place for a bug");
  return places;
}

/// The order of places that a seed stands for.
void Draw(const RealProject& project, uint64_t seed, std::vector<TokenPlace>& places) {
  std::vector<std::pair<std::string, size_t>> order;
  for (size_t i = 0; i < places.size(); ++i) {
    order.emplace_back(Sha256(StrCat(project.name, ' ', project.version, ' ', seed, ' ', i)), i);
  }
  std::sort(order.begin(), order.end());
  std::vector<TokenPlace> drawn;
  for (size_t i = 0; i < order.size() && i < kPlacesTried; ++i) {
    drawn.push_back(std::move(places[order[i].second]));
  }
  places = std::move(drawn);
}

DrawnBug BugAt(const TokenPlace& place, const std::string& text, std::string* changed) {
  std::vector<std::string> lines = Split(text, '\n');
  DrawnBug bug{.file = place.file,
               .line = place.line + 1,
               .original = lines[place.line],
               .original_text = text};
  lines[place.line].replace(place.column, place.old_token.size(), place.new_token);
  bug.bug = lines[place.line];
  *changed = Join(lines, "\n");
  return bug;
}

}  // namespace

std::span<const RealProject> RealProjects() { return kRealProjects; }

StatusOr<const RealProject*> FindRealProject(const std::string& name) {
  std::vector<std::string> names;
  for (const RealProject& project : kRealProjects) {
    if (project.name == name) return &project;
    names.emplace_back(project.name);
  }
  return InvalidArgument("there is no project ", EscapeForTerminal(name), "; there are ",
                         Join(names, ", "));
}

StatusOr<DrawnBug> MakeRealRepository(const Context& ctx, const StatePaths& paths,
                                      const RealProject& project, uint64_t seed,
                                      const std::string& folder) {
  const std::string download = folder + ".download";
  RETURN_IF_ERROR(RemoveTree(folder));
  RETURN_IF_ERROR(RemoveTree(download));
  RETURN_IF_ERROR(MakeDirs(download));
  const Status fetched = Fetch(ctx, project, download, folder);
  (void)RemoveTree(download);
  RETURN_IF_ERROR(fetched);
  RETURN_IF_ERROR(InitialiseRepository(ctx, folder, "as it was published"));
  Suite suite;
  RETURN_IF_ERROR(suite.Open(ctx, paths, folder));
  ASSIGN_OR_RETURN(std::vector<TokenPlace> places, PlacesOf(project, folder));
  Draw(project, seed, places);
  for (const TokenPlace& place : places) {
    const std::string path = JoinPath(folder, place.file);
    ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileMax));
    FileChange change{.path = place.file};
    const DrawnBug bug = BugAt(place, text, &change.content);
    ASSIGN_OR_RETURN(const bool noticed, suite.Notices(ctx, {change}));
    if (!noticed) continue;
    RETURN_IF_ERROR(WriteFile(path, change.content, 0644));
    RETURN_IF_ERROR(RemoveTree(JoinPath(folder, ".git")));
    RETURN_IF_ERROR(InitialiseRepository(
        ctx, folder, StrCat(project.name, " ", project.version, " with one bug")));
    return bug;
  }
  return FailedPrecondition("the tests of ", project.name, " notice none of the ", places.size(),
                            " places drawn from this seed; try another --seed");
}

}  // namespace coditect
