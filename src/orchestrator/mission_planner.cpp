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
  uint32_t tests_share;  // of the cluster's budget, in percent, as long as nothing is known
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
constexpr uint64_t kSearchSuites =
    4;  // of tests and observing, a search costs about so many suites
constexpr uint64_t kSearchStartMs = 1000;

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

/// Tasks `first` to `first` + 2: look at `what`, and plan by what is seen.
std::vector<TaskSpec> LookingTasks(uint32_t first, bool builds, const std::string& what) {
  TaskSpec observe = MakeTask(first, Role::kAnalyzer, "observe",
                              StrCat(builds ? "Build " : "Run the tests of ", what));
  observe.expectations = {{"output.world", "present"}};
  TaskSpec localize = MakeTask(first + 1, Role::kAnalyzer, "localize",
                               builds ? "Find what the errors of the build are about"
                                      : "Find the lines that probably cause the failures");
  DependOn(localize, first, DependencyMode::kSuccess);
  localize.expectations = {{"output.faults", "present"}};
  TaskSpec plan = MakeTask(first + 2, Role::kPlanner, "plan", "Plan the repairs");
  DependOn(plan, first + 1, DependencyMode::kSuccess);
  plan.expectations = {{"output.plan", "present"}};
  if (builds) {
    observe.parameters["goal"] = "build";
    localize.parameters["goal"] = "build";
  }
  return {observe, localize, plan};
}

