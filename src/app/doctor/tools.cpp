// doctor: the tools that repairs need, and who finds repairs.
#include <algorithm>

#include "src/app/doctor/examination.h"
#include "src/app/doctor/probing.h"

namespace coditect {
namespace {

constexpr std::chrono::milliseconds kVersionsWall{20'000};

struct Tool {
  const char* name;
  const char* package;  // of Debian
  const char* use;      // what lacks without it
  const char* ask = "--version";
};

constexpr Tool kTools[] = {
    {"git", "git", "everything"},
    {"cc", "gcc", "C"},
    {"c++", "g++", "C++"},
    {"gcov", "gcc", "finding bugs in C and C++"},
    {"make", "make", "Make and CMake projects"},
    {"cmake", "cmake", "CMake projects"},
    {"ctest", "cmake", "CMake projects"},
    {"ninja", "ninja-build", "Meson projects"},
    {"meson", "meson", "Meson projects"},
};

/// "name<TAB>path<TAB>version" for each tool that is there.
std::string VersionsScript(const std::string& python) {
  std::string script;
  for (const Tool& tool : kTools) {
    script +=
        StrCat("if p=$(command -v ", tool.name, "); then printf '%s\\t%s\\t%s\\n' ", tool.name,
               " \"$p\" \"$(", tool.name, " ", tool.ask, " 2>/dev/null | head -n 1)\"; fi\n");
  }
  // A library that is not there is printed as its bare name.
  script +=
      "case \"$(cc -print-file-name=libasan.so 2>&1) $(cc -print-file-name=libubsan.so 2>&1)\" in "
      "/*' '/*) printf 'sanitizers\\t\\tAddressSanitizer, UndefinedBehaviorSanitizer\\n' ;; esac\n";
  if (!python.empty()) {
    const std::string program = ShellQuote(python);
    script +=
        StrCat("printf 'python\\t%s\\t%s\\n' ", program, " \"$(", program, " --version 2>&1)\"\n");
    for (const char* runner : {"pytest", "unittest"}) {
      script += StrCat("if ", program, " -c 'import ", runner, "' 2>/dev/null; then ", program,
                       " -c 'import ", runner, "; print(\"", runner, "\", \"\", getattr(", runner,
                       ", \"__version__\", \"\"), sep=\"\\t\")'; fi\n");
    }
  }
  return script;
}

std::map<std::string, std::string> VersionsOf(const std::string& output) {
  std::map<std::string, std::string> versions;
  for (const std::string& line : Split(output, '\n')) {
    const std::vector<std::string> parts = Split(line, '\t');
    if (parts.size() != 3) continue;
    versions[parts[0]] = StrCat(parts[2], parts[1].empty() ? "" : StrCat(" (", parts[1], ")"));
  }
  return versions;
}

void CheckPython(const Patient& patient, const std::map<std::string, std::string>& versions,
                 CheckList& rows) {
  const Toolchain& tools = patient.toolchain;
  if (tools.python.empty()) {
    rows.Warn("python", "no Python was found: Python projects cannot be worked on",
              "`sudo apt-get install python3`");
    return;
  }
  const auto found = versions.find("python");
  rows.Ok("python", StrCat(found == versions.end() ? tools.python : found->second, ", from ",
                           tools.python_origin));
  if (versions.contains("pytest")) {
    rows.Ok("pytest", versions.at("pytest"));
  } else {
    rows.Warn("pytest", "not in this Python's packages; unittest projects need none",
              StrCat("`", tools.python, " -m pip install pytest`"));
  }
}

}  // namespace

void CheckTools(Patient& patient, CheckList rows) {
  if (patient.sandbox == nullptr) {
    rows.Warn("tools", "not looked at: there is no sandbox to run them in", "");
    return;
  }
  const auto workspace = OpenProbe(patient, "doctor-tools");
  const auto result =
      workspace.ok()
          ? RunProbe(**workspace, VersionsScript(patient.toolchain.python), {.wall = kVersionsWall})
          : StatusOr<SandboxResult>(workspace.status());
  if (!result.ok()) {
    rows.Fail("tools", Message(result.status()), "see group sandbox");
    return;
  }
  const auto versions = VersionsOf(result->output);
  for (const Tool& tool : kTools) {
    const auto found = versions.find(tool.name);
    if (found != versions.end()) {
      rows.Ok(tool.name, found->second);
    } else {
      rows.Warn(tool.name, StrCat("not on PATH; needed for ", tool.use),
                StrCat("`sudo apt-get install ", tool.package, "`"));
    }
  }
  if (const auto found = versions.find("sanitizers"); found != versions.end()) {
    rows.Ok("sanitizers", found->second);
  } else if (versions.contains("cc")) {
    rows.Warn("sanitizers",
              "not in this compiler's libraries: faults of memory are told by tests only",
              "`sudo apt-get install gcc`");
  }
  CheckPython(patient, versions, rows);
}

void CheckBrain(const Patient& patient, CheckList rows) {
  rows.Ok("offline",
          "repairs what failing tests show, in Python, C and C++, without a model; goals that need "
          "one end with exit 8");
  std::vector<std::string> set;
  for (const char* name : {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"}) {
    const auto key = patient.environment.find(name);
    if (key != patient.environment.end() && !key->second.empty()) set.emplace_back(name);
  }
  rows.Ok("key", set.empty() ? "none is set; none is needed: this version has no model adapter"
                             : StrCat(Join(set, " and "), set.size() == 1 ? " is" : " are",
                                      " set and not used: this version has no model adapter"));
}

}  // namespace coditect
