// Recognising tests by names and a little text.
#include "src/adapters/python/layout.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <set>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr size_t kReadFilesMax = 300;
constexpr uint64_t kReadBytesMax = 1 << 20;
constexpr std::array<std::string_view, 2> kTestFolders = {"test", "tests"};
constexpr std::array<std::string_view, 3> kOwnConfigs = {"pytest.ini", ".pytest.ini",
                                                         "conftest.py"};
constexpr std::array<std::string_view, 3> kSharedConfigs = {"tox.ini", "setup.cfg",
                                                            "pyproject.toml"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool StandsInTestFolder(std::string_view path) {
  const std::vector<std::string> parts = Split(path, '/');
  return std::any_of(parts.begin(), parts.end() - 1,
                     [](const std::string& part) { return Contains(kTestFolders, part); });
}

/// The words of `name = …` in an INI or TOML file: up to the next key, section or blank line.
std::vector<std::string> SettingWords(std::string_view text, std::string_view name) {
  std::vector<std::string> words;
  bool inside = false;
  for (const std::string& line : Split(text, '\n')) {
    std::string_view rest = line;
    if (!inside) {
      const std::string_view trimmed = TrimWhitespace(line);
      if (!trimmed.starts_with(name)) continue;
      const std::string_view after = TrimWhitespace(trimmed.substr(name.size()));
      if (!after.starts_with('=')) continue;
      inside = true;
      rest = after.substr(1);
    } else if (TrimWhitespace(line).empty() || line[0] == '[' ||
               (line[0] != ' ' && line[0] != '\t' && line[0] != ']')) {
      break;
    }
    std::string word;
    for (const char c : StrCat(rest, " ")) {
      if (std::string_view(" \t\r\"',[]").find(c) == std::string_view::npos) {
        word += c;
      } else if (!word.empty()) {
        words.push_back(std::move(word));
        word.clear();
      }
    }
  }
  return words;
}

bool ConfiguresPytest(std::string_view name, std::string_view text) {
  if (name == "tox.ini") return text.find("[pytest]") != std::string_view::npos;
  if (name == "setup.cfg") return text.find("[tool:pytest]") != std::string_view::npos;
  return text.find("[tool.pytest") != std::string_view::npos;
}

/// What one file's text says.
struct Signs {
  bool pytest = false;
  bool plain_functions = false;
  bool test_cases = false;
};

Signs ReadSigns(std::string_view text) {
  Signs signs;
  for (const std::string& line : Split(text, '\n')) {
    const std::string_view view = line;
    signs.plain_functions |= view.starts_with("def test") || view.starts_with("async def test");
    const std::string_view trimmed = TrimWhitespace(view);
    signs.pytest |= trimmed.starts_with("import pytest") || trimmed.starts_with("from pytest");
    signs.test_cases |=
        trimmed.starts_with("class ") && trimmed.find("TestCase") != std::string_view::npos;
  }
  return signs;
}

/// The repository's own names for tests, from pytest's configuration.
struct Custom {
  std::vector<std::string> patterns;  // python_files
  std::vector<std::string> folders;   // testpaths

  bool Names(const std::string& path) const {
    const std::string name = BaseName(path);
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
      return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
    });
  }
  bool Holds(std::string_view path) const {
    return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
      return folder != "." && path.starts_with(folder + "/");
    });
  }
};

Custom ReadConfigs(const std::vector<TreeEntry>& files, const FileReader& read,
                   std::set<std::string>* test_files, TestLayout* layout) {
  Custom custom;
  for (const TreeEntry& entry : files) {
    const std::string name = BaseName(entry.path);
    const bool own = Contains(kOwnConfigs, name);
    if (own) {
      test_files->insert(entry.path);
      layout->asks_for_pytest = true;
    }
    const bool top = entry.path.find('/') == std::string::npos;
    if (!top || name == "conftest.py" || entry.size_bytes > kReadBytesMax) continue;
    if (!own && !Contains(kSharedConfigs, name)) continue;
    const StatusOr<std::string> text = read(entry.path);
    if (!text.ok() || (!own && !ConfiguresPytest(name, *text))) continue;
    test_files->insert(entry.path);
    layout->asks_for_pytest = true;
    for (std::string& word : SettingWords(*text, "python_files")) {
      custom.patterns.push_back(std::move(word));
    }
    for (std::string& word : SettingWords(*text, "testpaths")) {
      while (word.ends_with('/')) word.pop_back();
      custom.folders.push_back(std::move(word));
    }
  }
  return custom;
}

}  // namespace

bool IsTestModule(std::string_view path) {
  const std::string name = BaseName(path);
  if (!name.ends_with(".py")) return false;
  return name.starts_with("test_") || name.ends_with("_test.py") || name == "test.py" ||
         name == "tests.py";
}

TestLayout FindTests(const std::vector<TreeEntry>& files, const FileReader& read) {
  TestLayout layout;
  std::set<std::string> test_files;
  const Custom custom = ReadConfigs(files, read, &test_files, &layout);
  size_t read_files = 0;
  for (const TreeEntry& entry : files) {
    const bool python = entry.path.ends_with(".py");
    layout.any_python |= python;
    const bool module = IsTestModule(entry.path) || (python && custom.Names(entry.path));
    const bool stands = StandsInTestFolder(entry.path) || custom.Holds(entry.path);
    if (module || stands) test_files.insert(entry.path);
    layout.any_test |= module;
    const bool perhaps = python && BaseName(entry.path).starts_with("test");
    if (!python || !(module || stands || perhaps)) continue;
    if (entry.size_bytes > kReadBytesMax || read_files >= kReadFilesMax) continue;
    read_files += 1;
    const StatusOr<std::string> text = read(entry.path);
    if (!text.ok()) continue;
    const Signs signs = ReadSigns(*text);
    if (!module && perhaps && signs.test_cases) {  // unittest takes every test*.py
      test_files.insert(entry.path);
      layout.any_test = true;
    } else if (!module && !stands) {
      continue;
    }
    layout.asks_for_pytest |= signs.pytest;
    layout.plain_functions |= module && signs.plain_functions;
    layout.test_cases |= signs.test_cases;
  }
  layout.test_files.assign(test_files.begin(), test_files.end());
  return layout;
}

}  // namespace coditect::python
