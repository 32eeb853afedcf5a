// One build for many candidates, or one for each.
#include "src/adapters/native/filter.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "src/adapters/native/alternatives.h"
#include "src/adapters/native/failure_text.h"
#include "src/adapters/native/judge_program.h"
#include "src/adapters/native/test_launches.h"
#include "src/adapters/native/test_list.h"
#include "src/adapters/native/test_run.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kBatch = 256;
constexpr size_t kAloneMax = 200;       // candidates that have a build of their own
constexpr size_t kOptimizedBatch = 64;  // bodies that are optimized together
constexpr int kRoundsMax = 8;  // builds of a batch, each without what the last complained about
constexpr std::chrono::milliseconds kCpuMin{300};  // of a test, however quick the base is
// Of a test that passes on the base: only what mends the failing ones comes to it, and those may
// have ended early.
constexpr std::chrono::milliseconds kPassingCpuMin{10'000};
constexpr std::chrono::milliseconds kWallMin{3'000};
constexpr int kTimeFactor = 10;  // times what the base's run needs
constexpr uint64_t kMemoryMin = uint64_t{1} << 30;
constexpr uint64_t kMemoryFactor = 4;  // times what the base's build and run need
constexpr int kPatientFactor = 10;     // more when the request asks for more fuel

TestStatus StatusIn(const TestReport& report, const std::string& id) {
  for (const TestCase& test : report.cases) {
    if (test.id == id) return test.status;
  }
  return TestStatus::kUnspecified;
}

bool NoneIn(const std::vector<const Candidate*>& chosen) {
  return std::ranges::all_of(chosen, [](const Candidate* one) { return one == nullptr; });
}

/// What judges alternatives: a test, or cases of one program together.
struct FilterTest {
  Job job;
  std::string target;  // of the build, that makes its program; "" = unknown
};

class Filter final : public CandidateFilter {
 public:
  Filter(Workspace& workspace, FilterRequest request)
      : workspace_(workspace), request_(std::move(request)) {}

  Status Open(const Context& ctx);
  StatusOr<std::vector<JudgedCandidate>> Judge(const Context& ctx,
                                               std::span<const Candidate> candidates) override;
  StatusOr<std::vector<ObservedName>> Observe(const Context&) override {
    return std::vector<ObservedName>();
  }
  size_t batch_size() const override { return kBatch; }
  Usage usage() const override { return usage_; }

 private:
  Status ListFilterTests(const Context& ctx, Shell& shell);
  StatusOr<TestReport> Run(const Context& ctx, const std::vector<std::string>& ids);
  StatusOr<JudgedCandidate> JudgeOne(const Context& ctx, const Candidate& candidate);
  Status JudgeTree(const Context& ctx, JudgedCandidate* judged);
  /// JudgeTogether, of as many at once as their compilation allows.
  Status JudgeInParts(const Context& ctx, std::span<const Candidate> batch,
                      const std::vector<size_t>& indexes, std::vector<JudgedCandidate>* answers);
  /// What the base passes in the build of alternatives, too, says nothing about them: they are
  /// compiled as the project does, and if that does not tell either, each is built alone.
  Status JudgeBlind(const Context& ctx, std::span<const Candidate> batch,
                    const std::vector<size_t>& indexes, std::vector<JudgedCandidate>* answers);
  /// True when the first of `tests` fails in the build of alternatives if none is chosen.
  StatusOr<bool> BaseFails(const Context& ctx, std::span<const FilterTest> tests);
  /// Judges alternatives of one build, round by round of the tests; `answers` has a place for each
  /// of `batch`.
  Status JudgeTogether(const Context& ctx, std::span<const Candidate> batch,
                       const std::vector<size_t>& indexes, std::vector<JudgedCandidate>* answers);
  /// Builds what stands in `chosen`, null = left out, leaving out more until it compiles. False
  /// when the build fails for no candidate's fault.
  StatusOr<bool> BuildAlternatives(const Context& ctx, std::span<const FilterTest> tests,
                                   std::vector<const Candidate*>* chosen);
  /// Leaves in `chosen` the alternatives under which all of `tests` pass.
  Status RunAlternatives(const Context& ctx, std::span<const FilterTest> tests,
                         const std::vector<size_t>& indexes, std::vector<const Candidate*>* chosen,
                         std::vector<JudgedCandidate>* answers);
  StatusOr<SandboxResult> BuildNow(const Context& ctx, std::span<const FilterTest> tests);
  std::vector<std::span<const FilterTest>> Rounds() const;
  Status Put(const std::map<std::string, std::string>& texts);
  /// Leaves the candidate's files in the workspace and the base's everywhere else; false when its
  /// edits do not fit.
  StatusOr<bool> Write(const Candidate& candidate);
  std::chrono::milliseconds PassingCpu() const { return std::max(test_cpu_, kPassingCpuMin); }

  Workspace& workspace_;
  FilterRequest request_;
  std::map<std::string, std::string> base_;  // the editable files' text
  std::vector<std::string> written_;         // files that differ from the base now
  std::vector<FilterTest> tests_;            // the failing ones, then the passing ones
  size_t failing_ = 0;                       // of tests_
  std::chrono::milliseconds test_cpu_{0};
  std::chrono::milliseconds test_wall_{0};
  SandboxLimits judging_;    // of a launch that judges alternatives
  size_t alone_ = 0;         // candidates that had a build of their own
  bool optimized_ = false;   // alternatives are compiled as the project does
  bool base_fails_ = false;  // seen in a build of alternatives that are not optimized
  Usage usage_;
};

Status Filter::Open(const Context& ctx) {
  for (const std::string& path : request_.files) {
    ASSIGN_OR_RETURN(base_[path], workspace_.Read(path));
  }
  ASSIGN_OR_RETURN(const TestReport report, Run(ctx, request_.failing));
  const auto& failing = request_.failing;
  if (std::none_of(failing.begin(), failing.end(), [&](const std::string& id) {
        return StatusIn(report, id) == TestStatus::kFailed;
      })) {
    return FailedPrecondition("the failing tests do not fail when they run alone");
  }
  std::chrono::microseconds slowest{0};
  for (const TestCase& test : report.cases) {
    slowest = std::max(slowest, std::chrono::microseconds(test.wall_us));
  }
  // One that allocates without end must not take what the machine has: it ends its launch.
  judging_.memory_bytes = std::max(kMemoryMin, kMemoryFactor * report.memory_bytes);
  if (request_.limits.memory_bytes > 0) {
    judging_.memory_bytes = std::min(judging_.memory_bytes, request_.limits.memory_bytes);
  }
  const int factor = kTimeFactor * (request_.fuel == 0 ? 1 : kPatientFactor);
  const auto times = std::chrono::duration_cast<std::chrono::milliseconds>(slowest) * factor;
  test_cpu_ = std::max(kCpuMin * factor / kTimeFactor, times);
  test_wall_ = std::max(kWallMin * factor / kTimeFactor, 2 * times);
  Shell shell(workspace_, {});
  RETURN_IF_ERROR(ListFilterTests(ctx, shell));
  return MakeJudge(ctx, shell);
}

Status Filter::ListFilterTests(const Context& ctx, Shell& shell) {
  std::vector<std::string> ids = request_.failing;
  ids.insert(ids.end(), request_.passing.begin(), request_.passing.end());
  ASSIGN_OR_RETURN(auto programs, ListTests(ctx, shell, request_.plan,
                                            BuildFolder(request_.plan, BuildKind::kPlain), ids));
  ASSIGN_OR_RETURN(const auto listed, ListCases(ctx, shell, std::move(programs)));
  bool shared = false;  // passing tests that share a process
  for (const auto* ids : {&request_.failing, &request_.passing}) {
    std::vector<ListedTest> tests;
    for (const std::string& id : *ids) {
      const auto found = std::ranges::find(listed, id, &ListedTest::id);
      if (found != listed.end()) tests.push_back(*found);
    }
    LaunchOptions options;
    options.alone = ids == &request_.failing;
    options.reports = false;
    for (TestLaunch& launch : PlanLaunches(tests, options)) {
      shared |= launch.tests.size() > 1;
      tests_.push_back({std::move(launch.job), tests[launch.tests[0]].target});
    }
    if (options.alone) failing_ = tests_.size();
  }
  if (!shared) return absl::OkStatus();
  // Many cases in a process need more time than the slowest failing one has.
  ASSIGN_OR_RETURN(const TestReport report, Run(ctx, request_.passing));
  std::chrono::microseconds all{0};
  for (const TestCase& test : report.cases) all += std::chrono::microseconds(test.wall_us);
  const auto times = std::chrono::duration_cast<std::chrono::milliseconds>(all) * kTimeFactor;
  test_cpu_ = std::max(test_cpu_, times);
  test_wall_ = std::max(test_wall_, 2 * times);
  return absl::OkStatus();
}

StatusOr<TestReport> Filter::Run(const Context& ctx, const std::vector<std::string>& ids) {
  TestRunRequest request;
  request.plan = request_.plan;
  request.ids = ids;
  request.seed = request_.seed;
  request.stop_at_first_failure = true;
  const auto cpu = &ids == &request_.passing ? PassingCpu() : test_cpu_;
  request.test_cpu_ms = static_cast<uint64_t>(cpu.count());
  request.limits = request_.limits;
  request.limits.wall = {};
  ASSIGN_OR_RETURN(TestReport report, RunTests(ctx, workspace_, request));
  usage_.runner_starts += 1;
  usage_.cpu_ms += report.cpu_ms;
  usage_.wall_ms += report.wall_ms;
  return report;
}

StatusOr<bool> Filter::Write(const Candidate& candidate) {
  std::map<std::string, std::vector<SourceEdit>> edits;
  for (const SourceEdit& edit : candidate.edits) edits[edit.file].push_back(edit);
  std::map<std::string, std::string> texts;
  for (auto& [path, list] : edits) {
    const auto text = base_.find(path);
    if (text == base_.end()) return false;
    auto content = ApplyEdits(text->second, std::move(list));
    if (!content.ok()) return false;
    texts[path] = *std::move(content);
  }
  RETURN_IF_ERROR(Put(texts));
  return true;
}

/// The files of `texts` and the base's everywhere else.
Status Filter::Put(const std::map<std::string, std::string>& texts) {
  std::map<std::string, std::string> now = texts;
  for (const std::string& path : std::exchange(written_, {})) now.try_emplace(path, base_.at(path));
  std::vector<FileChange> changes;
  for (auto& [path, text] : now) changes.push_back({.path = path, .content = std::move(text)});
  for (const auto& [path, text] : texts) written_.push_back(path);
  return workspace_.Apply(changes);
}

Status Filter::JudgeTree(const Context& ctx, JudgedCandidate* judged) {
  judged->verdict = CandidateVerdict::kFails;
  for (const auto* ids : {&request_.failing, &request_.passing}) {
    if (ids->empty()) continue;
    ASSIGN_OR_RETURN(const TestReport report, Run(ctx, *ids));
    if (!report.normal_end && report.cases.empty()) {
      judged->verdict = CandidateVerdict::kInvalid;
      return absl::OkStatus();
    }
    judged->tests += static_cast<uint32_t>(report.cases.size());
    const auto passed = std::count_if(ids->begin(), ids->end(), [&](const std::string& id) {
      return StatusIn(report, id) == TestStatus::kPassed;
    });
    judged->passed += static_cast<uint32_t>(passed);
    if (static_cast<size_t>(passed) < ids->size()) return absl::OkStatus();
  }
  judged->verdict = CandidateVerdict::kSurvives;
  return absl::OkStatus();
}

StatusOr<JudgedCandidate> Filter::JudgeOne(const Context& ctx, const Candidate& candidate) {
  JudgedCandidate judged;
  judged.number = candidate.number;
  judged.verdict = CandidateVerdict::kInvalid;
  ASSIGN_OR_RETURN(const bool fits, Write(candidate));
  if (fits) RETURN_IF_ERROR(JudgeTree(ctx, &judged));
  return judged;
}

StatusOr<SandboxResult> Filter::BuildNow(const Context& ctx, std::span<const FilterTest> tests) {
  Shell shell(workspace_, {});
  std::vector<std::string> targets;
  for (const FilterTest& test : tests) targets.push_back(test.target);
  // A command builds and tests at once; under the base it changes nothing that the others need.
  StatusOr<SandboxResult> result =
      request_.plan.runner == "command"
          ? shell.Run(ctx, request_.plan.command,
                      {.environment = {{kAlternativeVariable, "0"}, {"LC_ALL", "C"}}})
          : Build(ctx, shell, request_.plan, {}, BuildKind::kPlain, targets);
  usage_.cpu_ms += shell.cpu_ms();
  usage_.wall_ms += shell.wall_ms();
  return result;
}

/// The first failing test, the other failing ones, the passing ones: most candidates end at the
/// first, so that the programs of the others are built with few alternatives.
std::vector<std::span<const FilterTest>> Filter::Rounds() const {
  const std::span<const FilterTest> all(tests_);
  const bool known = std::ranges::none_of(tests_, &std::string::empty, &FilterTest::target);
  if (!known) return {all};
  const size_t failing = std::min(failing_, all.size());
  std::vector<std::span<const FilterTest>> rounds = {all.subspan(0, 1), all.subspan(1, failing - 1),
                                                     all.subspan(failing)};
  std::erase_if(rounds, [](const auto& round) { return round.empty(); });
  return rounds;
}

StatusOr<bool> Filter::BuildAlternatives(const Context& ctx, std::span<const FilterTest> tests,
                                         std::vector<const Candidate*>* chosen) {
  std::set<std::string> paths;
  for (const Candidate* candidate : *chosen) {
    if (candidate == nullptr) continue;
    for (const SourceRange& body : candidate->bodies) paths.insert(body.file);
  }
  std::set<uint32_t> whole;  // that get a body of their own
  for (int round = 0; round < kRoundsMax; ++round) {
    std::map<std::string, AlternativesFile> files;
    std::map<std::string, std::string> texts;
    for (const std::string& path : paths) {
      files[path] = WriteAlternatives(path, base_.at(path), *chosen,
                                      {.whole = whole, .optimized = optimized_});
      texts[path] = files[path].text;
    }
    RETURN_IF_ERROR(Put(texts));
    ASSIGN_OR_RETURN(const SandboxResult built, BuildNow(ctx, tests));
    if (built.exit_code == 0) return true;
    std::set<uint32_t> faulty;
    std::set<uint32_t> shared;  // that may be right in a body of their own
    for (const auto& [path, file] : files) {
      FaultyAlternatives found = FindFaulty(built.output, path, file);
      for (const auto& lines : file.lines) {
        if (lines.shared && !found.hopeless.contains(lines.number)) shared.insert(lines.number);
      }
      faulty.merge(found.all);
    }
    if (faulty.empty() && shared.empty()) return request_.plan.runner == "command";
    if (faulty.empty() && request_.plan.runner == "command" &&
        BuildErrorLine(built.output).find("error:") == std::string::npos) {
      return true;  // the tests failed, not the build
    }
    if (faulty.empty()) whole.merge(shared);
    for (const uint32_t number : faulty) {
      if (shared.contains(number)) {
        whole.insert(number);
      } else {
        (*chosen)[number - 1] = nullptr;
      }
    }
    if (NoneIn(*chosen)) return true;
  }
  return false;
}

Status Filter::RunAlternatives(const Context& ctx, std::span<const FilterTest> tests,
                               const std::vector<size_t>& indexes,
                               std::vector<const Candidate*>* chosen,
                               std::vector<JudgedCandidate>* answers) {
  JudgeRequest request;
  for (const FilterTest& test : tests) request.tests.push_back(test.job);
  const bool passing = tests.data() + tests.size() > tests_.data() + failing_;
  request.test_cpu = passing ? PassingCpu() : test_cpu_;
  request.test_wall = passing ? std::max(test_wall_, 2 * PassingCpu()) : test_wall_;
  for (size_t i = 0; i < chosen->size(); ++i) {
    if ((*chosen)[i] != nullptr) request.numbers.push_back(static_cast<uint32_t>(i + 1));
  }
  const auto failing = static_cast<uint32_t>(failing_);
  const auto all = static_cast<uint32_t>(tests_.size());
  Shell shell(workspace_, judging_);
  while (!request.numbers.empty()) {
    ASSIGN_OR_RETURN(const auto verdicts, RunJudge(ctx, shell, request));
    for (const AlternativeVerdict& verdict : verdicts) {
      JudgedCandidate& judged = (*answers)[indexes[verdict.number - 1]];
      judged.passed = std::min(judged.passed + verdict.passed, failing);
      judged.tests = std::min(judged.tests + verdict.passed + 1, all);
      judged.out_of_fuel = verdict.out_of_time;
      judged.verdict = CandidateVerdict::kFails;
      if (verdict.passed < tests.size()) (*chosen)[verdict.number - 1] = nullptr;
    }
    request.numbers.erase(request.numbers.begin(),
                          request.numbers.begin() + static_cast<ptrdiff_t>(verdicts.size()));
    if (request.numbers.empty()) break;
    // It ended the launch: the tests do not pass under it.
    const uint32_t number = request.numbers.front();
    (*answers)[indexes[number - 1]].verdict = CandidateVerdict::kFails;
    (*chosen)[number - 1] = nullptr;
    request.numbers.erase(request.numbers.begin());
  }
  usage_.runner_starts += 1;
  usage_.cpu_ms += shell.cpu_ms();
  usage_.wall_ms += shell.wall_ms();
  return absl::OkStatus();
}

Status Filter::JudgeTogether(const Context& ctx, std::span<const Candidate> batch,
                             const std::vector<size_t>& indexes,
                             std::vector<JudgedCandidate>* answers) {
  if (indexes.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ctx.Check());
  std::vector<const Candidate*> chosen;
  for (const size_t index : indexes) chosen.push_back(&batch[index]);
  for (const std::span<const FilterTest> tests : Rounds()) {
    ASSIGN_OR_RETURN(const bool built, BuildAlternatives(ctx, tests, &chosen));
    if (!built) {
      if (indexes.size() == 1) return absl::OkStatus();  // invalid, as every answer is at first
      for (const size_t index : indexes) {
        (*answers)[index] = {.number = batch[index].number, .verdict = CandidateVerdict::kInvalid};
      }
      const auto middle = indexes.begin() + static_cast<ptrdiff_t>(indexes.size() / 2);
      RETURN_IF_ERROR(JudgeTogether(ctx, batch, {indexes.begin(), middle}, answers));
      return JudgeTogether(ctx, batch, {middle, indexes.end()}, answers);
    }
    if (NoneIn(chosen)) return absl::OkStatus();
    if (tests.data() == tests_.data() && !base_fails_) {
      ASSIGN_OR_RETURN(const bool fails, BaseFails(ctx, tests));
      if (!fails) return JudgeBlind(ctx, batch, indexes, answers);
      base_fails_ = !optimized_;  // the optimizer may see each build otherwise
    }
    RETURN_IF_ERROR(RunAlternatives(ctx, tests, indexes, &chosen, answers));
    if (NoneIn(chosen)) return absl::OkStatus();
  }
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i] != nullptr) (*answers)[indexes[i]].verdict = CandidateVerdict::kSurvives;
  }
  return absl::OkStatus();
}

