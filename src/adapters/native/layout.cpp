// Recognising builds and tests by names and a little text.
#include "src/adapters/native/layout.h"

#include <algorithm>
#include <array>
#include <set>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kReadFilesMax = 2000;
constexpr uint64_t kReadBytesMax = 1 << 20;
constexpr std::array<std::string_view, 11> kExtensions = {
    ".c", ".cc", ".cpp", ".cxx", ".c++", ".h", ".hh", ".hpp", ".hxx", ".inl", ".ipp"};
constexpr std::array<std::string_view, 5> kTestFolders = {"test", "tests", "t", "unittest",
                                                          "unittests"};
constexpr std::array<std::string_view, 5> kPythonMarks = {"pyproject.toml", "setup.py", "setup.cfg",
                                                          "tox.ini", "pytest.ini"};
// Macros that define a test in GoogleTest, Catch2, doctest, Criterion, Boost.Test and Check.
constexpr std::array<std::string_view, 9> kTestMacros = {
    "TEST(",     "TEST_F(", "TEST_P(",          "TYPED_TEST(", "TEST_CASE(",
    "SCENARIO(", "Test(",   "BOOST_AUTO_TEST_", "START_TEST("};

template <class List>
bool Holds(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != std::end(list);
}

std::string_view Extension(std::string_view path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) return "";
  return path.substr(dot);
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// By its folder, or a name like test_x.c, x_test.cpp, XTest.cc, tests.cpp.
bool HasTestName(std::string_view path) {
  const std::vector<std::string> parts = Split(path, '/');
  const auto is_folder = [](const std::string& part) { return Holds(kTestFolders, Lower(part)); };
  if (std::any_of(parts.begin(), parts.end() - 1, is_folder)) return true;
  const std::string& name = parts.back();
  const std::string_view stem = std::string_view(name).substr(0, name.rfind('.'));
  const std::string lower = Lower(stem);
  return lower == "test" || lower == "tests" || lower.starts_with("test_") ||
         lower.starts_with("test-") || lower.starts_with("tests_") || lower.ends_with("_test") ||
         lower.ends_with("-test") || lower.ends_with("_tests") || lower.ends_with("_unittest") ||
         stem.ends_with("Test") || stem.ends_with("Tests");
}

/// A line that begins with a macro of a test framework, or a `main` that asserts.
bool HasTestText(std::string_view text) {
  bool main = false;
  bool asserts = false;
  for (const std::string& line : Split(text, '\n')) {
    const std::string_view trimmed = TrimWhitespace(line);
    if (std::any_of(kTestMacros.begin(), kTestMacros.end(),
                    [&](std::string_view macro) { return line.starts_with(macro); })) {
      return true;
    }
    main |= line.starts_with("int main(") || line.starts_with("int main (");
    asserts |= trimmed.starts_with("assert(") || trimmed.starts_with("assert (");
  }
  return main && asserts;
}

bool IsBuildFile(std::string_view name) {
  return name == "CMakeLists.txt" || name == "CTestConfig.cmake" || name == "meson.build" ||
         name == "meson_options.txt" || name == "Makefile" || name == "GNUmakefile" ||
         name == "makefile" || name == "configure.ac" || name == "CMakePresets.json" ||
         name.ends_with(".cmake") || name.ends_with(".mk");
}

bool HasTarget(std::string_view makefile, std::string_view target) {
  for (const std::string& line : Split(makefile, '\n')) {
    if (!line.starts_with(target)) continue;
    const std::string_view rest = TrimWhitespace(std::string_view(line).substr(target.size()));
    if (rest.starts_with(':') && !rest.starts_with(":=")) return true;
  }
  return false;
}

/// True for an option's name that says "build the tests" and nothing more special.
bool SwitchesTestsOn(const std::string& name) {
  bool tests = false;
  for (const std::string& word : Split(name, '_')) {
    constexpr std::string_view kTests[] = {"TEST", "TESTS", "TESTING", "UNITTEST", "UNITTESTS"};
    constexpr std::string_view kSpecial[] = {"INSTALL", "FUZZ",    "FUZZING", "VALGRIND", "BENCH",
                                             "PERF",    "NETWORK", "DISABLE", "NO",       "SKIP",
                                             "WITHOUT", "GPU",     "SLOW",    "ONLY"};
    if (Holds(kSpecial, word)) return false;
    tests |= Holds(kTests, word);
  }
  return tests;
}

