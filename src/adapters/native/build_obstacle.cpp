// Sentences of build tools, and what they mean to a person.
#include "src/adapters/native/build_obstacle.h"

#include <algorithm>
#include <optional>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kNameMax = 200;

/// What stands between `before` and `after` on one line; "" when they do not follow each other.
std::string Between(std::string_view text, std::string_view before, std::string_view after) {
  const size_t at = text.find(before);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = text.substr(at + before.size(), kNameMax);
  const size_t end = rest.find(after);
  if (end == std::string_view::npos) return "";
  const std::string name(TrimWhitespace(rest.substr(0, end)));
  return name.find('\n') == std::string::npos ? name : "";
}

struct Frame {
  std::string_view before, after;
};

template <size_t N>
std::string FirstBetween(std::string_view text, const Frame (&frames)[N]) {
  for (const auto& [before, after] : frames) {
    std::string name = Between(text, before, after);
    if (!name.empty()) return name;
  }
  return "";
}

std::string Download(std::string_view output) {
  constexpr std::string_view kSaid[] = {"resolve host",
                                        "resolve proxy",
                                        "Failed to clone repository",
                                        "Temporary failure in name resolution",
                                        "the-sandbox-has-no-network",
                                        "is the internet available"};
  if (std::ranges::none_of(kSaid, [&](auto said) { return Contains(output, said); })) return "";
  constexpr Frame kNames[] = {
      {"Build step for ", " failed"}, {"verify and extract) for '", "'"},
      {"(git clone) for '", "'"},     {"Downloading ", " source from"},
      {"Cloning into '", "'"},        {"Failed to clone repository: '", "'"}};
  std::string name = FirstBetween(output, kNames);
  if (name.ends_with("-populate")) name.resize(name.size() - std::string_view("-populate").size());
  if (name.empty()) name = Between(output, "Could not resolve host: ", "\n");
  if (name.empty()) {
    const std::string place = Between(output, "CMake Error at ", " (file)");
    name = place.empty() ? "something" : StrCat("a file (", place, ")");
  }
  return StrCat("the build downloads ", name, ", and the sandbox has no network: build once ",
                "yourself in the folder build, install it, or keep a copy in the repository");
}

std::string Generator(std::string_view output) {
  const std::string program = Between(output, "build program corresponding to \"", "\"");
  if (!program.empty()) {
    return StrCat("the build is configured for ", program, " (by CMAKE_GENERATOR or a preset), ",
                  "which is not on PATH; `apt install ",
                  program.starts_with("Ninja") ? "ninja-build" : "make", "` would install it");
  }
  std::string name = Between(output, "Could not create named generator ", "\n");
  if (name.empty() && !Contains(output, "CMAKE_GENERATOR was set but the specified generator")) {
    return "";
  }
  if (!name.empty()) name = StrCat(", ", name, ",");
  return StrCat("the generator", name,
                " that CMAKE_GENERATOR or a preset names is none of CMake's ",
                "here; unset it or take one that `cmake --help` lists");
}

std::string Compiler(std::string_view output) {
  if (const std::string language = Between(output, "No CMAKE_", "_COMPILER could be found");
      !language.empty()) {
    return StrCat("the build needs a compiler for ", language, ", and none is on PATH",
                  language == "CXX" ? "; `apt install g++` would install one" : "");
  }
  if (!Contains(output, "is not a full path and was not found in the PATH")) return "";
  const std::string compiler = Between(output, "_COMPILER:\n\n    ", "\n");
  if (compiler.empty()) return "";
  return StrCat("the build names the compiler ", compiler, ", which is not on PATH");
}

std::string Package(std::string_view output) {
  constexpr Frame kUnfound[] = {
      {"package configuration file provided by \"", "\""},  // CMake, by config
      {"Could NOT find ", " (missing"},                     // CMake, by module
      {"ERROR: Dependency \"", "\" not found"},             // Meson
      {"No package '", "' found"},                          // pkg-config
      {"ERROR: Program '", "' not found"},
  };
  const std::string name = FirstBetween(output, kUnfound);
  if (name.empty()) return "";
  return StrCat("the build needs ", name, ", which is not installed where it looks");
}

