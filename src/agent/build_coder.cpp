// The coder where the goal is a build: searches remedies of what the compilers say.
#include <algorithm>
#include <map>
#include <set>

#include "src/agent/claim_commit.h"
#include "src/agent/lease.h"
#include "src/agent/sources.h"
#include "src/agent/test_run.h"
#include "src/domain/evidence.h"
#include "src/repair/compile_search.h"

namespace coditect {
namespace {

constexpr size_t kReadFilesMax = 4000;
constexpr size_t kStepsShown = 3;

class BuildCoding {
 public:
  explicit BuildCoding(const Lease& lease) : lease_(lease) {}

  StatusOr<Work> Run() {
    ASSIGN_OR_RETURN(baseline_, lease_.Get<Baseline>(lease_.Parameter("baseline")));
    for (const std::string& tree : Split(lease_.Parameter("excluded_trees"), ' ')) {
      if (!tree.empty()) excluded_.insert(tree);
    }
    repair::CompileSearchOptions options;
    options.space = static_cast<repair::CompileSpace>(lease_.IntParameter("space"));
    RETURN_IF_ERROR(ReadFiles(&options));
    ASSIGN_OR_RETURN(workspace_, OpenWorkspace(lease_, WorkspaceUse::kSearch));
    ASSIGN_OR_RETURN(result_, repair::SearchBuild(options, [this](const auto& changed) {
                       return JudgeTexts(changed);
                     }));
    const auto claim = claims_.find(result_.changed);
    return result_.passed && claim != claims_.end() ? ClaimBuild(claim->second) : GiveUpBuild();
  }

 private:
  struct BuildClaim {
    TreeId tree;
    Evidence evidence;
    std::vector<FileChange> changes;
  };

  Status ReadFiles(repair::CompileSearchOptions* options) {
    ASSIGN_OR_RETURN(const auto* files, lease_.mission.BaseFiles(lease_.ctx));
    std::set<std::string> paths;
    for (const auto& [path, entry] : *files) {
      const analysis::Language* language = analysis::LanguageOf(path);
      if (language != nullptr && language->form.braces && paths.size() < kReadFilesMax) {
        paths.insert(path);
      }
    }
    ASSIGN_OR_RETURN(options->files, ReadSources(lease_, paths));
    const std::set<std::string> tests = TestFiles(baseline_);
    for (const repair::SourceText& file : options->files) {
      if (!tests.contains(file.path)) options->editable.insert(file.path);
      base_[file.path] = file.text;
    }
    return absl::OkStatus();
  }

  std::vector<FileChange> ChangesOf(const repair::ChangedTexts& changed,
                                    const std::map<std::string, TreeEntry>& base) const {
    std::vector<FileChange> changes;
    for (const auto& [path, text] : changed) {
      if (text == base_.at(path)) continue;
      FileChange change{.path = path, .content = text};
      change.executable = (base.at(path).mode & 0111) != 0;
      changes.push_back(std::move(change));
    }
    return changes;
  }

  /// Builds the texts in the warm workspace; what builds there is proven in a fresh one.
  StatusOr<repair::BuildOutcome> JudgeTexts(const repair::ChangedTexts& changed) {
    RETURN_IF_ERROR(lease_.ctx.Check());
    ASSIGN_OR_RETURN(const auto* base, lease_.mission.BaseFiles(lease_.ctx));
    repair::ChangedTexts wanted = changed;
    for (const auto& [path, text] : shown_) wanted.try_emplace(path, base_.at(path));
    std::vector<FileChange> changes;
    for (const auto& [path, text] : wanted) {
      const auto now = shown_.find(path);
      if (text == (now == shown_.end() ? base_.at(path) : now->second)) continue;
      changes.push_back(
          {.path = path, .content = text, .executable = (base->at(path).mode & 0111) != 0});
      shown_[path] = text;
    }
    RETURN_IF_ERROR(workspace_->Apply(changes));
    BuildRequest request;
    request.plan = baseline_.harness;
    request.limits = SuiteLimits(lease_);
    ASSIGN_OR_RETURN(BuildReport built,
                     lease_.services.harness.Build(lease_.ctx, *workspace_, request));
    usage_.cpu_ms += built.cpu_ms;
    usage_.wall_ms += built.wall_ms;
    usage_.candidates += 1;
    lease_.Think("PROGRESS", {{"candidates", std::to_string(usage_.candidates)},
                              {"errors", std::to_string(std::ranges::count(built.diagnostics, true,
                                                                           &Diagnostic::error))}});
    repair::BuildOutcome outcome;
    outcome.diagnostics = std::move(built.diagnostics);
    if (built.passed && !changed.empty()) {
      ASSIGN_OR_RETURN(outcome.passed, ConfirmBuild(changed, *base, &outcome.failing_tests));
    }
    return outcome;
  }

