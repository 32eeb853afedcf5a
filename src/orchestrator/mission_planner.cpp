// Mission planner: the offline rules.
#include "src/orchestrator/mission_planner.h"

#include <algorithm>
#include <set>
#include <span>

#include "src/domain/delivery.h"
#include "src/domain/evidence.h"
#include "src/domain/plan.h"

namespace coditect {
namespace {

/// The hypothesis spaces of repair/patch_search.h, in the order in which a winner is chosen.
struct HypothesisSpace {
  std::string_view name;
  uint32_t tests_share;  // of the cluster's budget, in percent
  uint32_t success_permille;
  bool after_the_others;  // starts when the spaces before it have found nothing
};
constexpr HypothesisSpace kTestSpaces[] = {
    {"edits", 40, 550, false},
    {"synthesis", 40, 200, false},
    {"pairs", 20, 60, true},
};
/// Those of repair/compile_rules.h. Each builds all the time, so the second waits for the first.
constexpr HypothesisSpace kBuildSpaces[] = {
    {"uses", 0, 600, false},
    {"declarations", 0, 150, true},
};

std::set<std::string> Words(const std::string& goal) {
  std::set<std::string> words;
  std::string word;
  for (const char c : goal + " ") {
    if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (c >= 'a' && c <= 'z') {
      word += c;
    } else if (!word.empty()) {
      words.insert(word);
      word.clear();
    }
  }
  return words;
}

bool HasAny(const std::set<std::string>& words, std::initializer_list<const char*> wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const char* word) { return words.contains(word); });
}

/// "make it build", "fix the compile errors": nothing is said but that it has to build. Any other
/// word may ask for something else: "build a web server".
bool AsksForBuild(const std::set<std::string>& words) {
  static const std::set<std::string> known = {
      "it",    "this",  "the",    "that",    "my",      "our",     "all",      "of",   "in",
      "and",   "to",    "so",     "again",   "please",  "project", "repo",     "code", "repository",
      "c",     "error", "errors", "failing", "broken",  "failure", "failures", "is",   "with",
      "these", "pass",  "passes", "passing", "succeed", "green",   "work",     "works"};
  static const std::set<std::string> builds = {"build",    "builds",    "building",    "compile",
                                               "compiles", "compiling", "compilation", "compiler",
                                               "link",     "links",     "linker"};
  static const std::set<std::string> mends = {"make", "fix", "repair", "mend", "get", "let"};
  const auto is_known = [&](const std::string& word) {
    return known.contains(word) || builds.contains(word) || mends.contains(word);
  };
  const auto has = [&](const std::set<std::string>& wanted) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& word) { return wanted.contains(word); });
  };
  return has(builds) && has(mends) && std::all_of(words.begin(), words.end(), is_known);
}

TaskSpec MakeTask(uint32_t ordinal, Role role, std::string intent, std::string description) {
  TaskSpec task;
  task.task_id = {ordinal};
  task.role = role;
  task.intent = std::move(intent);
  task.description = std::move(description);
  return task;
}

void DependOn(TaskSpec& task, uint32_t ordinal, DependencyMode mode) {
  task.dependencies.push_back({ordinal});
  task.dependency_modes.push_back(mode);
}

MissionProposal FirstPlan(bool builds) {
  TaskSpec observe =
      MakeTask(1, Role::kAnalyzer, "observe",
               builds ? "Build the base commit" : "Run the tests of the base commit");
  observe.expectations = {{"output.world", "present"}};
  TaskSpec localize = MakeTask(2, Role::kAnalyzer, "localize",
                               builds ? "Find what the errors of the build are about"
                                      : "Find the lines that probably cause the failures");
  DependOn(localize, 1, DependencyMode::kSuccess);
  localize.expectations = {{"output.faults", "present"}};
  TaskSpec plan = MakeTask(3, Role::kPlanner, "plan", "Plan the repairs");
  DependOn(plan, 2, DependencyMode::kSuccess);
  plan.expectations = {{"output.plan", "present"}};
  if (builds) {
    observe.parameters["goal"] = "build";
    localize.parameters["goal"] = "build";
  }
  const std::vector<TaskSpec> tasks = {observe, localize, plan};
  MissionProposal out;
  for (const TaskSpec& task : tasks) out.tasks.push_back({.plan_version = 1, .task = task});
  out.proposal.kind = ProposalKind::kPlan;
  out.proposal.plan_version = 1;
  out.proposal.task_count = static_cast<uint32_t>(tasks.size());
  out.proposal.digest = PlanDigest(tasks);
  out.proposal.reason = "look before planning";
  return out;
}

