// Lists of ctest and meson.
#include "src/adapters/native/test_list.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "src/adapters/native/make_check.h"
#include "src/base/file.h"
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
  } else if (name == "TIMEOUT" && value->is_number()) {
    test->wall_ms = static_cast<uint64_t>(std::clamp(value->get<double>(), 0.0, 1e6) * 1000);
  } else if (name == "SKIP_RETURN_CODE" && value->is_number_integer()) {
    test->skip_code = value->get<int>();
  } else if (name == "SKIP_REGULAR_EXPRESSION") {
    test->by_exit_alone = false;
    test->skip_by_output = true;
  } else if (name != "LABELS" && name != "COST" && name != "PROCESSORS" && name != "RUN_SERIAL" &&
             name != "RESOURCE_LOCK" && name != "_BACKTRACE_TRIPLES") {
    test->by_exit_alone = false;
    test->other_ways = true;  // WILL_FAIL, PASS_REGULAR_EXPRESSION, fixtures and the like
  }
}

/// Programs are called like the targets that make them, unless a project says otherwise; a build of
/// what there is not fails, and the caller builds everything.
std::string TargetOf(const std::vector<std::string>& command, const std::string& folder) {
  for (const std::string& word : command) {
    if (Contains(word, StrCat("/", folder, "/"))) return BaseName(word);
  }
  return "";
}

constexpr Framework kFrameworks[] = {Framework::kGoogleTest, Framework::kCatch2,
                                     Framework::kCatch3,     Framework::kDoctest,
                                     Framework::kCriterion,  Framework::kBoostTest};
