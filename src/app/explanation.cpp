// Why a run changed what it changed.
#include "src/app/explanation.h"

#include <algorithm>
#include <optional>
#include <set>

#include "src/base/strings.h"
#include "src/wire/codec.h"

namespace coditect {
namespace {

constexpr size_t kLinesShown = 10;
constexpr size_t kTestsShown = 10;
constexpr size_t kRivalsShown = 5;

template <typename T>
StatusOr<T> LoadBlob(const Context& ctx, ObjectStore& blobs, const BlobId& id) {
  ASSIGN_OR_RETURN(const std::string bytes, blobs.Get(ctx, id));
  return wire::Decode<T>(bytes, "blob");
}

/// The text of a coder's blob: each patch a line that says what it is, then its diff, whose lines
/// begin with a sign or a blank.
std::vector<RivalPatch> ParseRivals(const std::string& text) {
  std::vector<RivalPatch> rivals;
  for (const std::string& line : Split(text, '\n')) {
    const bool claimed = line.starts_with("claimed  ");
    if (claimed || line.starts_with("plausible  ")) {
      rivals.push_back(
          {.claimed = claimed, .summary = line.substr(line.find("  ") + 2), .diff = ""});
    } else if (!rivals.empty() && !line.empty()) {
      rivals.back().diff += line + "\n";
    }
  }
  return rivals;
}

std::string SearchResult(const TaskState& task) {
  std::string word(EnumName(task.status));
  word = word.substr(word.find('_') + 1);
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return task.reason.empty() || task.status == TaskStatus::kDone ? word
                                                                 : StrCat(word, ": ", task.reason);
}

/// What was thought of the search before it began, and what it took.
std::string ForecastText(const TaskState& task) {
  const Forecast& forecast = task.spec.forecast;
  if (forecast.success_permille == 0) return "";
  std::string text = StrCat("forecast ", (forecast.success_permille + 5) / 10, " % in ",
                            SecondsText(forecast.cpu_ms), " CPU");
  if (task.spent.wall_ms > 0) StrAppend(text, ", took ", SecondsText(task.spent.cpu_ms));
  return text;
}

/// True when the claim that `verify` looked at is of `cluster`, or was seen mending it, too.
bool Mends(const MissionState& mission, const TaskState& verify, const std::string& cluster) {
  return std::ranges::any_of(ClaimsMetBy(mission, verify), [&](TaskId id) {
    const auto& parameters = mission.Find(id)->spec.parameters;
    const auto of = parameters.find("clusters");
    return of != parameters.end() && of->second == cluster;
  });
}

/// What a mission works on between two advances of its base: its tasks have ordinals above `after`.
struct Stretch {
  uint32_t after = 0;
  uint32_t last = UINT32_MAX;
  const MergeQueueState* merge = nullptr;

  bool Holds(const TaskState& task) const {
    return after < task.spec.task_id.ordinal && task.spec.task_id.ordinal <= last;
  }
};

std::vector<Stretch> StretchesOf(const MissionState& mission) {
  std::vector<Stretch> stretches(1);
  for (const AdvancedBase& base : mission.bases) {
    stretches.back().last = base.task_id.ordinal;
    stretches.back().merge = &base.merge;
    stretches.push_back({.after = base.task_id.ordinal});
  }
  stretches.back().merge = &mission.merge;
  return stretches;
}

bool IsOfCluster(const TaskState& task, const std::string& cluster) {
  const auto of = task.spec.parameters.find("cluster");
  return of != task.spec.parameters.end() && of->second == cluster;
}

/// The repair of cluster `cluster`, as far as it came.
void AddRepair(const MissionState& mission, const Stretch& stretch, const std::string& cluster,
               FaultExplanation& fault) {
  const TaskState* merge = nullptr;
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent == "merge" && stretch.Holds(task)) merge = &task;
  }
  for (const TaskState& verify : mission.tasks) {
    if (verify.spec.intent != "verify" || !stretch.Holds(verify)) continue;
    const TaskState* winner = ClaimOf(mission, verify);
    if (winner == nullptr || !Mends(mission, verify, cluster)) continue;
    const MergedClaim* merged = stretch.merge->Merged(verify.spec.task_id);
    const DroppedClaim* dropped = stretch.merge->Dropped(verify.spec.task_id);
    if (dropped != nullptr) fault.dropped = dropped->reason;
    if (merged == nullptr && dropped == nullptr) continue;
    fault.summary = OutputOf(*winner, "summary");
    fault.commit = merged != nullptr ? merged->commit : winner->result.commit;
    for (const TaskState* task : {&verify, merged != nullptr ? merge : nullptr}) {
      if (task != nullptr && task->result.evidence.has_value()) {
        fault.evidence.push_back(*task->result.evidence);
      }
    }
  }
}

