// The coder: searches one hypothesis space for a patch, proves it in fresh processes, commits it.
#include <algorithm>
#include <map>
#include <set>

#include "src/agent/claim_commit.h"
#include "src/agent/lease.h"
#include "src/agent/repair_message.h"
#include "src/agent/sanitized_run.h"
#include "src/agent/sources.h"
#include "src/agent/suite_race.h"
#include "src/agent/test_run.h"
#include "src/analysis/imports.h"
#include "src/domain/evidence.h"
#include "src/repair/compile_index.h"
#include "src/repair/patch_search.h"

namespace coditect {
namespace {

constexpr size_t kBatch = 64;
// Where each candidate is dear, fewer are judged at once and after the first that is acceptable.
constexpr size_t kDearBatch = 8;
constexpr uint64_t kDearLookAround = 16;
constexpr size_t kHoldOutFrom = 6;  // failing tests, before some are held out of the search
constexpr size_t kHoldOutPercent = 30;
constexpr uint64_t kHeadStartSuites = 5;  // runs of the suite that edits are ahead of synthesis
constexpr std::chrono::milliseconds kHeadStartMin{1'000};
constexpr std::chrono::milliseconds kHeadStartMax{8'000};
constexpr size_t kConfirmationsMax = 12;      // whole runs a coder spends on patches that then fail
constexpr size_t kSanitizerRefusalsMax = 24;  // patches under which the sanitizers still report it
// What mends a long test needs more fuel than ten times what the broken version used before it
// failed. The likeliest of such candidates are judged once more when so many were tried, at each
// doubling of that number, and at the end. Most of them loop for ever, so it must stay rare.
constexpr size_t kStarvedMax = 16;
constexpr uint64_t kStarvedFirst = 1024;
constexpr uint64_t kStarvedFuel = 3'000'000;  // a few tenths of a second of CPU
constexpr size_t kEditableFilesMax = 24;
constexpr size_t kHeadersMax = 400;
constexpr uint64_t kCandidatesBeforeSanitizers = 512;
// Each candidate for a file that cannot be collected has all of it loaded anew.
constexpr uint64_t kImportCandidatesMax = 100;

/// Headers that the files include, directly or not.
std::set<std::string> HeadersOf(const FaultReport& faults,
                                const std::vector<repair::SourceText>& files) {
  const analysis::DependencyGraph graph = GraphOf(faults.dependencies);
  std::set<std::string> headers;
  for (const repair::SourceText& file : files) {
    for (const std::string& path : analysis::Reachable(graph, file.path)) {
      if (repair::IsHeaderPath(path) && headers.size() < kHeadersMax) headers.insert(path);
    }
  }
  return headers;
}

class Coding {
 public:
  explicit Coding(const Lease& lease) : lease_(lease) {}

  StatusOr<Work> Run() {
    RETURN_IF_ERROR(Load());
    GiveHeadStart();
    RETURN_IF_ERROR(lease_.ctx.Check());
    Status opened = OpenFilter();
    if (opened.ok()) opened = OpenSearch();
    if (absl::IsFailedPrecondition(opened) || absl::IsInvalidArgument(opened)) {
      // About the tests or the sources: another attempt would see the same.
      return Report(ResultOutcome::kExhausted,
                    "not_verified: " + Message(opened) + SubmoduleNote());
    }
    RETURN_IF_ERROR(opened);
    ASSIGN_OR_RETURN(const bool found, Search());
    return found ? Claim() : GiveUp();
  }

  Usage UsageByNow() const {
    Usage usage = usage_;
    for (const auto* filter : {filter_.get(), patient_filter_.get()}) {
      if (filter != nullptr) usage += filter->usage();
    }
    return usage;
  }

 private:
  Status Load() {
    ASSIGN_OR_RETURN(baseline_, lease_.Get<Baseline>(lease_.Parameter("baseline")));
    ASSIGN_OR_RETURN(faults_, lease_.Get<FaultReport>(lease_.Parameter("faults")));
    const uint64_t cluster = lease_.IntParameter("cluster");
    if (cluster >= faults_.clusters.size()) return InvalidArgument("there is no cluster ", cluster);
    cluster_ = &faults_.clusters[cluster];
    ASSIGN_OR_RETURN(expected_, ExpectedIds(baseline_, faults_, lease_.Parameter("cluster")));
    for (const std::string& tree : Split(lease_.Parameter("excluded_trees"), ' ')) {
      if (!tree.empty()) excluded_.insert(tree);
    }
    std::set<std::string> paths;
    for (const SuspiciousLine& line : cluster_->lines) {
      if (paths.size() < kEditableFilesMax) paths.insert(line.file);
    }
    ASSIGN_OR_RETURN(files_, ReadSources(lease_, paths));
    HoldOut();
    return absl::OkStatus();
  }

  /// Rivals are hedges (Dean and Barroso, The Tail at Scale, 2013): most faults fall to the first
  /// space soon, and until then the others would only take its processors and start test runners
  /// for nothing. When the rivals come does not change who wins: that is decided by rank.
  void GiveHeadStart() {
    const auto space = static_cast<repair::Space>(lease_.IntParameter("space"));
    if (space != repair::Space::kSynthesis) return;  // pairs come after the others by the plan
    const std::chrono::milliseconds suites(kHeadStartSuites * baseline_.suite_ms);
    lease_.Pause(std::clamp(suites, kHeadStartMin, kHeadStartMax));
  }

  /// A part of the failing tests is kept from the search, so that what it finds can be judged by
  /// tests it never saw. Which part follows from the seed.
  void HoldOut() {
    std::vector<std::string> tests = cluster_->tests;
    const size_t held = tests.size() < kHoldOutFrom ? 0 : tests.size() * kHoldOutPercent / 100;
    const uint64_t seed = lease_.IntParameter("seed");
    for (size_t i = 0; i < held; ++i) {
      // Spread over the list, shifted by the seed.
      const size_t index = (i * tests.size() / held + seed) % tests.size();
      held_out_.push_back(tests[index]);
    }
    for (const std::string& id : tests) {
      if (std::find(held_out_.begin(), held_out_.end(), id) == held_out_.end()) {
        held_in_.push_back(id);
      }
    }
  }

  Status OpenFilter() {
    ASSIGN_OR_RETURN(filter_workspace_, OpenWorkspace(lease_, WorkspaceUse::kFilter));
    ASSIGN_OR_RETURN(filter_, lease_.services.harness.OpenFilter(lease_.ctx, *filter_workspace_,
                                                                 NewFilterRequest()));
    return absl::OkStatus();
  }

  FilterRequest NewFilterRequest() const {
    FilterRequest request;
    request.plan = baseline_.harness;
    request.failing = held_in_;
    request.passing = cluster_->covering;
    for (const repair::SourceText& file : files_) request.files.push_back(file.path);
    request.seed = lease_.IntParameter("seed");
    request.limits.wall = std::chrono::milliseconds(lease_.IntParameter("timeout_ms"));
    return request;
  }

  Status OpenSearch() {
    repair::PatchSearchOptions options;
    options.files = files_;
    ASSIGN_OR_RETURN(options.headers, ReadSources(lease_, HeadersOf(faults_, files_)));
    for (const SuspiciousLine& line : cluster_->lines) {
      options.lines.push_back({.file = line.file,
                               .line = line.line,
                               .score = line.score_ppm / 1e6,
                               .function = line.function,
                               .failed = line.failed,
                               .passed = line.passed});
    }
    repair::RaiseReported(found_late_, &options.lines);
    ASSIGN_OR_RETURN(options.observed, filter_->Observe(lease_.ctx));
    options.failing = CasesOf(baseline_, held_in_);
    ASSIGN_OR_RETURN(options.tests, ReadSources(lease_, FilesOfCases(baseline_, options.failing)));
    options.space = static_cast<repair::Space>(lease_.IntParameter("space"));
    options.seed = lease_.IntParameter("seed");
    options.tests_max = lease_.IntParameter("tests_max");
    if (options.tests_max > 0) {
      options.tests_max -= std::min(options.tests_max - 1, tests_before_);
    }
    options.candidates_max = filter_->candidates_max();
    // Where code that is never changed ran, the fault may well be there.
    if (options.candidates_max == 0 && (MendsCollection() || !cluster_->submodules.empty())) {
      options.candidates_max = kImportCandidatesMax;
    }
    if (options.candidates_max != 0) {
      options.look_around_max = kDearLookAround;
      batch_size_ = kDearBatch;
    }
    if (filter_->batch_size() != 0) batch_size_ = filter_->batch_size();
    ASSIGN_OR_RETURN(search_, repair::PatchSearch::Create(std::move(options)));
    return absl::OkStatus();
  }

  /// True when a file that cannot be collected is among what is to be mended.
  bool MendsCollection() const {
    return std::any_of(held_in_.begin(), held_in_.end(),
                       [&](const std::string& id) { return IsCollectionId(baseline_, id); });
  }

  /// True when a patch was confirmed; it is in claim_.
  StatusOr<bool> Search() {
    for (;;) {
      RETURN_IF_ERROR(lease_.ctx.Check());
      const std::vector<Candidate> batch = search_->NextBatch(batch_size_);
      if (batch.empty()) {
        RETURN_IF_ERROR(JudgeStarved());
        ASSIGN_OR_RETURN(const bool confirmed, ConfirmPlausible());
        if (confirmed) return true;
        if (search_->Exhausted() || TriedEnough()) return false;
        continue;
      }
      RETURN_IF_ERROR(JudgeBatch(batch));
      RETURN_IF_ERROR(AskSanitizers());
      if (search_->candidates() >= next_starved_) RETURN_IF_ERROR(JudgeStarved());
      if (search_->Exhausted()) {
        ASSIGN_OR_RETURN(const bool confirmed, ConfirmPlausible());
        if (confirmed || TriedEnough()) return confirmed;
      }
    }
  }

  /// When the first candidates mended nothing, what sanitizers see may say where to look: the
  /// search begins anew with it, at what is left of its budget.
  Status AskSanitizers() {
    const bool edits = lease_.IntParameter("space") == static_cast<uint64_t>(repair::Space::kEdits);
    if (asked_ || !edits || search_->candidates() < kCandidatesBeforeSanitizers) {
      return absl::OkStatus();
    }
    asked_ = true;
    if (!cluster_->findings.empty() || !search_->Plausible().empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(found_late_,
                     FindingsOnBase(lease_, baseline_.harness,
                                    {.failing = held_in_, .passing = baseline_.passed}, &usage_));
    if (found_late_.empty()) return absl::OkStatus();
    tests_before_ = search_->tests_used();
    candidates_before_ = search_->candidates();
    next_starved_ = kStarvedFirst;
    survivors_.clear();
    return OpenSearch();
  }

  /// What a patch must not leave as it is.
  const std::vector<SanitizerFinding>& Findings() const {
    return found_late_.empty() ? cluster_->findings : found_late_;
  }

  Status JudgeBatch(const std::vector<Candidate>& batch) { return JudgeBy(*filter_, batch); }

  /// Candidates that only ran out of fuel, unless there is a patch already.
  Status JudgeStarved() {
    next_starved_ = std::max(kStarvedFirst, 2 * search_->candidates());
    if (!search_->Plausible().empty()) return absl::OkStatus();
    const std::vector<Candidate> starved = search_->Starved(kStarvedMax);
    if (starved.empty()) return absl::OkStatus();
    if (patient_filter_ == nullptr) {
      ASSIGN_OR_RETURN(patient_workspace_, OpenWorkspace(lease_, WorkspaceUse::kFilter));
      FilterRequest request = NewFilterRequest();
      request.fuel = kStarvedFuel;
      ASSIGN_OR_RETURN(patient_filter_, lease_.services.harness.OpenFilter(
                                            lease_.ctx, *patient_workspace_, request));
    }
    return JudgeBy(*patient_filter_, starved);
  }

  Status JudgeBy(CandidateFilter& filter, const std::vector<Candidate>& batch) {
    ASSIGN_OR_RETURN(const auto judged, filter.Judge(lease_.ctx, batch));
    for (size_t i = 0; i < judged.size() && i < batch.size(); ++i) {
      if (judged[i].verdict == CandidateVerdict::kSurvives) survivors_[batch[i].number] = batch[i];
    }
    search_->Report(judged);
    lease_.Think("PROGRESS", {{"candidates", std::to_string(search_->candidates())},
                              {"tests", std::to_string(search_->tests_used())}});
    return absl::OkStatus();
  }

  /// Takes the plausible patches in their order to a fresh process each, until one holds.
  StatusOr<bool> ConfirmPlausible() {
    for (;;) {
      const auto plausible = search_->Plausible();
      const auto next = std::find_if(plausible.begin(), plausible.end(),
                                     [](const auto& patch) { return patch.refused_by.empty(); });
      if (next == plausible.end() || TriedEnough()) return false;
      ASSIGN_OR_RETURN(const bool holds, Confirm(next->number));
      if (holds) return true;
      search_->Withdraw(next->number);
    }
  }

  bool TriedEnough() const {
    return confirmations_ >= kConfirmationsMax || sanitized_out_ >= kSanitizerRefusalsMax;
  }

  StatusOr<bool> Confirm(uint64_t number) {
    ASSIGN_OR_RETURN(Repository * git, lease_.mission.repository(lease_.ctx));
    ASSIGN_OR_RETURN(auto changes, ChangesOf(number));
    ASSIGN_OR_RETURN(
        const TreeId tree,
        git->WriteTree(lease_.ctx, lease_.mission.request().repository.base_tree, changes));
    if (excluded_.contains(tree)) return false;
    ASSIGN_OR_RETURN(std::string fault,
                     RemainingFinding(lease_, baseline_.harness, Findings(), changes, &usage_));
    if (!fault.empty()) {
      lease_.Think("CONFIRM", {{"patch", search_->Description(number)}, {"fault", fault}});
      ++sanitized_out_;
      refusals_[number] = std::move(fault);
      return false;
    }
    ++confirmations_;
    ClaimRun run;
    if (const size_t shards = ShardsWorthwhile(lease_, baseline_, confirmations_ - 1); shards > 0) {
      SuiteRace race(
          lease_,
          {.baseline = baseline_, .changes = changes, .expected = expected_, .shards = shards});
      auto raced = race.Run(tree, &usage_);
      if (const std::string failed = race.failed(); !raced.ok() && !failed.empty()) {
        fault = StrCat(failed, " fails in a part of the suite and alone");
      } else {
        ASSIGN_OR_RETURN(run, std::move(raced));
      }
    } else {
      ASSIGN_OR_RETURN(run, RunClaim(lease_, baseline_, tree, changes, expected_,
                                     WorkspaceUse::kSearch, lease_.IntParameter("seed"), &usage_));
    }
    if (fault.empty()) fault = run.Fault();
    lease_.Think("CONFIRM", {{"patch", search_->Description(number)}, {"fault", fault}});
    // What searches for a repair never changes what judges it.
    if (!fault.empty() || !run.evidence.tests_unchanged) return false;
    claim_number_ = number;
    claim_tree_ = tree;
    claim_evidence_ = run.evidence;
    claim_changes_ = std::move(changes);
    return true;
  }

  StatusOr<std::vector<FileChange>> ChangesOf(uint64_t number) {
    ASSIGN_OR_RETURN(const auto* base, lease_.mission.BaseFiles(lease_.ctx));
    std::vector<FileChange> changes;
    for (const repair::SourceText& file : files_) {
      std::vector<SourceEdit> edits;
      for (const SourceEdit& edit : survivors_.at(number).edits) {
        if (edit.file == file.path) edits.push_back(edit);
      }
      if (edits.empty()) continue;
      FileChange change;
      change.path = file.path;
      ASSIGN_OR_RETURN(change.content, ApplyEdits(file.text, std::move(edits)));
      change.executable = (base->at(file.path).mode & 0111) != 0;
      changes.push_back(std::move(change));
    }
    return changes;
  }

  StatusOr<Work> Claim() {
    Work work = Report(ResultOutcome::kSuccess, "");
    TaskResult& result = work.result;
    RETURN_IF_ERROR(CommitClaim(lease_,
                                {.tree = claim_tree_,
                                 .summary = search_->Description(claim_number_),
                                 .mended = MendedText(baseline_, cluster_->tests),
                                 .changes = claim_changes_},
                                &result));
    result.evidence = claim_evidence_;
    if (!held_out_.empty()) {
      result.outputs["held_out"] = StrCat(held_out_.size(), "/", held_out_.size());
    }
    ASSIGN_OR_RETURN(result.outputs["plausible"],
                     lease_.services.blobs.Put(lease_.ctx, PlausibleText()));
    return work;
  }

  /// Every plausible patch in its rank, with what was decided about it.
  std::string PlausibleText() const {
    std::string text;
    for (const repair::RankedPatch& patch : search_->Plausible()) {
      text += StrCat(patch.number == claim_number_ ? "claimed" : "plausible", "  ",
                     search_->Description(patch.number),
                     patch.refused_by.empty() ? "" : "  refused: " + patch.refused_by, "\n",
                     search_->Diff(patch.number), "\n");
    }
    for (const auto& [number, reason] : refusals_) {
      text += StrCat("plausible  ", search_->Description(number), "  refused: ", reason, "\n",
                     search_->Diff(number), "\n");
    }
    return text;
  }

  /// What may hold the fault and is not searched.
  std::string SubmoduleNote() const {
    if (cluster_->submodules.empty()) return "";
    return StrCat("; the failing tests run code of the submodule ",
                  EscapeForTerminal(cluster_->submodules.front()),
                  ", which coditect does not change: mend it in a run of its own");
  }

  StatusOr<Work> GiveUp() {
    const auto plausible = search_->Plausible();
    std::string reason = StrCat("not_verified: none of ",
                                candidates_before_ + search_->candidates(), " candidates passed");
    if (!plausible.empty()) {
      reason = StrCat("not_verified: ", plausible.size(),
                      " patches pass the failing tests, but none is to be trusted");
      if (!plausible.front().refused_by.empty())
        reason += " (" + plausible.front().refused_by + ")";
    } else if (confirmations_ > 0) {
      reason = StrCat("not_verified: ", confirmations_,
                      " patches passed the failing tests, none the whole suite");
    } else if (!refusals_.empty()) {
      reason = StrCat("not_verified: ", refusals_.size(), " patches pass the failing tests, but ",
                      refusals_.begin()->second);
    }
    reason += SubmoduleNote();
    Work work = Report(ResultOutcome::kExhausted, reason);
    ASSIGN_OR_RETURN(work.result.outputs["plausible"],
                     lease_.services.blobs.Put(lease_.ctx, PlausibleText()));
    return work;
  }

  Work Report(ResultOutcome outcome, std::string reason) {
    Work work;
    work.result = lease_.NewResult(outcome, std::move(reason));
    work.result.usage = UsageByNow();
    return work;
  }

  const Lease& lease_;
  Baseline baseline_;
  FaultReport faults_;
  const FaultCluster* cluster_ = nullptr;
  std::vector<std::string> expected_;
  std::set<TreeId> excluded_;
  std::vector<repair::SourceText> files_;
  std::vector<std::string> held_in_;
  std::vector<std::string> held_out_;
  std::unique_ptr<Workspace> filter_workspace_;
  std::unique_ptr<CandidateFilter> filter_;
  std::unique_ptr<Workspace> patient_workspace_;  // for candidates that ran out of fuel
  std::unique_ptr<CandidateFilter> patient_filter_;
  size_t batch_size_ = kBatch;
  uint64_t next_starved_ = kStarvedFirst;
  std::unique_ptr<repair::PatchSearch> search_;
  std::map<uint64_t, Candidate> survivors_;
  Usage usage_;
  size_t confirmations_ = 0;
  bool asked_ = false;                        // the sanitizers, about this search
  std::vector<SanitizerFinding> found_late_;  // what they said then
  uint64_t candidates_before_ = 0;
  uint64_t tests_before_ = 0;                 // that the search used up until then
  size_t sanitized_out_ = 0;                  // patches that the sanitizers refused
  std::map<uint64_t, std::string> refusals_;  // why, by number
  uint64_t claim_number_ = 0;
  TreeId claim_tree_;
  Evidence claim_evidence_;
  std::vector<FileChange> claim_changes_;
};

}  // namespace

StatusOr<Work> Repair(const Lease& lease) {
  if (WorksOnBuild(lease)) return RepairBuild(lease);
  Coding coding(lease);
  auto work = coding.Run();
  if (!work.ok()) lease.Spend(coding.UsageByNow());
  return work;
}

}  // namespace coditect
