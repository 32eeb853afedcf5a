// CPU and wall time of edit, build and test of a one-file change: in a new workspace that begins
// with the base's build, beside the project's own incremental build outside, alternating.
//
// Inside, everything is counted: opening and removing the workspace, the change, the build, listing
// and running the tests, and coditect's own CPU time. Outside: `cmake --build` and `ctest`.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "src/adapters/native/harness.h"
#include "src/adapters/process/broker.h"
#include "src/adapters/process/sandbox.h"
#include "src/base/file.h"
#include "src/base/strings.h"

#include "benchmarks/support/cxx_project.h"
#include "benchmarks/support/measure.h"

namespace coditect::bench {
namespace {

constexpr int kFiles = 40;
constexpr int kLinesOfFile = 100;
constexpr int kRuns = 5;

struct Cost {
  double cpu = 0, wall = 0;  // seconds
};

double ChildrenCpu() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Runs a command of the shell that must succeed, as a child of this process.
Cost Shell(const std::string& command) {
  const double before = ChildrenCpu();
  const Stopwatch watch;
  const int status = std::system(command.c_str());
  CHECK_WITH(status == 0, command);
  return {.cpu = ChildrenCpu() - before, .wall = watch.Wall()};
}

class WarmWorkspace {
 public:
  WarmWorkspace(const std::string& folder, std::string edited, std::string arguments)
      : project_(folder + "/project"),
        base_(folder + "/base"),
        built_(folder + "/built"),
        edited_(std::move(edited)),
        arguments_(std::move(arguments)),
        harness_(native::CreateHarness()) {
    text_ = Must(ReadFile(project_ + "/" + edited_));
    Must(MakeDirs(folder + "/state", 0755));
    Shell("cp -a " + ShellQuote(project_) + " " + ShellQuote(base_));
    process::Options options;
    options.state_folder = folder + "/state";
    sandbox_ = Must(process::Sandbox::Create(options));
  }

  void Prepare() {
    Shell(StrCat("cd ", ShellQuote(project_), " && cmake -S . -B build ", arguments_,
                 " >/dev/null && cmake --build build -j\"$(nproc)\" >/dev/null && ",
                 "ctest --test-dir build >/dev/null"));
    auto workspace = Open();
    DetectRequest request;
    for (const std::string& path : Paths()) {
      request.files.push_back({.path = path, .mode = 0100644, .object_id = "", .size_bytes = 1});
    }
    plan_ = Must(harness_->Detect(Context{}, *workspace, request));
    TestRunRequest run;
    run.plan = plan_;
    run.on_built = [&](const BuiltFolder& built) {
      RETURN_IF_ERROR(workspace->Keep(Context{}, built.folder, built_));
      layers_ = {{.host = built_, .folder = built.folder}};
      return absl::OkStatus();
    };
    tests_ = Passed(Must(harness_->Run(Context{}, *workspace, run)));
    CHECK(tests_ > 0 && !layers_.empty());
  }

  Cost Outside(int number) {
    Must(WriteFile(project_ + "/" + edited_, Edited(number), 0644));
    return Shell(StrCat("cd ", ShellQuote(project_), " && cmake --build build -j\"$(nproc)\" ",
                        ">/dev/null && ctest --test-dir build >/dev/null"));
  }

  Cost Inside(int number) {
    const Stopwatch watch;
    TestReport report;
    {
      auto workspace = Open();
      Must(workspace->Apply({{.path = edited_, .content = Edited(number)}}));
      TestRunRequest run;
      run.plan = plan_;
      report = Must(harness_->Run(Context{}, *workspace, run));
    }
    CHECK(Passed(report) == tests_);
    return {.cpu = watch.Cpu() + static_cast<double>(report.cpu_ms) / 1e3, .wall = watch.Wall()};
  }

  size_t tests() const { return tests_; }

 private:
  std::unique_ptr<Workspace> Open() {
    WorkspaceOptions options{.label = "bench", .repo_path = project_, .base = base_};
    options.layers = layers_;
    return Must(sandbox_->OpenWorkspace(Context{}, options));
  }

  /// A change that every object of the file shows.
  std::string Edited(int number) const {
    return StrCat(text_, "\nint coditect_bench_", number, "_of_change = ", number, ";\n");
  }

