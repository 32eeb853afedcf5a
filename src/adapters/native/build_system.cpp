// Recognising CMake, Meson, autotools and Make by the text of their files.
#include "src/adapters/native/build_system.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "src/adapters/native/person_build.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

using PresetJson = nlohmann::json;
using BuildTexts = std::map<std::string, std::string>;
constexpr size_t kFolderDepthMax = 3;
constexpr size_t kNamedMax = 4;

std::string_view FolderAbove(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

std::string In(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : StrCat(folder, "/", name);
}

bool IsIn(std::string_view path, const std::string& folder) {
  return folder.empty() || path.starts_with(StrCat(folder, "/"));
}

bool HasTarget(std::string_view makefile, std::string_view target) {
  for (const std::string& line : Split(makefile, '\n')) {
    if (!line.starts_with(target)) continue;
    const std::string_view rest = TrimWhitespace(std::string_view(line).substr(target.size()));
    if (rest.starts_with(':') && !rest.starts_with(":=")) return true;
  }
  return false;
}

/// "name(" or "name (" as a call of its own.
bool Calls(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool word = at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 ||
                                 text[at - 1] == '_' || text[at - 1] == '.');
    const size_t end = text.find_first_not_of(" \t", at + name.size());
    if (!word && end != std::string_view::npos && text[end] == '(') return true;
  }
  return false;
}

/// -DNAME=ON for each option of a CMakeLists.txt, `option(NAME "…" OFF)` or dependent, that keeps
/// tests from being built.
std::vector<std::string> TestSwitches(const std::string& text) {
  std::vector<std::string> switches;
  for (const DeclaredOption& option : DeclaredOptions(text)) {
    if (!option.on && IsTestOption(option.name)) {
      switches.push_back(StrCat("-D", option.name, "=ON"));
    }
  }
  return switches;
}