/// -DNAME=ON for each option of a CMakeLists.txt, `option(NAME "…" OFF)` or dependent, that keeps
/// tests from being built.
std::vector<std::string> TestSwitches(const std::string& text) {
  std::vector<std::string> switches;
  constexpr std::string_view kOption = "option(";
  for (size_t at = text.find(kOption); at != std::string::npos; at = text.find(kOption, at + 1)) {
    const size_t start = text.find_first_not_of(" \t\r\n", at + kOption.size());
    const size_t quote = text.find('"', at);
    const size_t close = quote == std::string::npos ? quote : text.find('"', quote + 1);
    if (start == std::string::npos || close == std::string::npos) break;
    const std::string name = text.substr(start, text.find_first_of(" \t\r\n\")", start) - start);
    const size_t value = std::min(text.find_first_not_of(" \t\r\n", close + 1), text.size());
    const std::string_view rest = std::string_view(text).substr(value);
    const bool off = rest.starts_with("OFF") || rest.starts_with("FALSE") || rest.starts_with(')');
    if (off && SwitchesTestsOn(name)) switches.push_back(StrCat("-D", name, "=ON"));
  }
  return switches;
}

class Finder {
 public:
  Finder(const std::vector<TreeEntry>& files, const FileReader& read)
      : files_(files), read_(read) {}

  SourceLayout Find() {
    std::set<std::string> tests;
    for (const TreeEntry& entry : files_) {
      const std::string name = BaseName(entry.path);
      const bool top = entry.path.find('/') == std::string::npos;
      if (top) {
        top_.insert(name);
        layout_.python_project |= Holds(kPythonMarks, name);
      }
      if (IsBuildFile(name)) {
        tests.insert(entry.path);
        if (name == "CMakeLists.txt" || name.ends_with(".cmake")) LookAtCMake(entry);
      } else if (IsNativeSource(name)) {
        layout_.any_source = true;
        if (HasTestName(entry.path) || HasTestText(TextOf(entry))) tests.insert(entry.path);
      }
    }
    ChooseRunner();
    layout_.test_files.assign(tests.begin(), tests.end());
    return std::move(layout_);
  }

 private:
  std::string TextOf(const TreeEntry& entry) {
    if (read_files_ >= kReadFilesMax || entry.size_bytes > kReadBytesMax) return "";
    ++read_files_;
    auto text = read_(entry.path);
    return text.ok() ? *std::move(text) : "";
  }

  void LookAtCMake(const TreeEntry& entry) {
    const std::string text = TextOf(entry);
    if (entry.path == "CMakeLists.txt") layout_.arguments = TestSwitches(text);
    cmake_tests_ |= Contains(text, "add_test(") || Contains(text, "add_test (") ||
                    Contains(text, "_discover_tests");
  }

  void ChooseRunner() {
    if (top_.contains("CMakeLists.txt") && cmake_tests_) {
      layout_.runner = "ctest";
      layout_.build_file = "CMakeLists.txt";
      std::string arguments;
      for (const std::string& argument : layout_.arguments) arguments += " " + argument;
      layout_.command = StrCat("cmake -S . -B build", arguments,
                               " && cmake --build build && ctest --test-dir build");
      return;
    }
    layout_.arguments.clear();
    if (top_.contains("meson.build")) {
      layout_.runner = "meson";
      layout_.build_file = "meson.build";
      layout_.command = "meson setup build && meson test -C build";
      return;
    }
    for (const char* name : {"GNUmakefile", "makefile", "Makefile"}) {
      if (!top_.contains(name)) continue;
      const auto text = read_(name);
      if (!text.ok()) continue;
      for (const char* target : {"check", "test", "tests"}) {
        if (!HasTarget(*text, target)) continue;
        layout_.runner = "command";
        layout_.build_file = name;
        layout_.command = StrCat("make ", target);
        return;
      }
    }
  }

  const std::vector<TreeEntry>& files_;
  const FileReader& read_;
  SourceLayout layout_;
  std::set<std::string> top_;
  bool cmake_tests_ = false;
  size_t read_files_ = 0;
};

}  // namespace

bool IsNativeSource(std::string_view path) { return Holds(kExtensions, Extension(path)); }

SourceLayout FindSources(const std::vector<TreeEntry>& files, const FileReader& read) {
  return Finder(files, read).Find();
}

}  // namespace coditect::native
