// Lists of ctest and meson.
#include "src/adapters/native/test_list.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "src/base/sha256.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

using Json = nlohmann::json;
constexpr size_t kTestsMax = 100'000;
constexpr uint64_t kListBytesMax = uint64_t{64} << 20;

std::string Text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::string> Texts(const Json& value) {
  std::vector<std::string> out;
  if (!value.is_array()) return out;
  for (const Json& item : value) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

/// As a regular expression of CMake that matches this text only.
std::string Escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (std::string_view("^$.[]*+?|()\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

void ReadProperty(const Json& property, ListedTest* test) {
  const std::string name = Text(property, "name");
  const auto value = property.find("value");
  if (value == property.end()) return;
  if (name == "WORKING_DIRECTORY" && value->is_string()) {
    test->folder = value->get<std::string>();
  } else if (name == "DISABLED") {
    test->disabled = value->is_boolean() && value->get<bool>();
  } else if (name == "ENVIRONMENT") {
    for (const std::string& pair : Texts(*value)) {
      const size_t equal = pair.find('=');
      if (equal != std::string::npos) {
        test->environment[pair.substr(0, equal)] = pair.substr(equal + 1);
      }
    }
  } else if (name != "TIMEOUT" && name != "LABELS" && name != "COST" && name != "PROCESSORS" &&
             name != "RUN_SERIAL") {
    test->by_exit_alone = false;  // WILL_FAIL, PASS_REGULAR_EXPRESSION, fixtures and the like
  }
}

}  // namespace

StatusOr<std::vector<ListedTest>> ParseCTestList(std::string_view text, const std::string& folder) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto tests = json.is_object() ? json.find("tests") : json.end();
  if (!json.is_object() || tests == json.end() || !tests->is_array()) {
    return InvalidArgument("ctest's list of tests is not JSON");
  }
  std::vector<ListedTest> out;
  for (const Json& item : *tests) {
    if (!item.is_object() || out.size() >= kTestsMax) continue;
    ListedTest test;
    test.id = Text(item, "name");
    if (test.id.empty()) continue;
    if (const auto command = item.find("command"); command != item.end()) {
      test.command = Texts(*command);
    }
    test.by_exit_alone = !test.command.empty();
    const auto properties = item.find("properties");
    if (properties != item.end() && properties->is_array()) {
      for (const Json& property : *properties) {
        if (property.is_object()) ReadProperty(property, &test);
      }
    }
    test.script = StrCat("exec ctest --test-dir ", ShellQuote(folder), " --output-on-failure -R ",
                         ShellQuote(StrCat("^", Escaped(test.id), "$")));
    out.push_back(std::move(test));
  }
  return out;
}

StatusOr<std::vector<ListedTest>> ParseMesonList(std::string_view text, const std::string& folder) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return InvalidArgument("meson's list of tests is not JSON");
  std::vector<ListedTest> out;
  std::set<std::string> seen;
  for (const Json& item : json) {
    if (!item.is_object() || out.size() >= kTestsMax) continue;
    ListedTest test;
    const std::string name = Text(item, "name");
    const auto suites = item.find("suite");
    const std::vector<std::string> of =
        suites == item.end() ? std::vector<std::string>() : Texts(*suites);
    if (name.empty()) continue;
    const std::string project = of.empty() ? "" : of[0].substr(0, of[0].find(':'));
    test.id = project.empty() ? name : StrCat(project, ":", name);
    if (!seen.insert(test.id).second) continue;  // meson runs tests of one name together
    test.script = StrCat("exec meson test -C ", ShellQuote(folder),
                         " --no-rebuild --print-errorlogs ", ShellQuote(test.id));
    out.push_back(std::move(test));
  }
  return out;
}

std::string CommandTestId(const std::string& command) {
  return StrCat("command:", Sha256Hex(command).substr(0, 12));
}

StatusOr<std::vector<ListedTest>> ListTests(const Context& ctx, Shell& shell,
                                            const HarnessPlan& plan, const std::string& folder) {
  if (plan.runner == "command") {
    ListedTest test;
    test.id = CommandTestId(plan.command);
    test.script = plan.command;
    return std::vector<ListedTest>{std::move(test)};
  }
  ShellOptions options;
  options.keep_bytes = kListBytesMax;
  const bool ctest = plan.runner == "ctest";
  const std::string script =
      ctest ? StrCat("exec ctest --test-dir ", folder, " --show-only=json-v1 2>/dev/null")
            : StrCat("exec meson introspect --tests ", folder, " 2>/dev/null");
  ASSIGN_OR_RETURN(const SandboxResult result, shell.Run(ctx, script, options));
  // ctest says before the list where it looks.
  const size_t start = result.output.find(ctest ? "{" : "[");
  const std::string_view json =
      start == std::string::npos ? "" : std::string_view(result.output).substr(start);
  return ctest ? ParseCTestList(json, folder) : ParseMesonList(json, folder);
}

}  // namespace coditect::native