/// Expected ids of a repair of clusters [0, count): what passed, and what they mend.
std::string DigestOf(const PlanningContext& context, size_t first, size_t count) {
  std::vector<std::string> ids = context.baseline.passed;
  for (size_t i = first; i < first + count; ++i) {
    const auto& tests = context.faults.clusters[i].tests;
    ids.insert(ids.end(), tests.begin(), tests.end());
  }
  return ExpectedDigest(std::move(ids));
}

std::string ClusterList(size_t first, size_t count) {
  std::string text;
  for (size_t i = first; i < first + count; ++i) text += StrCat(i == first ? "" : " ", i);
  return text;
}

class RepairPlan {
 public:
  explicit RepairPlan(const PlanningContext& context)
      : context_(context),
        builds_(IsBuildGoal(context.baseline)),
        spaces_(builds_ ? std::span<const HypothesisSpace>(kBuildSpaces)
                        : std::span<const HypothesisSpace>(kTestSpaces)),
        next_(context.first_ordinal) {}

  PlanDocument Make() {
    std::vector<std::vector<uint32_t>> rivals;
    const size_t clusters = context_.faults.clusters.size();
    for (size_t i = 0; i < clusters; ++i) rivals.push_back(AddRivals(i));
    uint32_t previous_merge = 0;
    for (size_t i = 0; i < clusters; ++i) {
      const uint32_t verify = AddVerify(i, rivals[i]);
      previous_merge = AddMerge(i, verify, previous_merge);
    }
    AddDelivery(previous_merge);
    const size_t candidates = context_.request.candidates.size();
    document_.reasoning =
        StrCat(builds_ ? "a build that fails" : Counted(clusters, "cluster") + " of failing tests",
               " with ", candidates == 0 ? "" : StrCat(Counted(candidates, "candidate"), " and "),
               spaces_.size(), " hypothesis spaces", builds_ ? "" : " each");
    return std::move(document_);
  }

 private:
  /// Candidates of others come before any search; those whose changed tests a person must approve
  /// are looked at again when nothing else was found.
  std::vector<uint32_t> AddRivals(size_t cluster) {
    std::vector<uint32_t> ordinals = AddCandidates(cluster, {}, /*changed_tests=*/false);
    const std::vector<uint32_t> searches = AddSearches(cluster, ordinals);
    ordinals.insert(ordinals.end(), searches.begin(), searches.end());
    const auto again = AddCandidates(cluster, ordinals, /*changed_tests=*/true);
    ordinals.insert(ordinals.end(), again.begin(), again.end());
    return ordinals;
  }

  std::vector<uint32_t> AddCandidates(size_t cluster, const std::vector<uint32_t>& before,
                                      bool changed_tests) {
    std::vector<uint32_t> ordinals;
    for (const CommitId& candidate : context_.request.candidates) {
      TaskSpec task =
          MakeTask(next_++, Role::kCoder, "adopt",
                   StrCat("Judge candidate ", candidate.substr(0, 12), " by ",
                          changed_tests ? "its own tests too" : "the tests of the base"));
      task.group = static_cast<uint32_t>(cluster) + 1;
      task.rank = static_cast<uint32_t>(before.size() + ordinals.size());
      task.parameters["candidate"] = candidate;
      task.parameters["cluster"] = std::to_string(cluster);
      task.parameters["clusters"] = ClusterList(cluster, 1);
      task.parameters["expected_digest"] = DigestOf(context_, cluster, 1);
      if (changed_tests) task.parameters["changed_tests"] = "1";
      task.expectations = {{"outcome", "success"}, {"evidence", "passes"}};
      task.forecast = {.cpu_ms = context_.baseline.suite_ms,
                       .wall_ms = context_.baseline.suite_ms,
                       .success_permille = 500};
      for (const uint32_t other : before) DependOn(task, other, DependencyMode::kSettled);
      ordinals.push_back(task.task_id.ordinal);
      document_.tasks.push_back(std::move(task));
    }
    return ordinals;
  }