constexpr std::chrono::milliseconds kListCpu{5'000};
constexpr std::chrono::milliseconds kListWall{10'000};

/// Finds which programs list cases, asks them, and writes a test for each case.
class CaseLister {
 public:
  explicit CaseLister(std::vector<ListedTest> programs) : programs_(std::move(programs)) {}

  StatusOr<std::vector<ListedTest>> List(const Context& ctx, Shell& shell) {
    RETURN_IF_ERROR(FindMarkers(ctx, shell));
    std::vector<Job> jobs;
    for (const ListedTest& test : programs_) Ask(test, &jobs);
    for (std::span<const Job> left(jobs); !left.empty();) {
      ASSIGN_OR_RETURN(const auto outcomes, RunJobs(ctx, shell, left));
      for (const JobOutcome& outcome : outcomes) Hear(outcome);
      left = left.subspan(outcomes.size());
    }
    std::vector<ListedTest> out;
    for (ListedTest& test : programs_) Expand(std::move(test), &out);
    return out;
  }

 private:
  /// A program with the arguments that do not select, where it runs; and what it listed.
  struct Listing {
    ListedTest asked;
    std::vector<ListedCase> cases;
    bool valid = false;
  };

  static bool MayList(const ListedTest& test) {
    return (test.by_exit_alone || test.skip_by_output) && !test.disabled &&
           test.command[0].starts_with('/');
  }

  Status FindMarkers(const Context& ctx, Shell& shell) {
    std::set<std::string> paths;
    for (const ListedTest& test : programs_) {
      if (MayList(test)) paths.insert(test.command[0]);
    }
    if (paths.empty()) return absl::OkStatus();
    std::string script = "while IFS= read -r p; do\n[ -f \"$p\" ] || continue\n";
    for (size_t i = 0; i < std::size(kFrameworks); ++i) {
      StrAppend(script, "grep -aqE ", ShellQuote(MarkerOf(kFrameworks[i])), " \"$p\" && echo \"", i,
                " $p\"\n");
    }
    ShellOptions options;
    for (const std::string& path : paths) {
      if (!Contains(path, "\n")) options.stdin_bytes += path + "\n";
    }
    options.keep_bytes = kListBytesMax;
    ASSIGN_OR_RETURN(const SandboxResult result, shell.Run(ctx, script + "done", options));
    for (const std::string& line : Split(result.output, '\n')) {
      const size_t which =
          line.empty() ? std::size(kFrameworks) : static_cast<size_t>(line[0] - '0');
      if (which < std::size(kFrameworks) && line.size() > 2) {
        marked_[line.substr(2)].push_back(kFrameworks[which]);
      }
    }
    return absl::OkStatus();
  }

  /// The test without what selects one case, and that case; nothing when its arguments are others.
  static std::pair<ListedTest, std::string> WithoutSelection(const ListedTest& test,
                                                             Framework framework) {
    ListedTest whole = test;
    whole.framework = framework;
    std::string selected;
    for (size_t i = test.command.size(); i-- > 1;) {
      const auto name = SelectedBy(framework, test.command[i]);
      if (!name) continue;
      if (!selected.empty()) return {test, ""};
      selected = *name;
      whole.command.erase(whole.command.begin() + static_cast<ptrdiff_t>(i));
    }
    return {std::move(whole), selected};
  }

  void Ask(const ListedTest& test, std::vector<Job>* jobs) {
    const auto marked = MayList(test) ? marked_.find(test.command[0]) : marked_.end();
    if (marked == marked_.end()) return;
    for (const Framework framework : marked->second) {
      Listing listing;
      listing.asked = WithoutSelection(test, framework).first;
      listing.asked.framework = framework;
      const std::string key = KeyOf(listing.asked);
      if (!places_.try_emplace(key, listings_.size()).second) continue;
      Job job;
      job.argv = listing.asked.command;
      for (std::string& word : ListingArguments(framework)) job.argv.push_back(std::move(word));
      job.folder = test.folder;
      job.environment = test.environment;
      job.cpu = kListCpu;
      job.wall = kListWall;
      job.keep_bytes = 4 << 20;
      job.report = true;
      jobs->push_back(std::move(job));
      listings_.push_back(std::move(listing));
    }
  }

  static std::string KeyOf(const ListedTest& test) {
    std::string key = StrCat(static_cast<int>(test.framework), '\n', test.folder);
    for (const std::string& word : test.command) StrAppend(key, '\n', word);
    for (const auto& [name, value] : test.environment) StrAppend(key, '\n', name, '=', value);
    return key;
  }

  void Hear(const JobOutcome& outcome) {
    Listing& listing = listings_[heard_++];
    auto cases = ReadListing(listing.asked.framework, outcome);
    listing.valid =
        cases.ok() && !cases->empty() && std::ranges::all_of(*cases, [&](const ListedCase& one) {
          return IsSelectable(listing.asked.framework, one.name);
        });
    if (listing.valid) listing.cases = *std::move(cases);
  }

  void Expand(ListedTest test, std::vector<ListedTest>* out) {
    const auto marked = MayList(test) ? marked_.find(test.command[0]) : marked_.end();
    if (marked == marked_.end()) return out->push_back(std::move(test));
    for (const Framework framework : marked->second) {
      auto [whole, selected] = WithoutSelection(test, framework);
      whole.framework = framework;
      const auto place = places_.find(KeyOf(whole));
      if (place == places_.end() || !listings_[place->second].valid) continue;
      const auto& cases = listings_[place->second].cases;
      for (const ListedCase& one : cases) {
        if (!selected.empty() && one.name != selected) continue;
        ListedTest found = whole;
        found.case_name = one.name;
        found.file = one.file;
        found.line = one.line;
        found.disabled = one.skipped && selected.empty();
        if (selected.empty()) found.id = CaseId(test.entry, one.name);
        out->push_back(std::move(found));
      }
      const bool told =
          selected.empty() || std::ranges::find(cases, selected, &ListedCase::name) != cases.end();
      if (told) return;
    }
    out->push_back(std::move(test));
  }

  std::vector<ListedTest> programs_;
  std::map<std::string, std::vector<Framework>> marked_;  // by program
  std::vector<Listing> listings_;
  std::map<std::string, size_t> places_;  // of listings, by KeyOf
  size_t heard_ = 0;
};

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
    test.entry = test.id;
    if (const auto command = item.find("command"); command != item.end()) {
      test.command = Texts(*command);
    }
    test.by_exit_alone = !test.command.empty();
    test.target = TargetOf(test.command, folder);
    const auto properties = item.find("properties");
    if (properties != item.end() && properties->is_array()) {
      for (const Json& property : *properties) {
        if (property.is_object()) ReadProperty(property, &test);
      }
    }
    test.skip_by_output &= !test.other_ways;
    test.script = StrCat("exec ctest --test-dir ", ShellQuote(folder), " --output-on-failure -R ",
                         ShellQuote(StrCat("^", Escaped(test.id), "$")));
    out.push_back(std::move(test));
  }
  return out;
}

