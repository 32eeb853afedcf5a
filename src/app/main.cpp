// The command line: grammar only; what the verbs do is in commands/.
#include <iostream>

#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"
#include "src/base/strings.h"

#include <CLI/CLI.hpp>

namespace coditect {
namespace {

/// What was parsed, and what to do then.
struct CommandLine {
  GlobalOptions global;
  bool json = false;
  RunOptions run;
  std::string id;
  std::string key;
  std::string file;
  bool last = false;
  bool all = false;
  bool emergency = false;
  bool graph = false;
  bool evidence = false;
  bool follow = false;
  bool stat = false;
  bool show_origin = false;
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
  app.add_flag("--json", line.json, "The same as --output json");
  app.add_option("--progress", global.progress, "auto, tty, plain, jsonl or none; on stderr")
      ->check(CLI::IsMember({"auto", "tty", "plain", "jsonl", "none"}));
  app.add_flag("--no-input", global.no_input, "Never ask (this version never does)");
  app.add_flag("-q,--quiet", global.quiet, "Only the result");
  app.add_flag("-v,--verbose", global.verbose, "Everything worth knowing");
}

CLI::App* AddVerb(CLI::App& app, const char* name, const char* help) {
  CLI::App* verb = app.add_subcommand(name, help);
  verb->fallthrough();
  return verb;
}

void AddRun(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* run = AddVerb(app, "run", "Let a team of agents reach a goal in a git repository");
  RunOptions& options = line.run;
  run->add_option("goal", options.goal, "What to do: \"make the tests pass\"")->required();
  run->add_option("--verify", options.verify, "The command that tells whether it is done")
      ->type_name("CMD");
  run->add_option("--base", options.base, "Start from this commit, branch or tag (HEAD)")
      ->type_name("REF");
  run->add_option("--max-time", options.max_time, "Stop after this long: 90s, 10m, 2h")
      ->type_name("D");
  run->add_option("--agents", options.agents, "Agents at work at once")->type_name("N");
  run->add_option("--brain", options.brain, "offline or auto")
      ->check(CLI::IsMember({"offline", "auto"}));
  run->add_option("--sandbox", options.sandbox, "auto, process or none")
      ->check(CLI::IsMember({"auto", "process", "none"}));
  run->add_option("--seed", options.seed, "The same repository and seed give the same result")
      ->type_name("N");
  run->callback([&line, code] { *code = RunCommand(line.global, line.run); });
}

void AddControlVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* resume = AddVerb(app, "resume", "Go on with a stopped or interrupted run");
  auto* id = resume->add_option("id", line.id, "The run: r-7f3a");
  auto* last = resume->add_flag("--last", line.last, "The newest run");
  id->excludes(last);
  resume->callback([&line, code] {
    if (line.id.empty() && !line.last) throw CLI::RequiredError("a run's id or --last");
    *code = ResumeCommand(line.global, line.id, line.last);
  });
  CLI::App* stop = AddVerb(app, "stop", "Stop a run; it can be resumed");
  auto* stop_id = stop->add_option("id", line.id, "The run: r-7f3a");
  auto* all = stop->add_flag("--all", line.all, "Every open run");
  stop_id->excludes(all);
  stop->add_flag("--emergency", line.emergency, "Kill first, record later");
  stop->callback([&line, code] {
    if (line.id.empty() && !line.all) throw CLI::RequiredError("a run's id or --all");
    *code = StopCommand(line.global, line.id, line.all, line.emergency);
  });
}

void AddLookingVerbs(CLI::App& app, CommandLine& line, int* code) {
  CLI::App* ps = AddVerb(app, "ps", "List the open runs");
  ps->add_flag("-a,--all", line.all, "The ended ones too");
  ps->callback([&line, code] { *code = PsCommand(line.global, line.all); });
  CLI::App* show = AddVerb(app, "show", "Show a run and its result");
  show->add_option("id", line.id, "The run")->required();
  show->add_flag("--graph", line.graph, "With its plan");
  show->add_flag("--evidence", line.evidence, "With all its evidence");
  show->callback(
      [&line, code] { *code = ShowCommand(line.global, line.id, line.graph, line.evidence); });
  CLI::App* logs = AddVerb(app, "logs", "Print every event of a run");
  logs->add_option("id", line.id, "The run")->required();
  logs->add_flag("-f,--follow", line.follow, "Go on as long as it runs");
  logs->callback([&line, code] { *code = LogsCommand(line.global, line.id, line.follow); });
  CLI::App* diff = AddVerb(app, "diff", "Print what a run changed");
  diff->add_option("id", line.id, "The run")->required();
  diff->add_flag("--stat", line.stat, "Only files and counts");
  diff->callback([&line, code] { *code = DiffCommand(line.global, line.id, line.stat); });
}

void AddOtherVerbs(CLI::App& app, CommandLine& line, int* code) {
  AddVerb(app, "demo", "Repair a throw-away repository with two bugs")->callback([&line, code] {
    *code = DemoCommand(line.global);
  });
  AddVerb(app, "doctor", "Check this machine and say how to mend what is wrong")
      ->callback([&line, code] { *code = DoctorCommand(line.global); });
  AddVerb(app, "version", "Print the version")->callback([&line, code] {
    *code = VersionCommand(line.global);
  });
  CLI::App* config = AddVerb(app, "config", "The configuration and where it comes from");
  config->require_subcommand(1);
  CLI::App* list = AddVerb(*config, "list", "Every key and its value");
  list->add_flag("--show-origin", line.show_origin, "Where each value comes from");
  list->callback([&line, code] { *code = ConfigListCommand(line.global, line.show_origin); });
  CLI::App* get = AddVerb(*config, "get", "One value");
  get->add_option("key", line.key, "agent.timeout, …")->required();
  get->callback([&line, code] { *code = ConfigGetCommand(line.global, line.key); });
  CLI::App* validate = AddVerb(*config, "validate", "Check a file, or all of them");
  validate->add_option("file", line.file, "The file")->type_name("FILE");
  validate->callback([&line, code] { *code = ConfigValidateCommand(line.global, line.file); });
}

/// "did you mean": the verb or option nearest to a word nobody knows.
std::string Suggestion(const CLI::App& app, const std::vector<std::string>& words) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  for (const std::string& word : words) {
    if (word.starts_with("-")) continue;
    if (std::find(verbs.begin(), verbs.end(), word) != verbs.end()) return "";
    const std::string near = NearestWord(word, verbs);
    return near.empty() ? "" : "; did you mean `coditect " + near + "`?";
  }
  return "";
}

int Main(int argc, char** argv) {
  CLI::App app{
      "coditect: a team of agents that develops software in your git repository\n\n"
      "  coditect demo                          see it work\n"
      "  coditect run \"make the tests pass\"     in your repository\n"
      "  coditect doctor                        check this machine\n"};
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  CommandLine line;
  int code = kExitVerified;
  AddGlobalOptions(app, line);
  AddRun(app, line, &code);
  AddControlVerbs(app, line, &code);
  AddLookingVerbs(app, line, &code);
  AddOtherVerbs(app, line, &code);
  app.parse_complete_callback([&line] {
    if (line.json) line.global.output = "json";
  });
  if (argc == 2 && std::string_view(argv[1]) == "--version") return VersionCommand({});
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help, std::cout, std::cerr), kExitVerified;
  } catch (const CLI::ParseError& error) {
    std::vector<std::string> words(argv + 1, argv + argc);
    PrintErr(StrCat("coditect: ", EscapeForTerminal(error.what()), Suggestion(app, words),
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