  std::vector<uint32_t> AddSearches(size_t cluster, const std::vector<uint32_t>& before) {
    std::vector<uint32_t> ordinals;
    const size_t clusters = context_.faults.clusters.size();
    const uint64_t budget = context_.request.limits.tests_max / clusters;
    for (uint32_t number = 0; number < spaces_.size(); ++number) {
      const HypothesisSpace& space = spaces_[number];
      TaskSpec task = MakeTask(next_++, Role::kCoder, "repair", SearchText(cluster, space));
      if (builds_) task.parameters["goal"] = "build";
      task.group = static_cast<uint32_t>(cluster) + 1;
      task.rank = static_cast<uint32_t>(before.size()) + number;
      task.parameters["cluster"] = std::to_string(cluster);
      task.parameters["space"] = std::to_string(number);
      task.parameters["expected_digest"] = DigestOf(context_, cluster, 1);
      if (!builds_) task.tests_max = std::max<uint64_t>(1, budget * space.tests_share / 100);
      task.expectations = {{"outcome", "success"}, {"evidence", "passes"}};
      task.forecast.success_permille = space.success_permille;
      for (const uint32_t candidate : before) DependOn(task, candidate, DependencyMode::kSettled);
      // Two edits at once are worth trying only where one was not enough: until then the pairs
      // would take the processors from the spaces that usually find the repair.
      if (space.after_the_others) {
        for (const uint32_t other : ordinals) DependOn(task, other, DependencyMode::kSettled);
      }
      ordinals.push_back(task.task_id.ordinal);
      document_.tasks.push_back(std::move(task));
    }
    return ordinals;
  }

  std::string SearchText(size_t cluster, const HypothesisSpace& space) const {
    const FaultCluster& faults = context_.faults.clusters[cluster];
    if (builds_) {
      return StrCat("Search changes, of ", space.name, " first, that mend ",
                    Counted(faults.lines.size(), "error"), " of the build");
    }
    return StrCat("Search ", space.name, " that mend ", Counted(faults.tests.size(), "test"),
                  " of cluster ", cluster + 1);
  }

  uint32_t AddVerify(size_t cluster, const std::vector<uint32_t>& rivals) {
    TaskSpec task = MakeTask(
        next_++, Role::kTester, "verify",
        builds_ ? "Build the repair in a clean workspace"
                : StrCat("Test the repair of cluster ", cluster + 1, " in a clean workspace"));
    for (const uint32_t rival : rivals) DependOn(task, rival, DependencyMode::kWinner);
    task.parameters["clusters"] = ClusterList(cluster, 1);
    task.parameters["expected_digest"] = DigestOf(context_, cluster, 1);
    task.expectations = {{"outcome", "success"}, {"tree", "$claim"}, {"evidence", "passes"}};
    task.forecast = {.cpu_ms = context_.baseline.suite_ms,
                     .wall_ms = context_.baseline.suite_ms,
                     .success_permille = 900};
    document_.tasks.push_back(task);
    return task.task_id.ordinal;
  }

  // Each merge stands on the one before: with every cluster so far mended, all their tests count.
  uint32_t AddMerge(size_t cluster, uint32_t verify, uint32_t previous) {
    TaskSpec task = MakeTask(next_++, Role::kIntegrator, "merge",
                             builds_ ? "Merge the repair of the build"
                                     : StrCat("Merge the repair of cluster ", cluster + 1));
    DependOn(task, verify, DependencyMode::kSuccess);
    if (previous != 0) DependOn(task, previous, DependencyMode::kSettled);
    task.parameters["clusters"] = ClusterList(0, cluster + 1);
    task.parameters["expected_digest"] = DigestOf(context_, 0, cluster + 1);
    task.expectations = {{"outcome", "success"}};
    document_.tasks.push_back(task);
    return task.task_id.ordinal;
  }

