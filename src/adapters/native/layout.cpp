// Recognising builds and tests by names and a little text.
#include "src/adapters/native/layout.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kReadFilesMax = 2000;
constexpr uint64_t kReadBytesMax = 1 << 20;
constexpr std::array<std::string_view, 11> kExtensions = {
    ".c", ".cc", ".cpp", ".cxx", ".c++", ".h", ".hh", ".hpp", ".hxx", ".inl", ".ipp"};
constexpr std::array<std::string_view, 4> kCxxExtensions = {".cc", ".cpp", ".cxx", ".c++"};
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

class Finder {
 public:
  Finder(const std::vector<TreeEntry>& files, const FileReader& read)
      : files_(files), read_(read) {}

  SourceLayout Find() {
    std::set<std::string> tests;
    for (const TreeEntry& entry : files_) {
      const std::string name = BaseName(entry.path);
      const bool top = entry.path.find('/') == std::string::npos;
      if (top) layout_.python_project |= Holds(kPythonMarks, name);
      if (IsBuildFile(name)) {
        tests.insert(entry.path);
        build_files_[entry.path] = TextOf(entry);
      } else if (IsNativeSource(name)) {
        layout_.any_source = true;
        layout_.any_cxx |= Holds(kCxxExtensions, Extension(name));
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

  void ChooseRunner() {
    BuildSystems found = FindBuildSystems(build_files_);
    layout_.obstacle = std::move(found.obstacle);
    if (!found.usable.empty()) layout_.build = std::move(found.usable.front());
  }

  const std::vector<TreeEntry>& files_;
  const FileReader& read_;
  SourceLayout layout_;
  std::map<std::string, std::string> build_files_;  // texts by path
  size_t read_files_ = 0;
};

}  // namespace

bool IsNativeSource(std::string_view path) { return Holds(kExtensions, Extension(path)); }

SourceLayout FindSources(const std::vector<TreeEntry>& files, const FileReader& read) {
  return Finder(files, read).Find();
}

}  // namespace coditect::native