StatusOr<std::vector<ListedTest>> ParseMesonList(std::string_view text, const std::string& folder,
                                                 bool by_exit) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return InvalidArgument("meson's list of tests is not JSON");
  std::vector<ListedTest> out;
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
    test.entry = test.id;
    test.script = StrCat("exec meson test -C ", ShellQuote(folder),
                         " --no-rebuild --print-errorlogs ", ShellQuote(test.id));
    const auto same = std::ranges::find(out, test.id, &ListedTest::id);
    if (same != out.end()) {  // meson runs tests of one name together
      same->by_exit_alone = false;
      continue;
    }
    if (const auto command = item.find("cmd"); command != item.end()) {
      test.command = Texts(*command);
    }
    const std::string protocol = Text(item, "protocol");
    test.by_exit_alone =
        by_exit && !test.command.empty() && (protocol == "exitcode" || protocol == "gtest");
    test.folder = Text(item, "workdir");
    if (test.folder.empty()) test.folder = folder;
    constexpr int kMesonSkip = 77;
    test.skip_code = kMesonSkip;
    const auto timeout = item.find("timeout");
    if (timeout != item.end() && timeout->is_number()) {
      test.wall_ms = static_cast<uint64_t>(std::clamp(timeout->get<double>(), 0.0, 1e6) * 1000);
    }
    const auto environment = item.find("env");
    if (environment != item.end() && environment->is_object()) {
      for (const auto& [key, value] : environment->items()) {
        if (value.is_string()) test.environment[key] = value.get<std::string>();
      }
    }
    out.push_back(std::move(test));
  }
  return out;
}

std::string CommandTestId(const std::string& command) {
  return StrCat("command:", Sha256Hex(command).substr(0, 12));
}

StatusOr<std::vector<ListedTest>> ListTests(const Context& ctx, Shell& shell,
                                            const HarnessPlan& plan, const std::string& folder,
                                            std::span<const std::string> ids) {
  if (plan.runner == "command") {
    std::vector<ListedTest> tests = MakeCaseTests(plan.command, ids);
    ListedTest test;
    test.id = CommandTestId(plan.command);
    test.entry = test.id;
    test.script = plan.command;
    tests.insert(tests.begin(), std::move(test));
    return tests;
  }
  ShellOptions options;
  options.keep_bytes = kListBytesMax;
  const bool ctest = plan.runner == "ctest";
  const std::string script =
      ctest ? StrCat("exec ctest --test-dir ", folder, " --show-only=json-v1 2>/dev/null")
            : StrCat("grep -rqs --include=meson.build should_fail . && echo should_fail; ",
                     "exec meson introspect --tests ", folder, " 2>/dev/null");
  ASSIGN_OR_RETURN(const SandboxResult result, shell.Run(ctx, script, options));
  // ctest says before the list where it looks; meson does not list which tests should fail.
  const size_t start = result.output.find(ctest ? "{" : "[");
  const std::string_view json =
      start == std::string::npos ? "" : std::string_view(result.output).substr(start);
  return ctest ? ParseCTestList(json, folder)
               : ParseMesonList(json, folder, !result.output.starts_with("should_fail"));
}

std::string CaseId(const std::string& entry, const std::string& name) {
  return StrCat(entry, "::", name);
}

const ListedTest* FindProgram(const std::vector<ListedTest>& programs, const std::string& id) {
  for (const ListedTest& test : programs) {
    if (test.id == id || (id.starts_with(test.id) && id.substr(test.id.size()).starts_with("::"))) {
      return &test;
    }
  }
  return nullptr;
}

bool SameProgram(const ListedTest& a, const ListedTest& b) {
  return a.framework == b.framework && a.command == b.command && a.folder == b.folder &&
         a.environment == b.environment;
}

StatusOr<std::vector<ListedTest>> ListCases(const Context& ctx, Shell& shell,
                                            std::vector<ListedTest> programs) {
  return CaseLister(std::move(programs)).List(ctx, shell);
}

}  // namespace coditect::native
