// Candidates judged by whole runs.
#include "src/adapters/python/fresh_filter.h"

#include <algorithm>
#include <map>
#include <utility>

#include "src/base/strings.h"

namespace coditect::python {
namespace {

/// A process each is some hundred times what a candidate costs in a loaded process.
constexpr uint64_t kFreshCandidatesMax = 1000;
constexpr std::chrono::milliseconds kCpuMin{2'000};  // of a candidate, however quick the base is
constexpr int kCpuFactor = 4;                        // times what the base needs
constexpr int kWallFactor = 10;

/// True when the test, or every test of the file that could not be collected, passed.
bool Passes(const TestReport& report, const std::string& id) {
  bool any = false;
  for (const TestCase& test : report.cases) {
    if (test.id != id && test.file != id) continue;
    if (test.status == TestStatus::kFailed) return false;
    any |= test.status == TestStatus::kPassed;
  }
  return any;
}

bool Fails(const TestReport& report, const std::string& id) {
  const auto uncollected = [&](const CollectionError& error) { return error.file == id; };
  const auto failed = [&](const TestCase& test) {
    return test.status == TestStatus::kFailed && (test.id == id || test.file == id);
  };
  return std::any_of(report.cases.begin(), report.cases.end(), failed) ||
         std::any_of(report.collection_errors.begin(), report.collection_errors.end(), uncollected);
}

class FreshFilter final : public CandidateFilter {
 public:
  FreshFilter(Workspace& workspace, FilterRequest request, TestRunner run)
      : workspace_(workspace), request_(std::move(request)), run_(std::move(run)) {}

  Status Open(const Context& ctx);
  StatusOr<std::vector<JudgedCandidate>> Judge(const Context& ctx,
                                               std::span<const Candidate> candidates) override;
  StatusOr<std::vector<ObservedName>> Observe(const Context&) override {
    return std::vector<ObservedName>();
  }
  uint64_t candidates_max() const override { return kFreshCandidatesMax; }
  Usage usage() const override { return usage_; }

 private:
  StatusOr<TestReport> Run(const Context& ctx, const std::vector<std::string>& ids);
  StatusOr<JudgedCandidate> JudgeOne(const Context& ctx, const Candidate& candidate);
  /// The verdict on what is in the workspace now.
  Status JudgeTree(const Context& ctx, JudgedCandidate* judged);
  /// The candidate's files; empty when its edits do not fit.
  std::vector<FileChange> ChangesOf(const Candidate& candidate) const;
  std::vector<FileChange> BaseOf(const std::vector<FileChange>& changes) const;

  Workspace& workspace_;
  FilterRequest request_;
  const TestRunner run_;
  std::map<std::string, std::string> base_;  // the editable files' text
  Usage usage_;
};

Status FreshFilter::Open(const Context& ctx) {
  for (const std::string& path : request_.files) {
    ASSIGN_OR_RETURN(base_[path], workspace_.Read(path));
  }
  ASSIGN_OR_RETURN(const TestReport report, Run(ctx, request_.failing));
  const auto& failing = request_.failing;
  if (std::none_of(failing.begin(), failing.end(),
                   [&](const std::string& id) { return Fails(report, id); })) {
    return FailedPrecondition("the failing tests do not fail when they run alone");
  }
  const auto cpu = kCpuFactor * std::chrono::milliseconds(report.cpu_ms);
  const auto wall = kWallFactor * std::chrono::milliseconds(report.wall_ms);
  request_.limits.cpu = std::max(kCpuMin, cpu);
  request_.limits.wall = std::max(request_.limits.wall, wall);
  return absl::OkStatus();
}

StatusOr<TestReport> FreshFilter::Run(const Context& ctx, const std::vector<std::string>& ids) {
  TestRunRequest request;
  request.plan = request_.plan;
  if (request_.plan.runner != "command") request.ids = ids;
  request.seed = request_.seed;
  request.stop_at_first_failure = true;
  request.limits = request_.limits;
  ASSIGN_OR_RETURN(TestReport report, run_(ctx, request));
  usage_.runner_starts += 1;
  usage_.tests += report.cases.size();
  usage_.cpu_ms += report.cpu_ms;
  usage_.wall_ms += report.wall_ms;
  return report;
}

std::vector<FileChange> FreshFilter::ChangesOf(const Candidate& candidate) const {
  std::map<std::string, std::vector<SourceEdit>> edits;
  for (const SourceEdit& edit : candidate.edits) edits[edit.file].push_back(edit);
  std::vector<FileChange> changes;
  for (auto& [path, list] : edits) {
    const auto text = base_.find(path);
    if (text == base_.end()) return {};
    auto content = ApplyEdits(text->second, std::move(list));
    if (!content.ok()) return {};
    changes.push_back({.path = path, .content = *std::move(content)});
  }
  return changes;
}

std::vector<FileChange> FreshFilter::BaseOf(const std::vector<FileChange>& changes) const {
  std::vector<FileChange> base = changes;
  for (FileChange& change : base) change.content = base_.at(change.path);
  return base;
}

Status FreshFilter::JudgeTree(const Context& ctx, JudgedCandidate* judged) {
  judged->verdict = CandidateVerdict::kFails;
  const bool command = request_.plan.runner == "command";
  for (const auto* ids : {&request_.failing, &request_.passing}) {
    if (ids->empty() || (command && ids == &request_.passing)) continue;
    ASSIGN_OR_RETURN(const TestReport report, Run(ctx, *ids));
    judged->tests += std::max<uint32_t>(1, static_cast<uint32_t>(report.cases.size()));
    if (report.ended_by == "cpu") return absl::OkStatus();
    if (report.ended_by == "wall") {
      judged->verdict = CandidateVerdict::kUndecided;
      return absl::OkStatus();
    }
    const auto passed = std::count_if(ids->begin(), ids->end(),
                                      [&](const std::string& id) { return Passes(report, id); });
    judged->passed += static_cast<uint32_t>(passed);
    if (!report.normal_end || static_cast<size_t>(passed) < ids->size()) return absl::OkStatus();
  }
  judged->verdict = CandidateVerdict::kSurvives;
  return absl::OkStatus();
}

StatusOr<JudgedCandidate> FreshFilter::JudgeOne(const Context& ctx, const Candidate& candidate) {
  JudgedCandidate judged;
  judged.number = candidate.number;
  const std::vector<FileChange> changes = ChangesOf(candidate);
  if (changes.empty()) {
    judged.verdict = CandidateVerdict::kInvalid;
    return judged;
  }
  RETURN_IF_ERROR(workspace_.Apply(changes));
  const Status status = JudgeTree(ctx, &judged);
  RETURN_IF_ERROR(workspace_.Apply(BaseOf(changes)));
  RETURN_IF_ERROR(status);
  usage_.candidates += 1;
  return judged;
}

StatusOr<std::vector<JudgedCandidate>> FreshFilter::Judge(const Context& ctx,
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

StatusOr<std::unique_ptr<CandidateFilter>> OpenFreshFilter(const Context& ctx, Workspace& workspace,
                                                           const FilterRequest& request,
                                                           TestRunner run) {
  auto filter = std::make_unique<FreshFilter>(workspace, request, std::move(run));
  RETURN_IF_ERROR(filter->Open(ctx));
  return filter;
}

}  // namespace coditect::python