/// The absolute path of the system that a line names; "" = none.
std::string SystemPathIn(std::string_view line) {
  constexpr std::string_view kRoots[] = {"/usr/",  "/etc/",  "/opt/", "/var/",  "/lib", "/bin/",
                                         "/sbin/", "/root/", "/srv/", "/boot/", "/sys/"};
  for (size_t at = line.find('/'); at != std::string_view::npos; at = line.find('/', at + 1)) {
    const bool begins =
        at == 0 || std::string_view(" \"'`(=").find(line[at - 1]) != std::string_view::npos;
    const std::string_view rest = line.substr(at);
    if (!begins ||
        std::ranges::none_of(kRoots, [&](auto root) { return rest.starts_with(root); })) {
      continue;
    }
    std::string path(rest.substr(0, rest.find_first_of("\"'`:, )")));
    while (path.ends_with('.')) path.pop_back();
    return path.substr(0, kNameMax);
  }
  return "";
}

/// A build that writes where only root may.
std::string Root(std::string_view output) {
  for (const std::string& line : Split(output, '\n')) {
    constexpr std::string_view kRefused[] = {"Read-only file system", "Permission denied",
                                             "Operation not permitted", "administrative privileges",
                                             "Error copying file"};
    const bool refused =
        std::ranges::any_of(kRefused, [&](auto said) { return Contains(line, said); });
    // The program that speaks stands first, the place that is written to last.
    std::string path;
    const std::vector<std::string> words = Split(TrimWhitespace(line), ' ');
    for (size_t i = 0; refused && i < words.size(); ++i) {
      if (i == 0 && words[i].ends_with(':')) continue;
      if (std::string one = SystemPathIn(words[i]); !one.empty()) path = std::move(one);
    }
    if (!path.empty()) {
      return StrCat("the build writes ", path, ", for which it needs root: in the sandbox a build ",
                    "may write in the repository and in /tmp only");
    }
    if (line.starts_with("sudo: ") || Contains(line, " sudo: ") ||
        Contains(line, "must be run as root")) {
      return StrCat("the build asks for root (", TrimWhitespace(line).substr(0, kNameMax),
                    "), and a sandbox has none");
    }
  }
  return "";
}

/// The program of "sh: 1: flex: not found" and "make: flex: No such file or directory".
std::string ToolIn(std::string_view line) {
  std::string_view rest = TrimWhitespace(line);
  const bool make = rest.starts_with("make: ") || rest.starts_with("make[") ||
                    rest.starts_with("gmake: ") || rest.starts_with("gmake[");
  bool named = false;
  for (const std::string_view end :
       {std::string_view(": command not found"), std::string_view(": not found"),
        std::string_view(": No such file or directory")}) {
    if (!rest.ends_with(end)) continue;
    if (end.starts_with(": No such") && !make) return "";
    rest.remove_suffix(end.size());
    named = true;
    break;
  }
  if (!named || Contains(rest, "***")) return "";
  const size_t colon = rest.rfind(": ");
  if (colon == std::string_view::npos) return "";
  const std::string_view name = rest.substr(colon + 2);
  const bool word = !name.empty() && name.find_first_of(" /'\"") == std::string_view::npos;
  return word ? std::string(name.substr(0, kNameMax)) : "";
}

std::string MissingTool(std::string_view output) {
  for (const std::string& line : Split(output, '\n')) {
    const std::string name = ToolIn(line);
    if (!name.empty()) {
      return StrCat("the build needs the program ", name, ", which is not on PATH; install it");
    }
  }
  return "";
}

std::string Foreign(std::string_view output) {
  const std::string file = Between(output, "coditect: built for another machine by ", "\n");
  if (file.empty()) return "";
  return StrCat("the toolchain file ", file,
                " builds for another machine, so that no test can run ",
                "here; set CMAKE_CROSSCOMPILING_EMULATOR in it, or let the build do without it");
}

}  // namespace

std::string BuildObstacle(std::string_view output) {
  for (const auto& look : {Foreign, Download, Generator, Compiler, Package, Root, MissingTool}) {
    if (std::string sentence = look(output); !sentence.empty()) return sentence;
  }
  return "";
}

}  // namespace coditect::native
