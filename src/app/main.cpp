// The command line: grammar only; what the verbs do is in commands/.
#include <algorithm>

#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/commands/fields.h"
#include "src/app/exit_code.h"
#include "src/base/strings.h"

#include <CLI/CLI.hpp>

namespace coditect {
namespace {

/// What was parsed, and what to do then.
struct CommandLine {
  GlobalOptions global;
  std::string json;  // "" = no --json, "true" = without fields
  RunOptions run;
  RunName name;
  DoctorOptions doctor;
  DemoOptions demo;
  std::string shell, key, value;
  bool repository = false;
  bool revoke = false;
  std::string file;
  std::string max_time;
  std::string older_than;
  std::string subject;
  std::string format;
  std::string note;
  bool all = false;
  bool emergency = false;
  bool graph = false, evidence = false, forecasts = false;  // of show
  bool follow = false;
  bool stat = false;
  bool show_origin = false;
  bool dry_run = false;
};

void AddGlobalOptions(CLI::App& app, CommandLine& line) {
  GlobalOptions& global = line.global;
  app.add_option("-C", global.folder, "Work on the repository at this folder")->type_name("DIR");
  app.add_option("-c", global.settings, "Set a configuration value for this call")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--config", global.config_file, "Use this file instead of the user's")
      ->type_name("FILE");
  app.add_option("--output", global.output, "text or json; the result on stdout")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_flag("--json", line.json,
               "The same as --output json; --json=FIELD,FIELD has only these fields")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--progress", global.progress, "auto, tty, plain, jsonl or none; on stderr")
      ->check(CLI::IsMember({"auto", "tty", "plain", "jsonl", "none"}));
  app.add_flag("--no-input", global.no_input,
               "Never ask; what waits for a person ends with exit code 5");
  app.add_flag("-q,--quiet", global.quiet, "Only the result");
  app.add_flag("-v,--verbose", global.verbose, "Everything worth knowing");
}

/// An empty word is a script's unset variable, not the default.
const CLI::Validator kNotEmpty(
    [](const std::string& text) {
      return TrimWhitespace(text).empty() ? std::string("is empty; leave it out or give it a value")
                                          : std::string();
    },
    "", "");

/// A run by its id, a prefix of it, or as the newest one.
CLI::Option* AddRunId(CLI::App* verb, CommandLine& line) {
  return verb->add_option("id", line.name.id, "The run: r-7f3a, or as much as is needed")
      ->check(kNotEmpty);
}
CLI::Option* AddLast(CLI::App* verb, CommandLine& line) {
  return verb->add_flag("--last", line.name.last, "The newest run");
}
void AddRunName(CLI::App* verb, CommandLine& line) {
  AddRunId(verb, line)->excludes(AddLast(verb, line));
}

void AddDryRun(CLI::App* verb, CommandLine& line) {
  verb->add_flag("--dry-run", line.dry_run, "Say what it would do, and do nothing");
}

void RequireRunName(const CommandLine& line, const char* flag) {
  if (line.name.id.empty() && !line.name.last && !line.all) {
    throw CLI::RequiredError(StrCat("a run's id or ", flag));
  }
}

/// "ps", "config list": the words that lead to the verb.
std::string PathOf(const CLI::App& verb) {
  if (verb.get_parent() == nullptr) return "";
  const std::string above = PathOf(*verb.get_parent());
  return StrCat(above, above.empty() ? "" : " ", verb.get_name());
}

CLI::App* AddVerb(CLI::App& app, const char* name, const char* help) {
  CLI::App* verb = app.add_subcommand(name, help);
  verb->fallthrough();
  verb->footer([verb] {
    const std::vector<std::string> fields = FieldsOf(PathOf(*verb));
    return StrCat("\nAs for every verb (coditect --help): -C DIR, -c KEY=VALUE, --config FILE, ",
                  "--output, --json,\n--progress, --no-input, -q, -v",
                  fields.empty() ? "" : "\n\n--json=FIELD,.. takes " + Join(fields, ", "));
  });
  return verb;
}

void AddRunOptions(CLI::App* verb, RunOptions& options) {
  CLI::Option* base =
      verb->add_option("--base", options.base, "Start from this commit, branch or tag (HEAD)")
          ->type_name("REF")
          ->check(kNotEmpty);
  verb->add_flag("--include-uncommitted", options.include_uncommitted,
                 "Start from the work tree as it is, untracked files too")
      ->excludes(base);
  verb->add_option("--deliver", options.deliver,
                   "branch, ff (move the base branch, tested) or patch (a file)")
      ->check(CLI::IsMember({"branch", "ff", "patch"}));
  verb->add_option("--patch-file", options.patch_file, "Where --deliver patch writes")
      ->type_name("FILE")
      ->check(kNotEmpty);
  verb->add_option("--max-time", options.max_time, "Stop after this long: 90s, 10m, 2h")
      ->type_name("D")
      ->check(kNotEmpty);
  verb->add_option("--agents", options.agents, "Agents at work at once")->type_name("N");
  verb->add_option("--brain", options.brain, "offline or auto")
      ->check(CLI::IsMember({"offline", "auto"}));
  verb->add_option("--sandbox", options.sandbox, "auto, process or none")
      ->check(CLI::IsMember({"auto", "process", "none"}));
  verb->add_option("--candidate", options.candidates,
                   "Judge this change first: what a commit, branch or tag differs from the base by")
      ->type_name("REF")
      ->allow_extra_args(false)
      ->check(kNotEmpty);
  verb->add_option("--approve", options.approve, "What waits for you: none, plan, merge or all")
      ->check(CLI::IsMember({"none", "plan", "merge", "all"}));
  verb->add_option("--seed", options.seed, "The same repository and seed give the same result")
      ->type_name("N");
  verb->add_flag("--dry-run", options.dry_run, "Say what it would do, and do nothing");
}

void AddGoal(CLI::App* verb, RunOptions& options) {
  verb->add_option("goal", options.goal,
                   "What to do: \"make the tests pass\" or \"make it build\"");
  verb->add_option("--verify", options.verify, "The command that tells whether it is done")
      ->type_name("CMD")
      ->check(kNotEmpty);
}

void RequireGoal(const CLI::App* verb) {
  if (verb->count("goal") > 0) return;
  throw CLI::RequiredError(
      StrCat("a goal (coditect ", verb->get_name(), " \"make the tests pass\")"));
}

/// A plan has its own goal and settings.
void AddPlanToRun(CLI::App* run, RunOptions& options) {
  run->add_flag("--plan-only", options.plan_only, "End with the plan; change nothing");
  std::vector<CLI::Option*> others = run->get_options();
  std::erase(others, run->get_help_ptr());
  std::erase(others, run->get_option("--dry-run"));
  CLI::Option* plan =
      run->add_option("--plan", options.plan, "Run the plan that this run ended with")
          ->type_name("ID")
          ->check(kNotEmpty);
  for (CLI::Option* other : others) plan->excludes(other);
  run->add_option("--check-index", options.check_index,
                  "Of --plan: only if the plan has this index still")
      ->type_name("N")
      ->needs(plan);
}

void AddRun(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* run = AddVerb(app, "run", "Let a team of agents reach a goal in a git repository");
  AddGoal(run, line.run);
  AddRunOptions(run, line.run);
  AddPlanToRun(run, line.run);
  run->callback([&line, run, code] {
    if (line.run.plan.empty()) RequireGoal(run);
    *code = RunCommand(line.global, line.run);
  });
  CLI::App* plan = AddVerb(app, "plan", "Find what is wrong and plan the repairs, no more");
  AddGoal(plan, line.run);
  AddRunOptions(plan, line.run);
  plan->add_option("--format", line.format, "text, json, mermaid or dot")
      ->check(CLI::IsMember({"text", "json", "mermaid", "dot"}));
  plan->callback([&line, plan, code] {
    RequireGoal(plan);
    if (!line.format.empty()) line.global.output = line.format;
    *code = PlanCommand(line.global, line.run);
  });
  CLI::App* fix = AddVerb(app, "fix", "Mend these tests, or all that fail");
  fix->add_option("test", line.run.tests, "Their ids, as a run's report has them");
  fix->add_option("--from", line.run.from, "Those that failed in this JUnit XML file")
      ->type_name("FILE")
      ->check(kNotEmpty);
  AddRunOptions(fix, line.run);
  fix->callback([&line, code] { *code = FixCommand(line.global, line.run); });
}

void AddControlVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* resume = AddVerb(app, "resume", "Go on with a stopped or interrupted run");
  AddRunName(resume, line);
  AddDryRun(resume, line);
  resume->callback([&line, code] {
    RequireRunName(line, "--last");
    *code = ResumeCommand(line.global, line.name, line.dry_run);
  });
  CLI::App* stop = AddVerb(app, "stop", "Stop a run; it can be resumed");
  AddRunId(stop, line)->excludes(stop->add_flag("--all", line.all, "Every open run"));
  stop->add_flag("--emergency", line.emergency, "Kill first, record later");
  AddDryRun(stop, line);
  stop->callback([&line, code] {
    RequireRunName(line, "--all");
    *code = StopCommand(line.global, line.name.id, line.all, line.emergency, line.dry_run);
  });
}

void AddFollowUpVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* retry =
      AddVerb(app, "retry", "Run a goal again, with a new seed, on its branch of now");
  AddRunName(retry, line);
  AddDryRun(retry, line);
  retry->callback([&line, code] {
    RequireRunName(line, "--last");
    *code = RetryCommand(line.global, line.name, line.dry_run);
  });
  CLI::App* wait = AddVerb(app, "wait", "Wait until a run has ended; exits as the run did");
  CLI::Option* id = AddRunId(wait, line);
  CLI::Option* last = AddLast(wait, line)->excludes(id);
  wait->add_flag("--all", line.all, "Every open run")->excludes(id)->excludes(last);
  wait->add_option("--max-time", line.max_time, "Wait no longer (exit 124): 90s, 10m, 2h")
      ->type_name("D")
      ->check(kNotEmpty);
  AddDryRun(wait, line);
  wait->callback([&line, code] {
    RequireRunName(line, "--last or --all");
    *code = WaitCommand(line.global, line.name, line.all, line.max_time, line.dry_run);
  });
  CLI::App* explain = AddVerb(app, "explain", "Say why a run changed what it changed");
  AddRunId(explain, line);
  AddLast(explain, line);
  explain->add_option("subject", line.subject, "Only FILE:LINE, or the repair of this test")
      ->check(kNotEmpty);
  explain->callback([&line, code] {
    // With --last the first word is the subject.
    if (line.name.last && line.subject.empty()) std::swap(line.subject, line.name.id);
    RequireRunName(line, "--last");
    *code = ExplainCommand(line.global, line.name, line.subject);
  });
}