Status AddSearches(const Context& ctx, const MissionState& mission, const Stretch& stretch,
                   const std::string& cluster, ObjectStore& blobs, FaultExplanation& fault) {
  for (const TaskState& task : mission.tasks) {
    const bool searched = task.spec.intent == "repair" || task.spec.intent == "adopt";
    if (!searched || !stretch.Holds(task) || !IsOfCluster(task, cluster)) continue;
    fault.searches.push_back({.task = task.spec.task_id.ToString(),
                              .what = task.spec.description,
                              .result = SearchResult(task),
                              .forecast = ForecastText(task)});
    if (const BlobId id = OutputOf(task, "plausible"); !id.empty()) {
      ASSIGN_OR_RETURN(const std::string text, blobs.Get(ctx, id));
      for (RivalPatch& rival : ParseRivals(text)) fault.rivals.push_back(std::move(rival));
    }
  }
  return absl::OkStatus();
}

std::vector<TestCase> FailuresOf(const FaultCluster& cluster, const Baseline& baseline) {
  std::vector<TestCase> failures;
  for (const std::string& id : cluster.tests) {
    const auto test = std::find_if(baseline.cases.begin(), baseline.cases.end(),
                                   [&](const TestCase& candidate) { return candidate.id == id; });
    failures.push_back(test == baseline.cases.end() ? TestCase{.id = id} : *test);
  }
  return failures;
}

/// Lines of `file` that the diff changes, by their numbers before and after it.
std::set<uint32_t> ChangedLines(const std::string& diff, const std::string& file) {
  std::set<uint32_t> changed;
  bool wanted = false;
  uint32_t before = 0;
  uint32_t after = 0;
  for (const std::string& line : Split(diff, '\n')) {
    if (line.starts_with("--- ") || line.starts_with("+++ ")) {
      wanted = line.size() > 6 && line.substr(6) == file;
    } else if (line.starts_with("@@ -")) {
      before = static_cast<uint32_t>(std::strtoul(line.c_str() + 4, nullptr, 10));
      const size_t plus = line.find('+');
      after = plus == std::string::npos
                  ? 0
                  : static_cast<uint32_t>(std::strtoul(line.c_str() + plus + 1, nullptr, 10));
    } else if (line.starts_with("-")) {
      if (wanted) changed.insert(before);
      ++before;
    } else if (line.starts_with("+")) {
      if (wanted) changed.insert(after);
      ++after;
    } else if (line.starts_with(" ")) {
      ++before;
      ++after;
    }
  }
  return changed;
}

struct Place {
  std::string file;
  uint32_t line = 0;
};

/// nullopt for what is no "file:line".
std::optional<Place> ParsePlace(const std::string& subject) {
  const size_t colon = subject.rfind(':');
  if (colon == std::string::npos || colon == 0 || Contains(subject, "::")) return std::nullopt;
  const std::string digits = subject.substr(colon + 1);
  const bool number = !digits.empty() && digits.size() <= 9 &&
                      digits.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return std::nullopt;
  Place place{subject.substr(0, colon), static_cast<uint32_t>(std::stoul(digits))};
  if (place.file.starts_with("./")) place.file.erase(0, 2);
  return place;
}

bool Changes(const FaultExplanation& fault, const Place& place) {
  return std::any_of(fault.rivals.begin(), fault.rivals.end(), [&](const RivalPatch& rival) {
    return rival.claimed && ChangedLines(rival.diff, place.file).contains(place.line);
  });
}

bool Suspects(const FaultExplanation& fault, const Place& place) {
  return std::any_of(fault.lines.begin(), fault.lines.end(), [&](const SuspiciousLine& line) {
    return line.file == place.file && line.line == place.line;
  });
}

template <typename Predicate>
std::vector<FaultExplanation> Those(const std::vector<FaultExplanation>& faults, Predicate holds) {
  std::vector<FaultExplanation> kept;
  std::copy_if(faults.begin(), faults.end(), std::back_inserter(kept), holds);
  return kept;
}