  StatusOr<bool> ConfirmBuild(const repair::ChangedTexts& changed,
                              const std::map<std::string, TreeEntry>& base, size_t* failing) {
    ASSIGN_OR_RETURN(Repository * git, lease_.mission.repository(lease_.ctx));
    BuildClaim claim;
    claim.changes = ChangesOf(changed, base);
    ASSIGN_OR_RETURN(
        claim.tree,
        git->WriteTree(lease_.ctx, lease_.mission.request().repository.base_tree, claim.changes));
    if (excluded_.contains(claim.tree)) return false;
    ASSIGN_OR_RETURN(const ClaimRun run,
                     RunClaim(lease_, baseline_, claim.tree, claim.changes, baseline_.goal,
                              WorkspaceUse::kProof, lease_.IntParameter("seed"), &usage_));
    const std::string fault = EvidenceFault(run.evidence);
    lease_.Think("CONFIRM", {{"behind", run.behind}, {"fault", fault}});
    if (!fault.empty()) {
      fault_ = fault;
      return false;
    }
    const auto failed =
        std::ranges::count(run.report.cases, TestStatus::kFailed, &TestCase::status);
    *failing = static_cast<size_t>(failed);
    claim.evidence = run.evidence;
    claims_[changed] = std::move(claim);
    return true;
  }

  std::string StepsText() const {
    std::string text;
    for (size_t i = 0; i < result_.steps.size() && i < kStepsShown; ++i) {
      text += (i == 0 ? "" : "; ") + result_.steps[i];
    }
    if (result_.steps.size() > kStepsShown) {
      text += StrCat(" and ", Counted(result_.steps.size() - kStepsShown, "change"), " more");
    }
    return text;
  }

  StatusOr<Work> ClaimBuild(const BuildClaim& claim) {
    Work work;
    work.result = lease_.NewResult(ResultOutcome::kSuccess);
    work.result.usage = usage_;
    std::string mended =
        StrCat("Mends the build by `", EscapeForTerminal(baseline_.harness.command), "`:\n");
    for (const std::string& step : result_.steps) {
      mended += StrCat("  ", EscapeForTerminal(step), "\n");
    }
    RETURN_IF_ERROR(CommitClaim(
        lease_,
        {.tree = claim.tree, .summary = StepsText(), .mended = mended, .changes = claim.changes},
        &work.result));
    work.result.evidence = claim.evidence;
    return work;
  }

  StatusOr<Work> GiveUpBuild() {
    std::string reason =
        StrCat("not_verified: tried ", Counted(result_.proposals, "change"), ", ",
               result_.left.size(), " of ", Counted(result_.errors_at_first, "error"), " left");
    if (!result_.left.empty()) {
      const Diagnostic& first = result_.left.front();
      reason += StrCat(
          "; the first: ", first.file.empty() ? "" : StrCat(first.file, ":", first.line, ": "),
          first.message);
      const std::set<std::string> tests = TestFiles(baseline_);
      if (tests.contains(first.file)) {
        reason += " (a test or a build file, which coditect never changes)";
      }
    }
    if (!result_.steps.empty()) reason += StrCat("; what helped so far: ", StepsText());
    if (!result_.refusal.empty()) reason += StrCat("; refused: ", result_.refusal);
    if (!fault_.empty()) reason += StrCat("; ", fault_);
    Work work;
    work.result = lease_.NewResult(ResultOutcome::kExhausted, EscapeForTerminal(reason));
    work.result.usage = usage_;
    return work;
  }

  const Lease& lease_;
  Baseline baseline_;
  std::set<TreeId> excluded_;
  std::unique_ptr<Workspace> workspace_;
  std::map<std::string, std::string> base_;  // texts by path
  repair::ChangedTexts shown_;               // what the workspace has instead
  std::map<repair::ChangedTexts, BuildClaim> claims_;
  repair::CompileSearchResult result_;
  std::string fault_;  // of the last patch that built, but is no proof
  Usage usage_;
};

}  // namespace

StatusOr<Work> RepairBuild(const Lease& lease) { return BuildCoding(lease).Run(); }

}  // namespace coditect