std::string PresetText(const PresetJson& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

/// False for a preset whose condition asks for another operating system.
bool IsForLinux(const PresetJson& preset) {
  const auto condition = preset.find("condition");
  if (condition == preset.end() || PresetText(*condition, "lhs") != "${hostSystemName}")
    return true;
  const bool named = PresetText(*condition, "rhs") == "Linux";
  return PresetText(*condition, "type") == "notEquals" ? !named : named;
}

/// The configure presets a person can choose here; empty for what is no JSON.
std::vector<std::string> VisiblePresets(const std::string& text) {
  std::vector<std::string> names;
  const PresetJson json =
      PresetJson::parse(text, nullptr, /*allow_exceptions=*/false, /*comments=*/true);
  const auto list = json.is_object() ? json.find("configurePresets") : json.end();
  if (!json.is_object() || list == json.end() || !list->is_array()) return names;
  for (const PresetJson& preset : *list) {
    const std::string name = PresetText(preset, "name");
    const auto hidden = preset.is_object() ? preset.find("hidden") : preset.end();
    const bool shown = preset.is_object() && (hidden == preset.end() || *hidden != true);
    if (shown && !name.empty() && IsForLinux(preset)) names.push_back(name);
  }
  return names;
}

class Chooser {
 public:
  explicit Chooser(const BuildTexts& texts) : texts_(texts) {}

  BuildSystems Choose() {
    BuildSystems found;
    found.usable = SystemsIn("");
    for (size_t depth = 1; found.usable.empty() && depth <= kFolderDepthMax; ++depth) {
      LookBelow(depth, &found);
      if (!found.obstacle.empty()) return found;
    }
    if (found.usable.empty()) {
      found.obstacle = generated_;
    } else {
      Explain(&found.usable);
    }
    return found;
  }

 private:
  const std::string* TextOf(const std::string& path) const {
    const auto found = texts_.find(path);
    return found == texts_.end() ? nullptr : &found->second;
  }
  bool Has(const std::string& path) const { return texts_.contains(path); }

  /// The only folder at that depth with a system, or an obstacle that names several.
  void LookBelow(size_t depth, BuildSystems* found) {
    std::set<std::string> folders;
    for (const auto& [path, text] : texts_) {
      if (static_cast<size_t>(std::ranges::count(path, '/')) == depth) {
        folders.emplace(FolderAbove(path));
      }
    }
    std::vector<std::string> having;
    for (const std::string& folder : folders) {
      auto systems = SystemsIn(folder);
      if (systems.empty()) continue;
      having.push_back(folder);
      found->usable = std::move(systems);
    }
    if (having.size() < 2) return;
    found->usable.clear();
    const size_t count = having.size();
    having.resize(std::min(count, kNamedMax));
    found->obstacle = StrCat("the folders ", Join(having, ", "), count > kNamedMax ? ", …" : "",
                             " hold a project with tests each, and the top has none; name the ",
                             "command that checks it with --verify");
  }

  std::vector<BuildSystem> SystemsIn(const std::string& folder) {
    std::vector<BuildSystem> systems;
    AddCMake(folder, &systems);
    const bool meson = AddMeson(folder, /*with_tests=*/true, &systems);
    AddAutotools(folder, &systems);
    AddMake(folder, &systems);
    if (!meson && systems.empty()) AddMeson(folder, /*with_tests=*/false, &systems);
    return systems;
  }

  void AddCMake(const std::string& folder, std::vector<BuildSystem>* systems) const {
    const std::string* text = TextOf(In(folder, "CMakeLists.txt"));
    if (text == nullptr || (!folder.empty() && !Calls(*text, "project"))) return;
    const bool tests = std::ranges::any_of(texts_, [&](const auto& file) {
      const bool cmake = file.first.ends_with("CMakeLists.txt") || file.first.ends_with(".cmake");
      return cmake && IsIn(file.first, folder) &&
             (Calls(file.second, "add_test") || Contains(file.second, "_discover_tests"));
    });
    if (!tests) return;
    BuildSystem system;
    system.runner = "ctest";
    system.build_file = In(folder, "CMakeLists.txt");
    if (!folder.empty()) system.arguments.push_back(StrCat("-S", folder));
    AddPreset(folder, &system);
    for (std::string& one : TestSwitches(*text)) system.arguments.push_back(std::move(one));
    std::string arguments;
    for (const std::string& argument : system.arguments) {
      if (!argument.starts_with("-S")) arguments += " " + ShellQuote(argument);
    }
    system.command = StrCat("cmake -S ", folder.empty() ? "." : ShellQuote(folder), " -B build",
                            arguments, " && cmake --build build && ctest --test-dir build");
    systems->push_back(std::move(system));
  }

  /// The preset named default, or the only one.
  void AddPreset(const std::string& folder, BuildSystem* system) const {
    const std::string file = In(folder, "CMakePresets.json");
    const std::string* text = TextOf(file);
    if (text == nullptr) return;
    const std::vector<std::string> names = VisiblePresets(*text);
    const bool has_default = std::ranges::find(names, "default") != names.end();
    if (has_default || names.size() == 1) {
      system->arguments.push_back(StrCat("--preset=", has_default ? "default" : names[0]));
    } else if (!names.empty()) {
      system->notes.push_back(StrCat(file, " has the presets ", Join(names, ", "),
                                     " and none called default: the build is configured without a "
                                     "preset; --verify can name one"));
    }
  }

  bool AddMeson(const std::string& folder, bool with_tests,
                std::vector<BuildSystem>* systems) const {
    const std::string* text = TextOf(In(folder, "meson.build"));
    if (text == nullptr || (!folder.empty() && !Calls(*text, "project"))) return false;
    const bool tests = std::ranges::any_of(texts_, [&](const auto& file) {
      return file.first.ends_with("meson.build") && IsIn(file.first, folder) &&
             Calls(file.second, "test");
    });
    if (tests != with_tests) return false;
    BuildSystem system;
    system.runner = "meson";
    system.build_file = In(folder, "meson.build");
    if (!folder.empty()) system.arguments.push_back(folder);
    system.command = StrCat("meson setup build", folder.empty() ? "" : " ", ShellQuoted(folder),
                            " && meson test -C build");
    systems->push_back(std::move(system));
    return true;
  }

  static std::string ShellQuoted(const std::string& folder) {
    return folder.empty() ? "" : ShellQuote(folder);
  }

  void AddAutotools(const std::string& folder, std::vector<BuildSystem>* systems) const {
    const bool configure = Has(In(folder, "configure"));
    const bool source = Has(In(folder, "configure.ac")) || Has(In(folder, "configure.in"));
    const bool makefile = Has(In(folder, "Makefile.am")) || Has(In(folder, "Makefile.in"));
    if (!makefile || (!configure && !source)) return;
    BuildSystem system;
    system.runner = "command";
    system.build_file = In(folder, configure ? "configure" : "configure.ac");
    system.command = "test -f Makefile || ./configure && make check";
    if (!configure) system.command = "test -f configure || autoreconf -fi && " + system.command;
    if (!folder.empty())
      system.command = StrCat("cd ", ShellQuote(folder), " && { ", system.command, "; }");
    systems->push_back(std::move(system));
  }

  void AddMake(const std::string& folder, std::vector<BuildSystem>* systems) {
    for (const char* name : {"GNUmakefile", "makefile", "Makefile"}) {
      const std::string path = In(folder, name);
      const std::string* text = TextOf(path);
      if (text == nullptr) continue;
      if (const char* generator = GeneratorOf(*text); *generator != '\0') {
        generated_ = StrCat(path, " was generated by ", generator, " on some machine and builds ",
                            "only there; commit what it was made from, or name the command that ",
                            "checks the repository with --verify");
        continue;
      }
      for (const char* target : {"check", "test", "tests"}) {
        if (!HasTarget(*text, target)) continue;
        BuildSystem system;
        system.runner = "command";
        system.build_file = path;
        system.command = StrCat("make ", folder.empty() ? "" : "-C ", ShellQuoted(folder),
                                folder.empty() ? "" : " ", target);
        systems->push_back(std::move(system));
        return;
      }
    }
  }

  /// What wrote a Makefile that no person did; "" = a person.
  static const char* GeneratorOf(const std::string& makefile) {
    constexpr size_t kHeadMax = 2000;
    const std::string_view head = std::string_view(makefile).substr(0, kHeadMax);
    if (Contains(head, "# CMAKE generated file")) return "CMake";
    if (Contains(head, "generated by automake") || Contains(head, "Generated from Makefile.in")) {
      return "configure";
    }
    return "";
  }

  static void Explain(std::vector<BuildSystem>* systems) {
    BuildSystem& used = systems->front();
    for (size_t i = 1; i < systems->size(); ++i) {
      const BuildSystem& other = (*systems)[i];
      used.notes.push_back(StrCat(used.build_file, " is used; ", other.build_file,
                                  " declares tests, too: --verify ", ShellQuote(other.command),
                                  " uses that"));
    }
    if (Contains(used.build_file, "/")) {
      used.notes.push_back(StrCat("the top of the repository has no build with tests; that of ",
                                  FolderAbove(used.build_file), " is used"));
    }
  }

  const BuildTexts& texts_;
  std::string generated_;  // why a Makefile is none
};

}  // namespace

bool IsBuildFile(std::string_view name) {
  constexpr std::string_view kNames[] = {"CMakeLists.txt", "CTestConfig.cmake", "CMakePresets.json",
                                         "meson.build",    "meson_options.txt", "meson.options",
                                         "Makefile",       "GNUmakefile",       "makefile",
                                         "Makefile.am",    "Makefile.in",       "configure",
                                         "configure.ac",   "configure.in"};
  return std::ranges::find(kNames, name) != std::end(kNames) || name.ends_with(".cmake") ||
         name.ends_with(".mk");
}

BuildSystems FindBuildSystems(const std::map<std::string, std::string>& build_files) {
  return Chooser(build_files).Choose();
}

}  // namespace coditect::native
