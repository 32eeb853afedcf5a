// Names that decide what a test run says.
#include "src/domain/test_integrity.h"

#include <algorithm>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

struct NameRule {
  std::string_view names;     // exact, separated by blanks
  std::string_view endings;   // of names, separated by blanks
  std::string_view sentence;  // after "PATH "
};

constexpr NameRule kNameRules[] = {
    {"conftest.py pytest.ini .pytest.ini tox.ini setup.cfg pyproject.toml noxfile.py .coveragerc",
     "", "configures the test runner"},
    {"sitecustomize.py usercustomize.py", ".pth .egg-link", "is loaded by every interpreter"},
    {"CMakeLists.txt CMakePresets.json CMakeUserPresets.json CTestConfig.cmake CTestCustom.cmake "
     "meson.build meson_options.txt meson.options Makefile GNUmakefile makefile Makefile.in "
     "configure configure.ac build.ninja WORKSPACE BUILD",
     ".cmake .cmake.in .mk .am .bazel", "decides what is built and which tests there are"},
    {"", ".ld .lds .map .ver .so .a .o .obj .dylib .pyc .pyd", "reaches the linker or the loader"},
};

// Modules that a test runner imports by name from the folder it is started in.
constexpr std::string_view kRunnerModules =
    "pytest _pytest unittest doctest pluggy mock iniconfig packaging exceptiongroup tomli "
    "argparse ast builtins code collections contextlib copy dataclasses difflib dis enum fcntl "
    "fnmatch functools gc glob importlib inspect io itertools json linecache logging operator os "
    "pathlib pdb platform pprint random re selectors shlex shutil signal site socket string "
    "subprocess sys sysconfig tempfile textwrap threading time timeit tokenize traceback types "
    "typing warnings weakref xml zipfile";
constexpr std::string_view kTestFolders = "test tests unittest unittests";
constexpr std::string_view kNativeSources = ".c .cc .cpp .cxx .c++ .h .hh .hpp .hxx .inl .ipp";

bool IsOneOf(std::string_view name, std::string_view names) {
  for (const std::string& one : Split(names, ' ')) {
    if (!one.empty() && name == one) return true;
  }
  return false;
}

bool EndsWithOneOf(std::string_view name, std::string_view endings) {
  for (const std::string& one : Split(endings, ' ')) {
    if (!one.empty() && name.ends_with(one)) return true;
  }
  return false;
}

std::string_view StemOf(std::string_view name) { return name.substr(0, name.rfind('.')); }

bool IsTestName(std::string_view name) {
  const std::string_view stem = StemOf(name);
  return stem.starts_with("test_") || stem.ends_with("_test") || stem.ends_with("_tests");
}

bool StandsAmongTests(std::string_view path) {
  const std::vector<std::string> parts = Split(path, '/');
  return std::any_of(parts.begin(), parts.end() - 1,
                     [](const std::string& part) { return IsOneOf(part, kTestFolders); });
}

const NameRule* RuleOfName(std::string_view name) {
  for (const NameRule& rule : kNameRules) {
    if (IsOneOf(name, rule.names) || EndsWithOneOf(name, rule.endings)) return &rule;
  }
  return nullptr;
}

/// A module or package of this name at the top would be imported in the place of the runner's.
bool ShadowsRunner(std::string_view path) {
  const size_t slash = path.find('/');
  if (slash != std::string_view::npos) {
    return IsOneOf(path.substr(0, slash), kRunnerModules) && path.ends_with(".py");
  }
  return path.ends_with(".py") && IsOneOf(StemOf(path), kRunnerModules);
}

bool IsProgram(const FileChange& change) {
  return change.kind == FileChange::Kind::kWrite &&
         (change.executable || change.content.starts_with("\x7f"
                                                          "ELF"));
}

/// True when `name` stands in `text` as a word of its own.
bool IsNamedIn(std::string_view text, std::string_view name) {
  const auto part_of_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !part_of_name(text[at - 1])) &&
        (end == text.size() || !part_of_name(text[end]))) {
      return true;
    }
  }
  return false;
}

Finding Judged(const FileChange& change, std::string_view kind, std::string rule) {
  return {.path = change.path, .kind = std::string(kind), .rule = std::move(rule)};
}

Finding ChangedTest(const FileChange& change) {
  return change.kind == FileChange::Kind::kDelete
             ? Judged(change, kTestDeleted, "is an existing test, and was deleted")
             : Judged(change, kTestChanged, "is an existing test, and was changed");
}

