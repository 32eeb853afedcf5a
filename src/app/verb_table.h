// The command line as data: what --help, the shells' completions and the manual page are made of.
#pragma once

#include <string>
#include <vector>

#include "src/base/status.h"

namespace coditect {

struct FlagHelp {
  std::vector<std::string> names;    // "-q", "--quiet"
  std::string value;                 // "FILE", "D"; "" = it takes none
  std::vector<std::string> choices;  // of the value; none: anything
  std::string help;
};

struct ArgumentHelp {
  std::string name;  // "id"
  std::vector<std::string> choices;
  std::string help;
};

/// A verb, or the program itself.
struct VerbHelp {
  std::string name;
  std::string help;
  std::vector<FlagHelp> flags;
  std::vector<ArgumentHelp> arguments;
  std::vector<VerbHelp> verbs;
};

/// `--json FIELD,..` as `--json=FIELD,..`, where no argument of the verb could be meant: after a
/// verb that takes none.
std::vector<std::string> JoinFields(const VerbHelp& program, std::vector<std::string> words);

/// What is wrong with a command line that does not parse, with the nearest word that would.
std::string UsageError(const VerbHelp& program, const std::vector<std::string>& words,
                       const std::string& parser_says);

/// The script that completes command lines in `shell`: bash, zsh or fish. INVALID_ARGUMENT for
/// another. Run ids and configuration keys are asked of the program when they are completed.
StatusOr<std::string> CompletionScript(const VerbHelp& program, const std::string& shell);

/// The manual page coditect(1), in the man macros of roff.
std::string ManualPage(const VerbHelp& program, const std::string& version);

}  // namespace coditect
