// One incremental build a candidate.
#include "src/adapters/native/filter.h"

#include <algorithm>
#include <map>
#include <utility>

#include "src/adapters/native/test_run.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr uint64_t kCandidatesMax = 1000;
constexpr std::chrono::milliseconds kCpuMin{2'000};  // of a test, however quick the base is
constexpr int kCpuFactor = 10;                       // times what the base's run needs

TestStatus StatusIn(const TestReport& report, const std::string& id) {
  for (const TestCase& test : report.cases) {
    if (test.id == id) return test.status;
  }
  return TestStatus::kUnspecified;
}

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
  uint64_t candidates_max() const override { return kCandidatesMax; }
  Usage usage() const override { return usage_; }

 private:
  StatusOr<TestReport> Run(const Context& ctx, const std::vector<std::string>& ids);
  StatusOr<JudgedCandidate> JudgeOne(const Context& ctx, const Candidate& candidate);
  Status JudgeTree(const Context& ctx, JudgedCandidate* judged);
  /// Leaves the candidate's files in the workspace and the base's everywhere else; false when its
  /// edits do not fit.
  StatusOr<bool> Write(const Candidate& candidate);

  Workspace& workspace_;
  FilterRequest request_;
  std::map<std::string, std::string> base_;  // the editable files' text
  std::vector<std::string> written_;         // files that differ from the base now
  uint64_t test_cpu_ms_ = 0;
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
  uint64_t slowest_us = 0;
  for (const TestCase& test : report.cases) slowest_us = std::max(slowest_us, test.wall_us);
  test_cpu_ms_ =
      std::max<uint64_t>(static_cast<uint64_t>(kCpuMin.count()), kCpuFactor * slowest_us / 1000);
  return absl::OkStatus();
}

StatusOr<TestReport> Filter::Run(const Context& ctx, const std::vector<std::string>& ids) {
  TestRunRequest request;
  request.plan = request_.plan;
  request.ids = ids;
  request.seed = request_.seed;
  request.stop_at_first_failure = true;
  request.test_cpu_ms = test_cpu_ms_;
  request.limits = request_.limits;
  request.limits.wall = {};
  ASSIGN_OR_RETURN(TestReport report, RunTests(ctx, workspace_, request));
  usage_.runner_starts += 1;
  usage_.tests += report.cases.size();
  usage_.cpu_ms += report.cpu_ms;
  usage_.wall_ms += report.wall_ms;
  return report;
}

StatusOr<bool> Filter::Write(const Candidate& candidate) {
  std::map<std::string, std::vector<SourceEdit>> edits;
  for (const SourceEdit& edit : candidate.edits) edits[edit.file].push_back(edit);
  std::map<std::string, std::string> texts;
  for (const std::string& path : std::exchange(written_, {})) texts[path] = base_.at(path);
  for (auto& [path, list] : edits) {
    const auto text = base_.find(path);
    if (text == base_.end()) return false;
    auto content = ApplyEdits(text->second, std::move(list));
    if (!content.ok()) return false;
    texts[path] = *std::move(content);
    written_.push_back(path);
  }
  std::vector<FileChange> changes;
  for (auto& [path, text] : texts) changes.push_back({.path = path, .content = std::move(text)});
  RETURN_IF_ERROR(workspace_.Apply(changes));
  return true;
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
  usage_.candidates += 1;
  return judged;
}

StatusOr<std::vector<JudgedCandidate>> Filter::Judge(const Context& ctx,
                                                     std::span<const Candidate> candidates) {
  std::vector<JudgedCandidate> answers;
  answers.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    RETURN_IF_ERROR(ctx.Check());
    ASSIGN_OR_RETURN(JudgedCandidate judged, JudgeOne(ctx, candidate));
    answers.push_back(judged);
  }
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