/// What matters only where the base has no such file: its tests ran without it. An empty kind:
/// nothing.
Finding FindInNew(const FileChange& change) {
  if (ShadowsRunner(change.path)) {
    return Judged(change, kConfigurationChanged, "shadows a module that tests are run by");
  }
  if (IsTestName(BaseName(change.path)) || StandsAmongTests(change.path)) {
    return Judged(change, kTestAdded,
                  "is a test that the base does not have: its import can change others");
  }
  return {};
}

Finding JudgeChange(const FileChange& change, const JudgeRequest& request) {
  const auto old = request.base.find(change.path);
  const bool exists = old != request.base.end();
  const std::string name = BaseName(change.path);
  if (const NameRule* rule = RuleOfName(name)) {
    return Judged(change, kConfigurationChanged, std::string(rule->sentence));
  }
  if (std::ranges::find(request.test_files, change.path) != request.test_files.end()) {
    return ChangedTest(change);
  }
  if (exists && StandsAmongTests(change.path)) return ChangedTest(change);
  const bool was_program = exists && (old->second.mode & 0111) != 0;
  if (IsProgram(change) && (!was_program || change.content.starts_with("\x7f"
                                                                       "ELF"))) {
    return Judged(change, kConfigurationChanged,
                  "became a program: it may run in the place of what the build makes");
  }
  if (!exists) {
    if (Finding found = FindInNew(change); !found.kind.empty()) return found;
  }
  if (!EndsWithOneOf(name, kNativeSources) && IsNamedIn(request.build_text, name)) {
    return Judged(change, kConfigurationChanged, "is named by the build: it may decide what runs");
  }
  return {};
}

bool MatchesParts(const std::vector<std::string>& glob, size_t g,
                  const std::vector<std::string>& path, size_t p);

/// `*` and `?` within one name.
bool MatchesName(std::string_view glob, std::string_view name) {
  size_t g = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (n < name.size()) {
    if (g < glob.size() && (glob[g] == '?' || glob[g] == name[n]) && glob[g] != '*') {
      ++g, ++n;
    } else if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

bool MatchesParts(const std::vector<std::string>& glob, size_t g,
                  const std::vector<std::string>& path, size_t p) {
  if (g == glob.size()) return p == path.size();
  if (glob[g] == "**") {
    for (size_t next = p; next <= path.size(); ++next) {
      if (MatchesParts(glob, g + 1, path, next)) return true;
    }
    return false;
  }
  return p < path.size() && MatchesName(glob[g], path[p]) && MatchesParts(glob, g + 1, path, p + 1);
}

}  // namespace

std::string FindingText(const Finding& finding) {
  const std::string place = finding.line == 0 ? "" : StrCat(":", finding.line);
  return EscapeForTerminal(
      StrCat(finding.path, place, finding.path.empty() ? "" : " ", finding.rule));
}

std::string ReviewText(const std::vector<Finding>& findings) {
  if (findings.empty()) return "";
  const std::string first = FindingText(findings.front());
  return findings.size() == 1 ? first : StrCat(first, " (and ", findings.size() - 1, " more)");
}

bool IsTestOrConfigurationName(std::string_view path) {
  const std::string name = BaseName(path);
  return IsTestName(name) || RuleOfName(name) != nullptr;
}

std::vector<Finding> FindJudgeChanges(const JudgeRequest& request) {
  std::vector<Finding> findings;
  for (const FileChange& change : request.changes) {
    Finding found = JudgeChange(change, request);
    if (!found.kind.empty()) findings.push_back(std::move(found));
  }
  return findings;
}

bool MatchesGlob(std::string_view glob, std::string_view path) {
  constexpr size_t kPartsMax = 64;  // `**` tries every split
  const std::vector<std::string> parts = Split(glob, '/');
  if (parts.size() > kPartsMax) return false;
  return MatchesParts(parts, 0, Split(path, '/'), 0);
}

std::vector<Finding> FindProtectedChanges(const std::vector<FileChange>& changes,
                                          const std::vector<std::string>& globs) {
  std::vector<Finding> findings;
  for (const FileChange& change : changes) {
    for (const std::string& glob : globs) {
      if (!MatchesGlob(glob, change.path)) continue;
      findings.push_back({.path = change.path,
                          .kind = std::string(kProtected),
                          .rule = StrCat("is protected by approve.protected (", glob, ")")});
      break;
    }
  }
  return findings;
}

}  // namespace coditect