StatusOr<bool> Filter::BaseFails(const Context& ctx, std::span<const FilterTest> tests) {
  JudgeRequest request;
  request.tests = {tests.front().job};
  request.numbers = {0};
  request.test_cpu = test_cpu_;
  request.test_wall = test_wall_;
  Shell shell(workspace_, judging_);
  ASSIGN_OR_RETURN(const auto verdicts, RunJudge(ctx, shell, request));
  usage_.cpu_ms += shell.cpu_ms();
  usage_.wall_ms += shell.wall_ms();
  return verdicts.empty() || verdicts[0].passed == 0;
}

Status Filter::JudgeBlind(const Context& ctx, std::span<const Candidate> batch,
                          const std::vector<size_t>& indexes,
                          std::vector<JudgedCandidate>* answers) {
  if (!std::exchange(optimized_, true)) return JudgeInParts(ctx, batch, indexes, answers);
  for (const size_t index : indexes) {
    RETURN_IF_ERROR(ctx.Check());
    if (++alone_ > kAloneMax) break;
    ASSIGN_OR_RETURN((*answers)[index], JudgeOne(ctx, batch[index]));
  }
  return absl::OkStatus();
}

Status Filter::JudgeInParts(const Context& ctx, std::span<const Candidate> batch,
                            const std::vector<size_t>& indexes,
                            std::vector<JudgedCandidate>* answers) {
  for (size_t done = 0; done < indexes.size();) {
    const size_t left = indexes.size() - done;
    const size_t some = optimized_ ? std::min(left, kOptimizedBatch) : left;
    const auto begin = indexes.begin() + static_cast<ptrdiff_t>(done);
    RETURN_IF_ERROR(
        JudgeTogether(ctx, batch, {begin, begin + static_cast<ptrdiff_t>(some)}, answers));
    done += some;
  }
  return absl::OkStatus();
}