std::string ScoreText(uint32_t ppm) {
  std::string digits = std::to_string(ppm / 10'000);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  return digits.insert(digits.size() - 2, ".");
}

void AppendEvidence(std::string& out, const Evidence& e) {
  StrAppend(out, "    ", e.passed, " of ", e.expected, " expected passed, ", e.failed, " failed, ",
            e.missing, " missing, on tree ", e.tree.substr(0, 12), " by `", e.command,
            "`; changed hunks executed: ", e.changed_hunks_executed, " of ", e.changed_hunks, "\n");
}

void AppendFault(std::string& out, const FaultExplanation& fault) {
  out += fault.summary.empty() ? "No repair\n"
                               : StrCat(fault.commit.substr(0, 12), "  ", fault.summary, "\n");
  if (!fault.dropped.empty()) StrAppend(out, "  left out: ", fault.dropped, "\n");
  out += "  because these failed:\n";
  for (size_t i = 0; i < fault.failures.size() && i < kTestsShown; ++i) {
    const TestCase& test = fault.failures[i];
    const std::string why = test.message.substr(0, test.message.find('\n'));
    StrAppend(out, "    ", test.id, why.empty() ? "" : ": ", why, "\n");
  }
  if (fault.failures.size() > kTestsShown) {
    StrAppend(out, "    and ", fault.failures.size() - kTestsShown, " more\n");
  }
  if (!fault.lines.empty()) out += "  suspicious lines, most first:\n";
  for (size_t i = 0; i < fault.lines.size() && i < kLinesShown; ++i) {
    const SuspiciousLine& line = fault.lines[i];
    StrAppend(out, "    ", ScoreText(line.score_ppm), "  ", line.file, ":", line.line,
              line.function.empty() ? "" : " in ", line.function, ", executed by ",
              Counted(line.failed, "failing test"), " and ", Counted(line.passed, "passing one"),
              "\n");
  }
  if (!fault.searches.empty()) out += "  searches:\n";
  for (const SearchSummary& search : fault.searches) {
    StrAppend(out, "    ", search.task, " ", search.what, ": ", search.result,
              search.forecast.empty() ? "" : StrCat(" (", search.forecast, ")"), "\n");
  }
  if (!fault.rivals.empty()) out += "  patches that pass them, best first:\n";
  for (size_t i = 0; i < fault.rivals.size() && i < kRivalsShown; ++i) {
    const RivalPatch& rival = fault.rivals[i];
    StrAppend(out, "    ", rival.claimed ? "taken: " : "", rival.summary, "\n");
  }
  if (fault.rivals.size() > kRivalsShown) {
    StrAppend(out, "    and ", fault.rivals.size() - kRivalsShown, " more\n");
  }
  if (!fault.evidence.empty()) out += "  evidence:\n";
  for (const Evidence& evidence : fault.evidence) AppendEvidence(out, evidence);
}

}  // namespace

StatusOr<std::vector<FaultExplanation>> ExplainRun(const Context& ctx, const MissionState& mission,
                                                   ObjectStore& blobs) {
  std::vector<FaultExplanation> explained;
  for (const Stretch& stretch : StretchesOf(mission)) {
    BlobId faults;
    BlobId observed;
    for (const TaskState& task : mission.tasks) {
      if (!stretch.Holds(task)) continue;
      if (const BlobId id = OutputOf(task, "faults"); !id.empty()) faults = id;
      if (task.result.baseline.has_value()) observed = task.result.baseline->baseline;
    }
    if (faults.empty() || observed.empty()) continue;
    ASSIGN_OR_RETURN(const auto report, LoadBlob<FaultReport>(ctx, blobs, faults));
    ASSIGN_OR_RETURN(const auto baseline, LoadBlob<Baseline>(ctx, blobs, observed));
    for (size_t i = 0; i < report.clusters.size(); ++i) {
      const std::string cluster = std::to_string(i);
      FaultExplanation fault;
      fault.failures = FailuresOf(report.clusters[i], baseline);
      fault.lines = report.clusters[i].lines;
      RETURN_IF_ERROR(AddSearches(ctx, mission, stretch, cluster, blobs, fault));
      AddRepair(mission, stretch, cluster, fault);
      explained.push_back(std::move(fault));
    }
  }
  return explained;
}

StatusOr<std::vector<FaultExplanation>> SelectFaults(std::vector<FaultExplanation> faults,
                                                     const std::string& subject) {
  std::vector<std::string> tests;
  for (const FaultExplanation& fault : faults) {
    for (const TestCase& test : fault.failures) tests.push_back(test.id);
  }
  auto found = Those(faults, [&](const FaultExplanation& fault) {
    return std::any_of(fault.failures.begin(), fault.failures.end(),
                       [&](const TestCase& test) { return test.id == subject; });
  });
  if (!found.empty()) return found;
  if (const auto place = ParsePlace(subject)) {
    found = Those(faults, [&](const FaultExplanation& f) { return Changes(f, *place); });
    if (!found.empty()) return found;
    found = Those(faults, [&](const FaultExplanation& f) { return Suspects(f, *place); });
    if (!found.empty()) return found;
    return NotFound(
        "no repair changed ", EscapeForTerminal(subject),
        " and no failing test's fault was sought there; without it everything is shown");
  }
  const std::string near = NearestWord(subject, tests);
  return NotFound("'", EscapeForTerminal(subject), "' is no test that failed at the base, and no ",
                  "FILE:LINE",
                  near.empty() ? "; without it everything is shown"
                               : StrCat("; did you mean ", EscapeForTerminal(near), "?"));
}

std::string ExplanationText(const std::vector<FaultExplanation>& faults) {
  std::string out;
  for (const FaultExplanation& fault : faults) AppendFault(out, fault);
  return out;
}

}  // namespace coditect