void AddDecidingVerbs(CLI::App& app, CommandLine& line, int* code) {
  AddVerb(app, "inbox", "List what waits for your approval")->callback([&line, code] {
    *code = InboxCommand(line.global);
  });
  CLI::App* approve = AddVerb(app, "approve", "Let a run that waits for you go on");
  AddRunName(approve, line);
  approve->add_option("--note", line.note, "What to record with it")->type_name("TEXT");
  AddDryRun(approve, line);
  approve->callback([&line, code] {
    RequireRunName(line, "--last");
    *code = ApproveCommand(line.global, line.name, line.note, line.dry_run);
  });
  CLI::App* reject = AddVerb(app, "reject", "End a run that waits for you, without delivery");
  AddRunName(reject, line);
  reject->add_option("--reason", line.note, "Why; the run's report says it")
      ->type_name("TEXT")
      ->required()
      ->check(kNotEmpty);
  AddDryRun(reject, line);
  reject->callback([&line, code] {
    RequireRunName(line, "--last");
    *code = RejectCommand(line.global, line.name, line.note, line.dry_run);
  });
}

void AddLookingVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* ps = AddVerb(app, "ps", "List the open runs");
  ps->add_flag("-a,--all", line.all, "The ended ones too");
  ps->callback([&line, code] { *code = PsCommand(line.global, line.all); });
  CLI::App* show = AddVerb(app, "show", "Show a run and its result");
  AddRunName(show, line);
  show->add_flag("--graph", line.graph, "With its plan");
  show->add_flag("--evidence", line.evidence, "With all its evidence");
  show->add_flag("--forecasts", line.forecasts,
                 "Instead of a run: what past runs teach, and how good forecasts were");
  show->callback([&line, code] {
    if (line.forecasts) {
      *code = ForecastsCommand(line.global, line.name);
      return;
    }
    RequireRunName(line, "--last");
    *code = ShowCommand(line.global, line.name, line.graph, line.evidence);
  });
  CLI::App* logs = AddVerb(app, "logs", "Print every event of a run");
  AddRunName(logs, line);
  logs->add_flag("-f,--follow", line.follow, "Go on as long as it runs");
  logs->callback([&line, code] {
    RequireRunName(line, "--last");
    *code = LogsCommand(line.global, line.name, line.follow);
  });
  CLI::App* diff = AddVerb(app, "diff", "Print what a run changed");
  AddRunName(diff, line);
  diff->add_flag("--stat", line.stat, "Only files and counts");
  diff->callback([&line, code] {
    RequireRunName(line, "--last");
    *code = DiffCommand(line.global, line.name, line.stat);
  });
}

void AddDeliveryVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* merge = AddVerb(app, "merge", "Bring a verified branch into the checked-out one");
  AddRunName(merge, line);
  AddDryRun(merge, line);
  merge->callback([&line, code] {
    RequireRunName(line, "--last");
    *code = MergeCommand(line.global, line.name, line.dry_run);
  });
  CLI::App* undo = AddVerb(app, "undo", "Take back the branch a run delivered");
  AddRunName(undo, line);
  AddDryRun(undo, line);
  undo->callback([&line, code] {
    RequireRunName(line, "--last");
    *code = UndoCommand(line.global, line.name, line.dry_run);
  });
}

void AddDoctor(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* doctor = AddVerb(app, "doctor", "Check this machine and say how to mend what is wrong");
  doctor->add_flag("--summary", line.doctor.summary, "One line a group");
  doctor->add_flag("--fix", line.doctor.fix, "Mend what can be mended safely; says what it does");
  doctor
      ->add_option("--bundle", line.doctor.bundle,
                   "Write this new file for a report of a bug: no secrets, no paths of yours, "
                   "nothing of the repository")
      ->type_name("FILE")
      ->check(kNotEmpty);
  AddDryRun(doctor, line);
  doctor->callback([&line, code] {
    line.doctor.dry_run = line.dry_run;
    *code = DoctorCommand(line.global, line.doctor);
  });
}

void AddOtherVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* demo = AddVerb(app, "demo", "Repair a throw-away repository with two bugs");
  demo->add_option("--real", line.demo.real,
                   "Instead fetch this open-source project and repair a bug drawn in it")
      ->type_name("NAME")
      ->check(kNotEmpty);
  demo->add_option("--seed", line.demo.seed, "Where the bug is drawn")->type_name("N");
  demo->add_flag("--list", line.demo.list, "Only say which projects --real knows");
  demo->add_flag("--dry-run", line.demo.dry_run, "Say what it would do, and do nothing");
  demo->callback([&line, code] { *code = DemoCommand(line.global, line.demo); });
  CLI::App* init = AddVerb(app, "init", "Write a commented coditect.toml into the repository");
  AddDryRun(init, line);
  init->callback([&line, code] { *code = InitCommand(line.global, line.dry_run); });
  CLI::App* trust =
      AddVerb(app, "trust", "Let this repository's coditect.toml set what yours alone may");
  trust->add_flag("--revoke", line.revoke, "Not any more");
  AddDryRun(trust, line);
  trust->callback([&line, code] { *code = TrustCommand(line.global, line.revoke, line.dry_run); });
  AddDoctor(app, line, code);
  CLI::App* gc = AddVerb(app, "gc", "Forget old runs and free what they left behind");
  gc->add_option("--older-than", line.older_than,
                 "How long ago they ended: 30d, 12h (default: storage.retention)")
      ->type_name("D");
  AddDryRun(gc, line);
  gc->callback([&line, code] { *code = GcCommand(line.global, line.older_than, line.dry_run); });
  AddVerb(app, "version", "Print the version")->callback([&line, code] {
    *code = VersionCommand(line.global);
  });
}

void AddConfigVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* config = AddVerb(app, "config", "The configuration and where it comes from");
  config->require_subcommand(1);
  CLI::App* list = AddVerb(*config, "list", "Every key and its value");
  list->add_flag("--show-origin", line.show_origin, "Where each value comes from");
  list->callback([&line, code] { *code = ConfigListCommand(line.global, line.show_origin); });
  CLI::App* get = AddVerb(*config, "get", "One value");
  get->add_option("key", line.key, "agent.timeout, …")->required();
  get->callback([&line, code] { *code = ConfigGetCommand(line.global, line.key); });
  CLI::App* set = AddVerb(*config, "set", "Set a key in your own file; comments in it stay");
  set->add_option("key", line.key, "agent.timeout, …")->required();
  set->add_option("value", line.value, "What -c KEY=VALUE takes")->required();
  set->add_flag("--repository", line.repository, "In the repository's coditect.toml instead");
  AddDryRun(set, line);
  set->callback([&line, code] {
    *code = ConfigSetCommand(line.global, line.key, line.value, line.repository, line.dry_run);
  });
  CLI::App* validate = AddVerb(*config, "validate", "Check a file, or all of them");
  validate->add_option("file", line.file, "The file")->type_name("FILE");
  validate->callback([&line, code] { *code = ConfigValidateCommand(line.global, line.file); });
}

