// The verbs of the command line. Each returns the process's exit code; results go to stdout,
// everything else to stderr.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/app/paths.h"
#include "src/app/verb_table.h"

namespace coditect {

/// Options before or after every verb.
struct GlobalOptions {
  std::string folder = ".";           // -C
  std::vector<std::string> settings;  // -c key=value
  std::string config_file;            // --config
  std::string output = "text";        // --output text|json
  std::vector<std::string> fields;    // of --json=FIELD,..; none = all
  std::string progress = "auto";      // --progress auto|tty|plain|jsonl|none
  bool no_input = false;
  bool quiet = false;
  bool verbose = false;
};

struct RunOptions {
  std::string goal;
  std::string verify;
  std::string base;
  std::string max_time;  // "90s", "10m"
  std::string brain;
  std::string sandbox;
  std::optional<uint64_t> seed;
  std::optional<uint32_t> agents;
  std::vector<std::string> tests;    // of fix: the ids to mend; with `from` none: every failing one
  std::string from;                  // of fix: a JUnit XML file whose failing tests are meant
  bool include_uncommitted = false;  // start from the work tree as it is
  std::string deliver;               // branch, ff or patch; "" = as configured
  std::string patch_file;            // of patch; "" = coditect-<run>.patch here
  bool plan_only = false;            // end with a plan
  std::string plan;                  // run the plan of this run instead of a goal
  std::optional<uint64_t> check_index;  // refuse unless the plan has this index
  std::vector<std::string> candidates;  // names of commits whose change is judged first
  std::string approve;                  // none, plan, merge or all
  bool dry_run = false;                 // say what it would do
};

/// Which run a verb is about.
struct RunName {
  std::string id;           // r-7f3a, 7f3a or the start of it
  bool last = false;        // the newest one instead
  bool open_first = false;  // of `last`: one that has not ended, when there is any
};

struct DemoOptions {
  bool dry_run = false;
  std::string real;   // the project to fetch, "" = the small repository of ours
  bool list = false;  // only tell which there are
  uint64_t seed = 0;  // of the place of the bug
};

struct DoctorOptions {
  bool fix = false;
  bool summary = false;
  bool dry_run = false;
  std::string bundle;  // file to write, "" = none
};

int RunCommand(const GlobalOptions& global, const RunOptions& options);
/// A run that ends with its plan. `output` of `global` may also be mermaid or dot.
int PlanCommand(const GlobalOptions& global, const RunOptions& options);
/// A run whose goal is the tests of `options`; its `goal` is set here.
int FixCommand(const GlobalOptions& global, const RunOptions& options);
int ResumeCommand(const GlobalOptions& global, const RunName& name, bool dry_run);
int StopCommand(const GlobalOptions& global, const std::string& id, bool all, bool emergency,
                bool dry_run);
/// The goal of `name` again, with its limits and a new seed, on its base branch as it is now.
int RetryCommand(const GlobalOptions& global, const RunName& name, bool dry_run);
/// Goes on itself with a run that was approved and that nobody works on.
int WaitCommand(const GlobalOptions& global, const RunName& name, bool all,
                const std::string& max_time, bool dry_run);
/// What waits for a person, the oldest first.
int InboxCommand(const GlobalOptions& global);
int ApproveCommand(const GlobalOptions& global, const RunName& name, const std::string& note,
                   bool dry_run);
int RejectCommand(const GlobalOptions& global, const RunName& name, const std::string& reason,
                  bool dry_run);
int ExplainCommand(const GlobalOptions& global, const RunName& name, const std::string& subject);
int PsCommand(const GlobalOptions& global, bool all);
int ShowCommand(const GlobalOptions& global, const RunName& name, bool graph, bool evidence);
/// What past runs teach; `name` must not name one.
int ForecastsCommand(const GlobalOptions& global, const RunName& name);
int LogsCommand(const GlobalOptions& global, const RunName& name, bool follow);
int DiffCommand(const GlobalOptions& global, const RunName& name, bool stat);
int UndoCommand(const GlobalOptions& global, const RunName& name, bool dry_run);
int MergeCommand(const GlobalOptions& global, const RunName& name, bool dry_run);
/// Forgets runs that ended `older_than` ago ("30d"; "" = storage.retention) or earlier.
int GcCommand(const GlobalOptions& global, const std::string& older_than, bool dry_run);
int DoctorCommand(const GlobalOptions& global, const DoctorOptions& options);
int DemoCommand(const GlobalOptions& global, const DemoOptions& options);
int VersionCommand(const GlobalOptions& global);
int ConfigListCommand(const GlobalOptions& global, bool show_origin);
int ConfigGetCommand(const GlobalOptions& global, const std::string& key);
int ConfigSetCommand(const GlobalOptions& global, const std::string& key, const std::string& value,
                     bool repository, bool dry_run);
int TrustCommand(const GlobalOptions& global, bool revoke, bool dry_run);
int InitCommand(const GlobalOptions& global, bool dry_run);
int ConfigValidateCommand(const GlobalOptions& global, const std::string& file);

int CompletionCommand(const VerbHelp& program, const std::string& shell);
int ManCommand(const VerbHelp& program);

/// Prints "coditect: <sentence>" to stderr and returns the status's exit code.
int Fail(const Status& status);

/// Writes a verb's result to stdout and returns `code`, or kExitError with a sentence on stderr
/// when it could not be written whole. That the reader has closed its pipe is no error.
int Answer(const std::string& text, int code = 0);
/// The reader of stdout has all there will be: a pipe ends now.
void CloseAnswer();
void PrintErr(const std::string& text);

/// Descriptors 0 to 2 are open from here on, if only to nowhere: a file of ours that got one of
/// these numbers would be written to as if it were the terminal.
void OpenStandardStreams();

}  // namespace coditect
