// Command lines and reports of the frameworks.
#include "src/adapters/native/test_cases.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "src/base/strings.h"
#include "src/base/xml_reader.h"

namespace coditect::native {
namespace {

using CaseJson = nlohmann::json;
constexpr size_t kCasesMax = 100'000;
constexpr size_t kCaseMessageMax = 2048;

Status NoListing(std::string_view why) { return InvalidArgument("no list of cases: ", why); }

std::string MemberText(const CaseJson& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

/// The array `name` of an object; an empty one when there is none.
const CaseJson& MemberList(const CaseJson& object, const char* name) {
  static const CaseJson kEmpty = CaseJson::array();
  if (!object.is_object()) return kEmpty;
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : kEmpty;
}

std::string AttributeIn(const XmlPiece& piece, const char* name) {
  const auto found = piece.attributes.find(name);
  return found == piece.attributes.end() ? "" : found->second;
}

uint32_t NumberIn(std::string_view text) {
  long long value = 0;
  return ParseInt(text, 0, 10'000'000, &value) ? static_cast<uint32_t>(value) : 0;
}

/// Adds a case; a name that comes again is the same id.
void AddCase(ListedCase one, std::vector<ListedCase>* cases, std::set<std::string>* seen) {
  if (cases->size() < kCasesMax && seen->insert(one.name).second) cases->push_back(std::move(one));
}

/// One more case of a name: failed wins over passed, passed over skipped.
void Merge(CaseReport one, CaseReport* all) {
  const auto rank = [](TestStatus status) {
    return status == TestStatus::kFailed ? 3 : status == TestStatus::kPassed ? 2 : 1;
  };
  if (all->status == TestStatus::kUnspecified || rank(one.status) > rank(all->status)) {
    *all = std::move(one);
  }
}

StatusOr<std::vector<ListedCase>> ReadGoogleListing(std::string_view report) {
  const CaseJson json = CaseJson::parse(report, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("testsuites")) return NoListing("no JSON of GoogleTest");
  std::vector<ListedCase> cases;
  std::set<std::string> seen;
  for (const CaseJson& suite : MemberList(json, "testsuites")) {
    for (const CaseJson& test : MemberList(suite, "testsuite")) {
      ListedCase one;
      one.name = StrCat(MemberText(suite, "name"), ".", MemberText(test, "name"));
      if (test.contains("result")) return NoListing("a report of a run");
      if (one.name.starts_with('.') || one.name.ends_with('.')) return NoListing("a nameless case");
      one.file = MemberText(test, "file");
      const auto line = test.find("line");
      if (line != test.end() && line->is_number_unsigned()) one.line = line->get<uint32_t>();
      one.skipped = one.name.starts_with("DISABLED_") || Contains(one.name, ".DISABLED_") ||
                    Contains(one.name, "/DISABLED_");
      AddCase(std::move(one), &cases, &seen);
    }
  }
  return cases;
}

/// Catch2 v2: one name a line; the exit code is their number.
StatusOr<std::vector<ListedCase>> ReadNames(const JobOutcome& outcome) {
  std::vector<ListedCase> cases;
  std::set<std::string> seen;
  for (std::string line : Split(outcome.output, '\n')) {
    if (line.empty()) continue;
    if (line.starts_with("\"#") && line.ends_with('"')) line = line.substr(1, line.size() - 2);
    AddCase({.name = line}, &cases, &seen);
  }
  constexpr size_t kExitCodeMax = 255;
  if (static_cast<size_t>(outcome.code) != std::min(cases.size(), kExitCodeMax)) {
    return NoListing("another number of cases");
  }
  return cases;
}

/// Catch2 v3: <MatchingTests><TestCase><Name>…</Name>…<SourceInfo><File>…</File><Line>….
StatusOr<std::vector<ListedCase>> ReadCatchListing(std::string_view report) {
  XmlReader reader(report);
  std::vector<ListedCase> cases;
  std::set<std::string> seen;
  ListedCase one;
  std::string text;
  for (;;) {
    ASSIGN_OR_RETURN(const XmlPiece piece, reader.Next());
    if (piece.kind == XmlPiece::Kind::kDone) return cases;
    if (piece.kind == XmlPiece::Kind::kText) text += piece.text;
    if (piece.kind == XmlPiece::Kind::kBegin) {
      if (reader.depth() == 1 && piece.name != "MatchingTests") return NoListing(piece.name);
      if (piece.name == "TestCase") one = {};
      text.clear();
    }
    if (piece.kind != XmlPiece::Kind::kEnd) continue;
    const std::string value(TrimWhitespace(text));
    if (piece.name == "Name") one.name = value;
    if (piece.name == "File") one.file = value;
    if (piece.name == "Line") one.line = NumberIn(value);
    if (piece.name == "TestCase") AddCase(one, &cases, &seen);
  }
}

StatusOr<std::vector<ListedCase>> ReadDoctestListing(std::string_view report) {
  XmlReader reader(report);
  std::vector<ListedCase> cases;
  std::set<std::string> seen;
  for (;;) {
    ASSIGN_OR_RETURN(const XmlPiece piece, reader.Next());
    if (piece.kind == XmlPiece::Kind::kDone) return cases;
    if (piece.kind != XmlPiece::Kind::kBegin) continue;
    if (reader.depth() == 1 && piece.name != "doctest") return NoListing(piece.name);
    if (piece.name != "TestCase") continue;
    if (reader.depth() != 2) return NoListing("a report of a run");
    AddCase({.name = AttributeIn(piece, "name"),
             .file = AttributeIn(piece, "filename"),
             .line = NumberIn(AttributeIn(piece, "line")),
             .skipped = AttributeIn(piece, "skipped") == "true"},
            &cases, &seen);
  }
}

/// Criterion: "suite: N tests", then its tests as branches of a tree.
StatusOr<std::vector<ListedCase>> ReadTree(std::string_view output) {
  std::vector<ListedCase> cases;
  std::set<std::string> seen;
  std::string suite;
  uint32_t left = 0;
  for (const std::string& line : Split(output, '\n')) {
    if (line.empty()) continue;
    std::string_view name;
    for (const std::string_view branch : {"|-- ", "`-- ", "├── ", "└── "}) {
      if (line.starts_with(branch)) name = std::string_view(line).substr(branch.size());
    }
    if (name.empty()) {
      const size_t colon = line.find(": ");
      const std::string_view rest =
          colon == std::string::npos ? "" : std::string_view(line).substr(colon + 2);
      if (left != 0 || !(rest.ends_with(" tests") || rest.ends_with(" test"))) {
        return NoListing("a line that is none of Criterion's");
      }
      suite = line.substr(0, colon);
      left = NumberIn(rest.substr(0, rest.find(' ')));
      continue;
    }
    if (suite.empty() || left-- == 0) return NoListing("a test too many");
    constexpr std::string_view kSkipped = " (skipped)";
    const bool skipped = name.ends_with(kSkipped);
    if (skipped) name.remove_suffix(kSkipped.size());
    AddCase({.name = StrCat(suite, "/", name), .skipped = skipped}, &cases, &seen);
  }
  if (left != 0) return NoListing("a test is missing");
  return cases;
}

/// Boost.Test: a tree by indentation, "*" behind what is switched on; what has nothing below it is
/// a case.
StatusOr<std::vector<ListedCase>> ReadBoostListing(std::string_view output) {
  constexpr size_t kIndent = 4;
  std::vector<ListedCase> cases;
  std::set<std::string> seen;
  std::vector<std::string> above;  // names of the suites that hold the next line
  ListedCase last;                 // a case, unless the next line stands deeper
  size_t depth = 0;                // of `last`, counted from 1
  const auto take = [&] {
    if (depth > 0) AddCase(last, &cases, &seen);
  };
  for (const std::string& line : Split(output, '\n')) {
    if (line.empty()) continue;
    const size_t start = line.find_first_not_of(' ');
    size_t end = line.find_first_of("*:", start == std::string::npos ? 0 : start);
    if (end == std::string::npos) end = line.size();
    const std::string name(TrimWhitespace(std::string_view(line).substr(0, end)));
    if (name.empty() || start % kIndent != 0 || start / kIndent > depth) {
      return NoListing("a line that is none of Boost.Test's");
    }
    const size_t level = start / kIndent;
    if (level == depth && depth > 0) {
      above.push_back(last.name);
    } else {
      take();
    }
    above.resize(level);
    last.name = above.empty() ? name : StrCat(above.back(), "/", name);
    last.skipped = end == line.size() || line[end] != '*';
    depth = level + 1;
  }
  take();
  return cases;
}

StatusOr<std::map<std::string, CaseReport>> ReadGoogleReport(std::string_view report) {
  const CaseJson json = CaseJson::parse(report, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidArgument("no JSON of GoogleTest");
  std::map<std::string, CaseReport> cases;
  for (const CaseJson& suite : MemberList(json, "testsuites")) {
    for (const CaseJson& test : MemberList(suite, "testsuite")) {
      CaseReport one;
      for (const CaseJson& failure : MemberList(test, "failures")) {
        if (!one.message.empty()) one.message += "\n";
        one.message += MemberText(failure, "failure");
        one.status = TestStatus::kFailed;
      }
      const std::string result = MemberText(test, "result");
      if (one.status == TestStatus::kUnspecified) {
        const bool ran = MemberText(test, "status") == "RUN" && result == "COMPLETED";
        one.status = ran ? TestStatus::kPassed : TestStatus::kSkipped;
      }
      Merge(std::move(one),
            &cases[StrCat(MemberText(suite, "name"), ".", MemberText(test, "name"))]);
    }
  }
  return cases;
}

StatusOr<std::map<std::string, CaseReport>> ReadCriterionReport(std::string_view report) {
  const CaseJson json = CaseJson::parse(report, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidArgument("no JSON of Criterion");
  std::map<std::string, CaseReport> cases;
  for (const CaseJson& suite : MemberList(json, "test_suites")) {
    for (const CaseJson& test : MemberList(suite, "tests")) {
      CaseReport one;
      const std::string status = MemberText(test, "status");
      one.status = status == "PASSED"    ? TestStatus::kPassed
                   : status == "SKIPPED" ? TestStatus::kSkipped
                                         : TestStatus::kFailed;
      for (const CaseJson& message : MemberList(test, "messages")) {
        if (message.is_string()) StrAppend(one.message, message.get<std::string>(), "\n");
      }
      Merge(std::move(one),
            &cases[StrCat(MemberText(suite, "name"), "/", MemberText(test, "name"))]);
    }
  }
  return cases;
}

/// Reports of Catch2 and doctest: elements with a position within <TestCase>, and the framework's
/// own verdict of the case at its end.
class XmlCases {
 public:
  XmlCases(std::string_view report, bool doctest) : reader_(report), doctest_(doctest) {}

  StatusOr<std::map<std::string, CaseReport>> Read() {
    for (;;) {
      ASSIGN_OR_RETURN(const XmlPiece piece, reader_.Next());
      if (piece.kind == XmlPiece::Kind::kDone) return std::move(cases_);
      if (piece.kind == XmlPiece::Kind::kText && failing_depth_ > 0) text_ += piece.text;
      if (piece.kind == XmlPiece::Kind::kBegin) Begin(piece);
      if (piece.kind == XmlPiece::Kind::kEnd) End(piece);
    }
  }

 private:
  void Begin(const XmlPiece& piece) {
    if (piece.name == "TestCase") {
      name_ = AttributeIn(piece, "name");
      one_ = {};
      verdict_ = AttributeIn(piece, "skipped") == "true" ? "skipped" : "";
      return;
    }
    const char* verdict = doctest_ ? "test_case_success" : "success";
    const std::string_view element = doctest_ ? "OverallResultsAsserts" : "OverallResult";
    if (piece.name == element && piece.attributes.contains(verdict)) {
      verdict_ = AttributeIn(piece, verdict);
    } else if (doctest_ && piece.name == element && reader_.depth() > 2 && verdict_.empty()) {
      verdict_ = AttributeIn(piece, "failures") == "0" ? "true" : "false";  // before 2.4.6
    }
    if (piece.name == element && AttributeIn(piece, "skips") == "1") {
      verdict_ = "skipped";  // Catch2 v3's SKIP()
    }
    const bool position = piece.attributes.contains("filename");
    const bool passes = piece.name == "Section" || piece.name == "SubCase" ||
                        AttributeIn(piece, "success") == "true" ||
                        AttributeIn(piece, "type") == "WARNING";
    if (failing_depth_ > 0 || !(position || piece.name == "Exception") || passes) return;
    failing_depth_ = reader_.depth();
    text_.clear();
    where_ = position
                 ? StrCat(AttributeIn(piece, "filename"), ":", AttributeIn(piece, "line"), ": ")
                 : "";
    what_ = StrCat(piece.name, " ", AttributeIn(piece, "type"));
  }

  void End(const XmlPiece& piece) {
    if (failing_depth_ > 0 && reader_.depth() + 1 == failing_depth_) {
      failing_depth_ = 0;
      std::string words;  // the text on one line
      for (const std::string& line : Split(text_, '\n')) {
        const std::string_view word = TrimWhitespace(line);
        if (!word.empty()) StrAppend(words, words.empty() ? "" : "; ", word);
      }
      StrAppend(one_.message, where_, TrimWhitespace(what_), ": ", words, "\n");
    }
    if (piece.name != "TestCase") return;
    one_.status = verdict_ == "true"      ? TestStatus::kPassed
                  : verdict_ == "skipped" ? TestStatus::kSkipped
                                          : TestStatus::kFailed;
    if (one_.status != TestStatus::kFailed) one_.message.clear();
    Merge(std::move(one_), &cases_[name_]);
    one_ = {};
  }

  XmlReader reader_;
  const bool doctest_;
  std::map<std::string, CaseReport> cases_;
  std::string name_;     // of the open case
  std::string verdict_;  // "true", "false", "skipped"; "" = not told yet
  CaseReport one_;
  size_t failing_depth_ = 0;  // of the open element that tells a failure; 0 = none
  std::string text_, where_, what_;
};

/// Boost.Test's log: suites within the program's own, and in a case an element for each failure.
class BoostCases {
 public:
  explicit BoostCases(std::string_view report) : reader_(report) {}

  StatusOr<std::map<std::string, CaseReport>> Read() {
    for (;;) {
      ASSIGN_OR_RETURN(const XmlPiece piece, reader_.Next());
      if (piece.kind == XmlPiece::Kind::kDone) return std::move(cases_);
      if (piece.kind == XmlPiece::Kind::kText && Fails(inner_)) text_ += piece.text;
      if (piece.kind == XmlPiece::Kind::kBegin) BeginPiece(piece);
      if (piece.kind == XmlPiece::Kind::kEnd) EndPiece(piece);
    }
  }

 private:
  static bool Fails(std::string_view element) {
    return element == "Error" || element == "FatalError" || element == "Exception";
  }

  void BeginPiece(const XmlPiece& piece) {
    if (piece.name == "TestSuite") suites_.push_back(AttributeIn(piece, "name"));
    if (piece.name == "TestCase") {
      one_ = {.status = TestStatus::kSkipped, .message = ""};
      name_ = AttributeIn(piece, "name");
      // The first suite is the program.
      for (size_t i = suites_.size(); i-- > 1;) name_ = StrCat(suites_[i], "/", name_);
    }
    if (piece.name == "TestingTime" && one_.status == TestStatus::kSkipped) {
      one_.status = TestStatus::kPassed;  // it was run to its end
    }
    if (Fails(piece.name) || piece.name == "LastCheckpoint") {
      where_ = AttributeIn(piece, "line") == "0"
                   ? where_
                   : StrCat(AttributeIn(piece, "file"), ":", AttributeIn(piece, "line"), ": ");
    }
    if (Fails(piece.name)) {
      one_.status = TestStatus::kFailed;
      text_.clear();
    }
    inner_ = piece.name;
  }

  void EndPiece(const XmlPiece& piece) {
    inner_.clear();
    if (piece.name == "TestSuite" && !suites_.empty()) suites_.pop_back();
    if (Fails(piece.name)) StrAppend(one_.message, std::exchange(where_, ""), text_, "\n");
    if (piece.name == "TestCase") Merge(std::exchange(one_, {}), &cases_[name_]);
  }

  XmlReader reader_;
  std::map<std::string, CaseReport> cases_;
  std::vector<std::string> suites_;  // that are open
  std::string name_;                 // of the open case, with its suites
  std::string inner_;                // the element whose text comes
  CaseReport one_;
  std::string where_, text_;
};

/// With a backslash before each character of `special`.
std::string EscapedName(std::string_view name, std::string_view special) {
  std::string out;
  for (const char c : name) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

constexpr std::string_view kCatchSpecial = "\\,[]\"~";

}  // namespace

std::string MarkerOf(Framework framework) {
  switch (framework) {
    case Framework::kNone:
      return "";
    case Framework::kGoogleTest:
      return "gtest_list_tests|_ZN7testing";
    case Framework::kCatch2:
    case Framework::kCatch3:
      return "list-test-names-only|_ZN5Catch";
    case Framework::kDoctest:
      return "list-test-cases|_ZN7doctest";
    case Framework::kCriterion:
      return "criterion_";
    case Framework::kBoostTest:
      return "boost9unit_test";
  }
  return "";
}

std::vector<std::string> ListingArguments(Framework framework) {
  const std::string report = kReportPath;
  switch (framework) {
    case Framework::kNone:
      return {};
    case Framework::kGoogleTest:
      return {"--gtest_list_tests", "--gtest_output=json:" + report};
    case Framework::kCatch2:
      return {"--list-test-names-only"};
    case Framework::kCatch3:
      return {"--list-tests", "--reporter", "xml", "--out", report};
    case Framework::kDoctest:
      return {"--dt-list-test-cases", "--dt-reporters=xml", "--dt-out=" + report};
    case Framework::kCriterion:
      return {"--filter=*/*", "--list"};
    case Framework::kBoostTest:
      return {"--list_content", "--color_output=no"};
  }
  return {};
}

StatusOr<std::vector<ListedCase>> ReadListing(Framework framework, const JobOutcome& outcome) {
  if (outcome.end != JobEnd::kExit) return NoListing("it did not end normally");
  if (framework == Framework::kCatch2) return ReadNames(outcome);
  if (outcome.code != 0) return NoListing("it ended with an error");
  switch (framework) {
    case Framework::kGoogleTest:
      return ReadGoogleListing(outcome.report);
    case Framework::kCatch3:
      return ReadCatchListing(outcome.report);
    case Framework::kDoctest:
      return ReadDoctestListing(outcome.report);
    case Framework::kCriterion:
      return ReadTree(outcome.output);
    case Framework::kBoostTest:
      return ReadBoostListing(outcome.output);
    default:
      return NoListing("no framework");
  }
}

bool IsSelectable(Framework framework, std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/';
  };
  if (name.empty() || name.find('\n') != std::string_view::npos) return false;
  if (framework == Framework::kGoogleTest || framework == Framework::kCriterion) {
    return std::ranges::all_of(name, plain);
  }
  if (framework == Framework::kBoostTest) {  // types among the names of templates
    return std::ranges::all_of(name, [&](char c) { return plain(c) || c == '<' || c == '>'; });
  }
  return TrimWhitespace(name) == name && !Contains(name, "*") && !name.starts_with("exclude:") &&
         !(framework == Framework::kDoctest && (Contains(name, "\\") || Contains(name, "\"")));
}

std::vector<std::string> SelectingArguments(Framework framework,
                                            std::span<const std::string> names) {
  if (names.empty()) return {};
  std::string all;
  const bool google = framework == Framework::kGoogleTest;
  const bool boost = framework == Framework::kBoostTest;
  const std::string_view separator = google || boost                      ? ":"
                                     : framework == Framework::kCriterion ? "|"
                                                                          : ",";
  for (const std::string& name : names) {
    if (!all.empty()) all += separator;
    switch (framework) {
      case Framework::kCatch2:
      case Framework::kCatch3:
        all += EscapedName(name, kCatchSpecial);
        break;
      case Framework::kDoctest:
        all += EscapedName(name, ",");
        break;
      default:
        all += name;
    }
  }
  switch (framework) {
    case Framework::kGoogleTest:
      return {"--gtest_filter=" + all};
    case Framework::kDoctest:
      return {"--dt-test-case=" + all};
    case Framework::kCriterion:
      return {StrCat("--filter=@(", all, ")")};
    case Framework::kBoostTest:
      return {"--run_test=" + all};
    default:
      return {all};
  }
}

std::vector<std::string> ReportArguments(Framework framework) {
  const std::string report = kReportPath;
  switch (framework) {
    case Framework::kNone:
      return {};
    case Framework::kGoogleTest:
      return {"--gtest_output=json:" + report, "--gtest_color=no"};
    case Framework::kCatch2:
    case Framework::kCatch3:
      return {"--reporter", "xml", "--out", report};
    case Framework::kDoctest:
      return {"--dt-reporters=xml", "--dt-out=" + report};
    case Framework::kCriterion:
      return {"--json=" + report};
    case Framework::kBoostTest:
      return {"--log_format=XML", "--log_level=test_suite", "--log_sink=" + report,
              "--report_level=no"};
  }
  return {};
}

std::optional<std::string> SelectedBy(Framework framework, std::string_view argument) {
  std::string_view value = argument;
  if (framework == Framework::kGoogleTest) {
    constexpr std::string_view kFlag = "--gtest_filter=";
    if (!argument.starts_with(kFlag)) return std::nullopt;
    value.remove_prefix(kFlag.size());
    if (!IsSelectable(framework, value)) return std::nullopt;
    return std::string(value);
  }
  if (framework == Framework::kDoctest) {
    size_t skip = 0;
    for (const std::string_view flag : {"--test-case=", "-tc=", "--dt-test-case=", "-dt-tc="}) {
      if (argument.starts_with(flag)) skip = flag.size();
    }
    if (skip == 0) return std::nullopt;
    return Unescaped(value.substr(skip));
  }
  if (framework == Framework::kBoostTest) {
    constexpr std::string_view kFlag = "--run_test=";
    if (!argument.starts_with(kFlag)) return std::nullopt;
    value.remove_prefix(kFlag.size());
    if (!IsSelectable(framework, value)) return std::nullopt;
    return std::string(value);
  }
  if (framework != Framework::kCatch2 && framework != Framework::kCatch3) return std::nullopt;
  if (argument.starts_with('-') || argument.starts_with('[')) return std::nullopt;
  return Unescaped(value);
}

StatusOr<std::map<std::string, CaseReport>> ReadCaseReport(Framework framework,
                                                           std::string_view report) {
  StatusOr<std::map<std::string, CaseReport>> cases = InvalidArgument("no framework");
  if (framework == Framework::kGoogleTest) cases = ReadGoogleReport(report);
  if (framework == Framework::kCriterion) cases = ReadCriterionReport(report);
  if (framework == Framework::kCatch2 || framework == Framework::kCatch3) {
    cases = XmlCases(report, /*doctest=*/false).Read();
  }
  if (framework == Framework::kDoctest) cases = XmlCases(report, /*doctest=*/true).Read();
  if (framework == Framework::kBoostTest) cases = BoostCases(report).Read();
  if (!cases.ok()) return cases;
  for (auto& [name, one] : *cases) {
    if (one.message.size() > kCaseMessageMax) one.message.resize(kCaseMessageMax);
  }
  return cases;
}

}  // namespace coditect::native