/// "TEXT:{auto,tty}" -> {auto, tty}.
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  if (open == std::string::npos) return {};
  return Split(type.substr(open + 1, type.find('}', open) - open - 1), ',');
}

/// The grammar as data.
VerbHelp TableOf(const CLI::App& app) {
  VerbHelp table{.name = app.get_name(), .help = app.get_description()};
  for (const CLI::Option* option : app.get_options()) {
    if (option == app.get_help_ptr() && app.get_parent() != nullptr) continue;  // the program's
    if (option->get_positional()) {
      table.arguments.push_back({.name = option->get_name(),
                                 .choices = ChoicesOf(*option),
                                 .help = option->get_description()});
      continue;
    }
    FlagHelp flag{.choices = ChoicesOf(*option), .help = option->get_description()};
    for (const auto& name : option->get_snames()) flag.names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) flag.names.push_back("--" + name);
    if (option->get_items_expected_max() > 0) flag.value = option->get_type_name();
    table.flags.push_back(std::move(flag));
  }
  for (const CLI::App* verb : app.get_subcommands({})) table.verbs.push_back(TableOf(*verb));
  return table;
}

void AddDescribingVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* completion = AddVerb(app, "completion", "Print the completion script of a shell");
  completion->add_option("shell", line.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback(
      [&app, &line, code] { *code = CompletionCommand(TableOf(app), line.shell); });
  AddVerb(app, "man", "Print the manual page, for man -l -")->callback([&app, code] {
    *code = ManCommand(TableOf(app));
  });
}

/// The verb that was parsed, the innermost.
const CLI::App& ParsedVerb(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// Makes of --json[=FIELDS] what the verbs look at.
void TakeJson(const CLI::App& app, CommandLine& line) {
  if (line.json.empty()) return;
  line.global.output = "json";
  if (line.json == "true") return;
  const char* const other = line.stat        ? " --stat"
                            : line.demo.list ? " --list"
                            : line.forecasts ? " --forecasts"
                                             : "";
  const auto fields = ParseFields(PathOf(ParsedVerb(app)) + other, line.json);
  if (!fields.ok()) throw CLI::ValidationError(Message(fields.status()));
  line.global.fields = *fields;
}

int Main(int argc, char** argv) {
  OpenStandardStreams();
  CLI::App app{
      "coditect: a team of agents that develops software in your git repository\n\n"
      "  coditect demo                          see it work\n"
      "  coditect run \"make the tests pass\"     in your repository\n"
      "  coditect doctor                        check this machine\n",
      "coditect"};
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  CommandLine line;
  int code = kExitVerified;
  AddGlobalOptions(app, line);
  AddRun(app, line, &code);
  AddControlVerbs(app, line, &code);
  AddLookingVerbs(app, line, &code);
  AddDecidingVerbs(app, line, &code);
  AddFollowUpVerbs(app, line, &code);
  AddDeliveryVerbs(app, line, &code);
  AddOtherVerbs(app, line, &code);
  AddConfigVerbs(app, line, &code);
  AddDescribingVerbs(app, line, &code);
  app.parse_complete_callback([&app, &line] { TakeJson(app, line); });
  if (argc == 2 && std::string_view(argv[1]) == "--version") return VersionCommand({});
  try {
    // The parser takes the words from the end.
    std::vector<std::string> words = JoinFields(TableOf(app), {argv + 1, argv + argc});
    std::reverse(words.begin(), words.end());
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    return Answer(app.help());
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    PrintErr(StrCat("coditect: ", EscapeForTerminal(UsageError(TableOf(app), words, error.what())),
                    "\nTry `coditect --help`.\n"));
    return kExitUsage;
  }
  return code;
}

}  // namespace
}  // namespace coditect

int main(int argc, char** argv) {
  if (const auto code = coditect::RunAsHelperProcess(argc, argv)) return *code;
  return coditect::Main(argc, argv);
}