  void AddDelivery(uint32_t last_merge) {
    const DeliveryMode mode = ParseDelivery(context_.request.deliver).mode;
    uint32_t before = last_merge;
    if (mode == DeliveryMode::kFastForward) {
      TaskSpec task = MakeTask(
          next_++, Role::kIntegrator, "integrate",
          StrCat("Test the result on ", context_.request.repository.base_name, " as it is now"));
      DependOn(task, last_merge, DependencyMode::kSuccess);
      const size_t clusters = context_.faults.clusters.size();
      task.parameters["clusters"] = ClusterList(0, clusters);
      task.parameters["expected_digest"] = DigestOf(context_, 0, clusters);
      task.expectations = {{"outcome", "success"}, {"output.base_at", "present"}};
      task.forecast = {.cpu_ms = 0, .wall_ms = 0, .success_permille = 900};
      before = task.task_id.ordinal;
      document_.tasks.push_back(std::move(task));
    }
    TaskSpec task = MakeTask(next_++, Role::kIntegrator, "deliver",
                             mode == DeliveryMode::kPatch ? "Deliver the patch"
                             : mode == DeliveryMode::kFastForward
                                 ? StrCat("Fast-forward ", context_.request.repository.base_name)
                                 : "Deliver the branch");
    DependOn(task, before, DependencyMode::kSuccess);
    document_.tasks.push_back(std::move(task));
  }

  const PlanningContext& context_;
  const bool builds_;
  const std::span<const HypothesisSpace> spaces_;
  uint32_t next_;
  PlanDocument document_;
};

}  // namespace

GoalKind ClassifyGoal(const std::string& goal) {
  const std::set<std::string> words = Words(goal);
  const bool tests = HasAny(words, {"test", "tests", "suite", "pytest", "unittest", "testsuite"});
  const bool mend = HasAny(words, {"pass", "passing", "passes", "fix", "repair", "mend", "green",
                                   "succeed", "failing", "broken", "failures"});
  // Words that ask for something new, whatever else is said.
  const bool create = HasAny(words, {"implement", "add", "write", "create", "feature", "refactor",
                                     "document", "optimize", "optimise", "port", "translate",
                                     "migrate", "remove", "rename", "upgrade", "new", "delete"});
  if (tests && mend && !create) return GoalKind::kTestsPass;
  return AsksForBuild(words) ? GoalKind::kBuilds : GoalKind::kNeedsModel;
}

std::optional<MissionProposal> ProposePlan(const MissionState& mission) {
  if (mission.plan_version == 0) {
    return FirstPlan(ClassifyGoal(mission.request.goal) == GoalKind::kBuilds);
  }
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent != "plan" || task.status != TaskStatus::kDone || !task.result.plan) {
      continue;
    }
    const PlanDraft& draft = *task.result.plan;
    if (draft.version != mission.plan_version + 1) continue;
    MissionProposal out;
    out.proposal.kind = ProposalKind::kPlan;
    out.proposal.plan_version = draft.version;
    out.proposal.task_count = draft.count;
    out.proposal.digest = draft.digest;
    out.proposal.preconditions = {{task.spec.task_id, TaskStatus::kDone}};
    out.proposal.reason = "the planner's draft";
    return out;
  }
  return std::nullopt;
}

StatusOr<PlanDocument> PlanRepairs(const PlanningContext& context) {
  if (context.faults.clusters.empty()) {
    return InvalidArgument("no cluster of failing tests to plan for");
  }
  PlanDocument document = RepairPlan(context).Make();
  RETURN_IF_ERROR(ValidatePlan(document.tasks, context.first_ordinal));
  return document;
}

}  // namespace coditect