  std::vector<std::string> Paths() const {
    const std::string list = project_ + "/../paths";
    Shell(StrCat("cd ", ShellQuote(base_), " && find . -type f -printf '%P\\n' > ",
                 ShellQuote(list)));
    std::vector<std::string> paths = Split(Must(ReadFile(list)), '\n');
    std::erase(paths, "");
    return paths;
  }

  static size_t Passed(const TestReport& report) {
    size_t passed = 0;
    for (const TestCase& test : report.cases) passed += test.status == TestStatus::kPassed;
    return passed;
  }

  const std::string project_, base_, built_, edited_, arguments_;
  std::string text_;
  std::unique_ptr<Sandbox> sandbox_;
  std::unique_ptr<TestHarness> harness_;
  HarnessPlan plan_;
  std::vector<FolderLayer> layers_;
  size_t tests_ = 0;
};

void Measure(const std::string& name, const std::string& folder, const std::string& edited,
             const std::string& arguments) {
  WarmWorkspace bench(folder, edited, arguments);
  bench.Prepare();
  std::vector<double> outside_cpu, inside_cpu, outside_wall, inside_wall, cpu, wall;
  for (int i = 0; i < kRuns; ++i) {
    const Cost outside = bench.Outside(i);
    const Cost inside = bench.Inside(i);
    outside_cpu.push_back(outside.cpu);
    inside_cpu.push_back(inside.cpu);
    outside_wall.push_back(outside.wall);
    inside_wall.push_back(inside.wall);
    cpu.push_back(inside.cpu / outside.cpu);
    wall.push_back(inside.wall / outside.wall);
  }
  const Range ratio = RangeOf(cpu);
  std::printf("| %s, %zu tests | %.2f | %.2f | %.2f [%.2f-%.2f] | <= 1.2 | %.2f | %.2f | %.2f |\n",
              name.c_str(), bench.tests(), RangeOf(outside_cpu).median, RangeOf(inside_cpu).median,
              ratio.median, ratio.min, ratio.max, RangeOf(outside_wall).median,
              RangeOf(inside_wall).median, RangeOf(wall).median);
  std::fflush(stdout);
}

/// A source package that benchmarks/real_native.py fetches.
struct RealProject {
  const char* package;
  const char* edited;
  const char* arguments;
};

}  // namespace

/// `only` names the project to measure; "" = all.
int Main(const std::string& only) {
  std::printf(
      "Edit, build and test of a one-file change, seconds, medians of %d alternating runs; inside "
      "with opening and removing the workspace.\n\n| Project | CPU outside | CPU in a workspace | "
      "Ratio | Target | Wall outside | Wall inside | Ratio |\n|---|---|---|---|---|---|---|---|\n",
      kRuns);
  if (only.empty() || only == "generated") {
    const ScratchFolder scratch;
    for (const auto& [path, text] : CxxProject(kFiles, kLinesOfFile)) {
      const std::string file = scratch.path() + "/project/" + path;
      Must(MakeDirs(DirName(file), 0755));
      Must(WriteFile(file, text, 0644));
    }
    Measure(StrCat("generated C++, ", kFiles, " files"), Must(RealPath(scratch.path())),
            StrCat("src/unit_", kFiles / 2, ".cpp"), "");
  }
  constexpr RealProject kProjects[] = {
      {"cjson", "cJSON.c", ""},
      {"double-conversion", "double-conversion/strtod.cc", "-DBUILD_TESTING=ON"},
  };
  for (const RealProject& project : kProjects) {
    if (!only.empty() && only != project.package) continue;
    const ScratchFolder scratch;
    Shell(StrCat("python3 benchmarks/real_native.py --package ", project.package, " --fetch ",
                 ShellQuote(scratch.path() + "/project")));
    Measure(StrCat(project.package, " (Debian's source package)"), Must(RealPath(scratch.path())),
            project.edited, project.arguments);
  }
  return 0;
}

}  // namespace coditect::bench

int main(int argc, char** argv) {
  if (coditect::process::IsBrokerInvocation(argc, argv)) {
    return coditect::process::BrokerMain(argc, argv);
  }
  return coditect::bench::Main(argc > 1 ? argv[1] : "");
}