MissionProposal FirstPlan(bool builds) {
  const std::vector<TaskSpec> tasks = LookingTasks(1, builds, "the base commit");
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
        first_(builds_ && ClassifyGoal(context.request.goal) == GoalKind::kTestsPass),
        spaces_(builds_ ? std::span<const HypothesisSpace>(kBuildSpaces)
                        : std::span<const HypothesisSpace>(kTestSpaces)),
        next_(context.first_ordinal),
        shares_(builds_ ? std::vector<uint32_t>()
                        : TestsShares(context.experience, context.baseline.harness.language)) {}

  PlanDocument Make() {
    std::vector<std::vector<uint32_t>> rivals;
    const size_t clusters = context_.faults.clusters.size();
    for (size_t i = 0; i < clusters; ++i) rivals.push_back(AddRivals(i));
    std::vector<uint32_t> verifications;
    for (size_t i = 0; i < clusters; ++i) verifications.push_back(AddVerify(i, rivals[i]));
    const uint32_t merge = AddMerge(verifications);
    if (first_) {
      AddLook(merge);
    } else {
      AddDelivery(merge);
    }
    const size_t candidates = context_.request.candidates.size();
    document_.reasoning =
        StrCat(builds_ ? "a build that fails" : Counted(clusters, "cluster") + " of failing tests",
               " with ", candidates == 0 ? "" : StrCat(Counted(candidates, "candidate"), " and "),
               spaces_.size(), " hypothesis spaces",
               builds_ ? "" : StrCat(" each; budget of tests ", SharesText()));
    return std::move(document_);
  }

  /// Nothing is left to be mended of what was mended before: it is tested once more by somebody
  /// else, and delivered.
  PlanDocument MakeConfirmation() {
    TaskSpec task =
        MakeTask(next_++, Role::kTester, "verify", "Test what builds now in a clean workspace");
    task.parameters["base"] = "1";
    task.parameters["expected_digest"] = ExpectedDigest(context_.baseline.passed);
    task.expectations = {{"outcome", "success"}, {"tree", "$claim"}, {"evidence", "passes"}};
    Expect(task, "verify", SuiteRuns(1, 900));
    const uint32_t verify = task.task_id.ordinal;
    document_.tasks.push_back(std::move(task));
    AddDelivery(verify);
    document_.reasoning = "every test passes on what builds now";
    return std::move(document_);
  }

 private:
  /// The tests run on what was merged, and what they show is planned for.
  void AddLook(uint32_t merge) {
    document_.tasks.back().parameters["advances"] = "1";
    std::vector<TaskSpec> tasks = LookingTasks(next_, /*builds=*/false, "what builds now");
    DependOn(tasks.front(), merge, DependencyMode::kSuccess);
    next_ += static_cast<uint32_t>(tasks.size());
    for (TaskSpec& task : tasks) document_.tasks.push_back(std::move(task));
  }

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
      task.group = GroupOf(cluster);
      task.rank = static_cast<uint32_t>(before.size() + ordinals.size());
      task.parameters["candidate"] = candidate;
      task.parameters["cluster"] = std::to_string(cluster);
      task.parameters["clusters"] = ClusterList(cluster, 1);
      task.parameters["expected_digest"] = DigestOf(context_, cluster, 1);
      if (changed_tests) task.parameters["changed_tests"] = "1";
      task.expectations = {{"outcome", "success"}, {"evidence", "passes"}};
      Expect(task, "adopt", SuiteRuns(1, 500));
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
      task.group = GroupOf(cluster);
      task.rank = static_cast<uint32_t>(before.size()) + number;
      task.parameters["cluster"] = std::to_string(cluster);
      task.parameters["space"] = std::to_string(number);
      task.parameters["expected_digest"] = DigestOf(context_, cluster, 1);
      if (!builds_) task.tests_max = std::max<uint64_t>(1, budget * shares_[number] / 100);
      task.expectations = {{"outcome", "success"}, {"evidence", "passes"}};
      const uint64_t cost_ms = kSearchSuites * context_.baseline.suite_ms + kSearchStartMs;
      Expect(task, space.name,
             {.cpu_ms = cost_ms,
              .wall_ms = cost_ms,
              .success_permille = space.success_permille,
              .tests = task.tests_max / 10});
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

  /// Groups of later plans are none of earlier ones: each holds a task of its own.
  uint32_t GroupOf(size_t cluster) const {
    constexpr uint32_t kFirstPlanned = 4;
    return static_cast<uint32_t>(cluster) + 1 + context_.first_ordinal -
           std::min(context_.first_ordinal, kFirstPlanned);
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
    Expect(task, "verify", SuiteRuns(1, 900));
    document_.tasks.push_back(task);
    return task.task_id.ordinal;
  }

  // One for all: what is verified is merged in batches, so that N repairs cost one more run of the
  // suite and not N.
  uint32_t AddMerge(const std::vector<uint32_t>& verifications) {
    TaskSpec task =
        MakeTask(next_++, Role::kIntegrator, "merge",
                 builds_ ? "Merge the repair of the build"
                         : StrCat("Merge ", Counted(verifications.size(), "verified repair"),
                                  " and test the result"));
    for (const uint32_t verify : verifications) DependOn(task, verify, DependencyMode::kSettled);
    task.expectations = {{"outcome", "success"}};
    Expect(task, verifications.size() > 1 ? "merge" : "merge-one",
           SuiteRuns(verifications.size() > 1 ? 1 : 0, 950));
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

  Forecast SuiteRuns(uint64_t runs, uint32_t success_permille) const {
    return {.cpu_ms = runs * context_.baseline.suite_ms,
            .wall_ms = runs * context_.baseline.suite_ms,
            .success_permille = success_permille,
            .tests = runs * context_.baseline.cases.size()};
  }

  /// Names what the task is an instance of, and forecasts it by what is known of that.
  void Expect(TaskSpec& task, std::string_view what, const Forecast& prior) const {
    task.skill = SkillName(task.role, context_.baseline.harness.language, what);
    task.forecast = ForecastOf(context_.experience, task.skill, prior, context_.baseline.suite_ms);
  }

  std::string SharesText() const {
    std::string text;
    for (size_t i = 0; i < std::size(kTestSpaces); ++i) {
      StrAppend(text, i == 0 ? "" : ", ", kTestSpaces[i].name, ' ', shares_[i], " %");
    }
    return text;
  }

  const PlanningContext& context_;
  const bool builds_;
  const bool first_;  // tests are the goal, but nothing builds yet
  const std::span<const HypothesisSpace> spaces_;
  uint32_t next_;
  const std::vector<uint32_t> shares_;
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

std::vector<uint32_t> TestsShares(const Experience& experience, std::string_view language) {
  std::vector<uint64_t> weights;
  uint64_t sum = 0;
  for (const HypothesisSpace& space : kTestSpaces) {
    const Forecast prior{.success_permille = space.success_permille};
    const Forecast known =
        ForecastOf(experience, SkillName(Role::kCoder, language, space.name), prior, 0);
    // Twice as lucky as thought, twice the budget; but nothing starves on what little is known.
    const uint64_t share = uint64_t{space.tests_share} * 1000;
    weights.push_back(
        std::clamp(share * known.success_permille / space.success_permille, share / 2, share * 2));
    sum += weights.back();
  }
  std::vector<uint32_t> shares;
  for (const uint64_t weight : weights) {
    shares.push_back(static_cast<uint32_t>((weight * 100 + sum / 2) / sum));
  }
  return shares;
}

StatusOr<PlanDocument> PlanRepairs(const PlanningContext& context) {
  const bool nothing_fails = context.faults.clusters.empty() && context.baseline.goal.empty();
  const bool mended = nothing_fails && !context.baseline.passed.empty();
  if (context.faults.clusters.empty() && !mended) {
    return InvalidArgument("no cluster of failing tests to plan for");
  }
  RepairPlan plan(context);
  PlanDocument document = mended ? plan.MakeConfirmation() : plan.Make();
  RETURN_IF_ERROR(ValidatePlan(document.tasks, context.first_ordinal));
  return document;
}

}  // namespace coditect