StatusOr<std::vector<JudgedCandidate>> Filter::Judge(const Context& ctx,
                                                     std::span<const Candidate> candidates) {
  std::vector<JudgedCandidate> answers(candidates.size());
  std::vector<size_t> together;
  for (size_t i = 0; i < candidates.size(); ++i) {
    answers[i].number = candidates[i].number;
    answers[i].verdict = CandidateVerdict::kInvalid;
    if (IsAlternative(candidates[i], base_)) together.push_back(i);
  }
  RETURN_IF_ERROR(JudgeInParts(ctx, candidates, together, &answers));
  // Nothing that is judged at this price is worth it behind one that survived.
  const auto survivor =
      std::ranges::find(answers, CandidateVerdict::kSurvives, &JudgedCandidate::verdict);
  for (size_t i = 0; i < static_cast<size_t>(survivor - answers.begin()); ++i) {
    if (std::binary_search(together.begin(), together.end(), i)) continue;
    RETURN_IF_ERROR(ctx.Check());
    if (++alone_ > kAloneMax) continue;
    ASSIGN_OR_RETURN(answers[i], JudgeOne(ctx, candidates[i]));
  }
  for (const JudgedCandidate& judged : answers) usage_.tests += judged.tests;
  usage_.candidates += candidates.size();
  return answers;
}

}  // namespace

StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx, Workspace& workspace,
                                                      const FilterRequest& request) {
  auto filter = std::make_unique<Filter>(workspace, request);
  RETURN_IF_ERROR(filter->Open(ctx));
  return filter;
}

}  // namespace coditect::native
