// Completions for shells. Each script walks the words before the cursor down to a verb, then offers
// what that verb takes.
#include <functional>
#include <utility>

#include "src/app/verb_table.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

/// A verb with the words that lead to it: "config get"; "" is the program.
struct PathOfVerb {
  std::string path;
  const VerbHelp* verb;
};

std::vector<PathOfVerb> PathsOf(const VerbHelp& program) {
  std::vector<PathOfVerb> paths = {{"", &program}};
  for (size_t i = 0; i < paths.size(); ++i) {
    const PathOfVerb at = paths[i];
    for (const VerbHelp& verb : at.verb->verbs) {
      paths.push_back({StrCat(at.path, at.path.empty() ? "" : " ", verb.name), &verb});
    }
  }
  return paths;
}

/// Where a value comes from: the same words for flags and arguments.
enum class Source { kNone, kChoices, kRuns, kKeys, kFolders, kFiles, kBranches };

Source SourceOf(const std::string& name, const std::vector<std::string>& choices) {
  if (!choices.empty()) return Source::kChoices;
  if (name == "id") return Source::kRuns;
  if (name == "key" || name == "KEY=VALUE") return Source::kKeys;
  if (name == "DIR") return Source::kFolders;
  if (name == "FILE" || name == "file") return Source::kFiles;
  if (name == "REF") return Source::kBranches;
  return Source::kNone;
}

constexpr std::string_view kRunsCommand = "coditect ps -a 2>/dev/null | awk 'NR > 1 { print $1 }'";
constexpr std::string_view kKeysCommand =
    "coditect config list 2>/dev/null | sed -n 's/^\\([a-z][a-z_.]*\\) = .*/\\1/p'";
constexpr std::string_view kBranchesCommand =
    "git for-each-ref --format='%(refname:short)' refs/heads refs/tags 2>/dev/null";

/// In single quotes of a POSIX shell (zsh, bash): always quoted.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

/// What each shell says for a value's source; `add` offers words.
struct Dialect {
  std::string_view words_begin, words_end;    // around words
  std::string_view output_begin, output_end;  // around a command whose lines are words
  std::string_view folders, files;
};

constexpr Dialect kBash = {
    "COMPREPLY=($(compgen -W \"",
    "\" -- \"$cur\"))",
    "COMPREPLY=($(compgen -W \"$(",
    ")\" -- \"$cur\"))",
    "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\"))",
    "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\"))"};
constexpr Dialect kZsh = {"compadd -- ", "", "compadd -- ${(f)\"$(", ")\"}", "_files -/", "_files"};

std::string Offer(const Dialect& shell, Source source, const std::vector<std::string>& choices) {
  const auto output = [&](std::string_view command) {
    return StrCat(shell.output_begin, command, shell.output_end);
  };
  switch (source) {
    case Source::kChoices:
      return StrCat(shell.words_begin, Join(choices, " "), shell.words_end);
    case Source::kRuns:
      return output(kRunsCommand);
    case Source::kKeys:
      return output(kKeysCommand);
    case Source::kBranches:
      return output(kBranchesCommand);
    case Source::kFolders:
      return std::string(shell.folders);
    case Source::kFiles:
      return std::string(shell.files);
    case Source::kNone:
      return ":";
  }
  return ":";
}

/// The flags of the verb and of the program, which hold everywhere.
std::vector<const FlagHelp*> FlagsAt(const VerbHelp& program, const VerbHelp& verb) {
  std::vector<const FlagHelp*> flags;
  for (const FlagHelp& flag : verb.flags) flags.push_back(&flag);
  if (&verb != &program) {
    for (const FlagHelp& flag : program.flags) flags.push_back(&flag);
  }
  return flags;
}

/// "'config get') BODY ;;" for every path.
std::string CasesOf(const VerbHelp& program,
                    const std::function<std::string(const VerbHelp&)>& body) {
  std::string out;
  for (const PathOfVerb& at : PathsOf(program)) {
    const std::string text = body(*at.verb);
    if (!text.empty()) StrAppend(out, "    ", Quoted(at.path), ")\n", text, "      ;;\n");
  }
  return out;
}

/// The flags that take a value, as patterns of a case: "-C|--config"; "" if none.
std::string ValueFlags(const VerbHelp& program, const VerbHelp& verb) {
  std::vector<std::string> names;
  for (const FlagHelp* flag : FlagsAt(program, verb)) {
    if (!flag->value.empty()) names.insert(names.end(), flag->names.begin(), flag->names.end());
  }
  return Join(names, "|");
}

/// What bash and zsh share: down the words to `path`, with `previous` the word before the cursor
/// and `count` the arguments in between. `word_at`: the I-th word; `last`: the cursor's.
std::string Walk(const VerbHelp& program, std::string_view word_at, std::string_view first,
                 std::string_view last) {
  std::string out = StrCat("  local verb='' word i=", first, " count=0\n", "  while (( i < ", last,
                           " )); do\n    word=", word_at, "\n    case \"$verb\" in\n");
  for (const PathOfVerb& at : PathsOf(program)) {
    StrAppend(out, "    ", Quoted(at.path), ")\n      case \"$word\" in\n      ",
              ValueFlags(program, *at.verb), ") (( i += 1 )); [[ ", word_at,
              " == = ]] && (( i += 1 )) ;;\n      -*) ;;\n");
    for (const VerbHelp& verb : at.verb->verbs) {
      StrAppend(out, "      ", verb.name,
                ") verb=", Quoted(StrCat(at.path, at.path.empty() ? "" : " ", verb.name)), " ;;\n");
    }
    out += "      *) (( count += 1 )) ;;\n      esac\n      ;;\n";
  }
  return out + "    esac\n    (( i += 1 ))\n  done\n";
}

/// The values of flags: cases of "$previous".
std::string FlagValues(const Dialect& shell, const VerbHelp& program, const VerbHelp& verb) {
  std::string out;
  for (const FlagHelp* flag : FlagsAt(program, verb)) {
    if (flag->value.empty()) continue;
    StrAppend(out, "      ", Join(flag->names, "|"), ") ",
              Offer(shell, SourceOf(flag->value, flag->choices), flag->choices), "; return ;;\n");
  }
  return out.empty() ? "" : StrCat("      case \"$previous\" in\n", out, "      esac\n");
}

std::string ArgumentValues(const Dialect& shell, const VerbHelp& verb) {
  std::string out;
  for (size_t i = 0; i < verb.arguments.size(); ++i) {
    const ArgumentHelp& argument = verb.arguments[i];
    StrAppend(out, "      ", i, ") ",
              Offer(shell, SourceOf(argument.name, argument.choices), argument.choices), " ;;\n");
  }
  return out.empty() ? "" : StrCat("      case \"$count\" in\n", out, "      esac\n");
}

std::string BashScript(const VerbHelp& program) {
  std::string out =
      "# bash completion of coditect; load it with: eval \"$(coditect completion bash)\"\n"
      "_coditect() {\n"
      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  if [[ $cur == = ]]; then cur=''; "
      "elif [[ $previous == = ]]; then previous=\"${COMP_WORDS[COMP_CWORD-2]}\"; fi\n"
      "  COMPREPLY=()\n";
  out += Walk(program, "\"${COMP_WORDS[i]}\"", "1", "COMP_CWORD");
  out += "  case \"$verb\" in\n" +
         CasesOf(program, [&](const VerbHelp& verb) { return FlagValues(kBash, program, verb); }) +
         "  esac\n";
  out += "  if [[ $cur == -* ]]; then\n  case \"$verb\" in\n";
  out += CasesOf(program, [&](const VerbHelp& verb) {
    std::vector<std::string> names;
    for (const FlagHelp* flag : FlagsAt(program, verb)) {
      names.insert(names.end(), flag->names.begin(), flag->names.end());
    }
    return StrCat("      ", Offer(kBash, Source::kChoices, names), "\n");
  });
  out += "  esac\n  return\n  fi\n  case \"$verb\" in\n";
  out += CasesOf(program, [&](const VerbHelp& verb) {
    std::vector<std::string> names;
    for (const VerbHelp& next : verb.verbs) names.push_back(next.name);
    if (names.empty()) return ArgumentValues(kBash, verb);
    return StrCat("      ", Offer(kBash, Source::kChoices, names), "\n");
  });
  return out + "  esac\n}\ncomplete -F _coditect coditect\n";
}

/// 'name:what it is', as _describe wants it.
std::string Described(const std::string& name, const std::string& help) {
  std::string escaped;
  for (const char c : name) StrAppend(escaped, c == ':' ? "\\" : "", c);
  return Quoted(StrCat(escaped, ":", help));
}

std::string ZshScript(const VerbHelp& program) {
  std::string out =
      "#compdef coditect\n"
      "# zsh completion of coditect; load it with: source <(coditect completion zsh)\n"
      "_coditect() {\n"
      "  local previous=\"${words[CURRENT-1]}\"\n  local -a offered\n";
  out += Walk(program, "\"${words[i]}\"", "2", "CURRENT");
  out += "  case \"$verb\" in\n" +
         CasesOf(program, [&](const VerbHelp& verb) { return FlagValues(kZsh, program, verb); }) +
         "  esac\n";
  out += "  if [[ ${words[CURRENT]} == -* ]]; then\n  case \"$verb\" in\n";
  out += CasesOf(program, [&](const VerbHelp& verb) {
    std::string words;
    for (const FlagHelp* flag : FlagsAt(program, verb)) {
      for (const std::string& name : flag->names) words += " " + Described(name, flag->help);
    }
    return StrCat("      offered=(", words, " )\n");
  });
  out += "  esac\n  _describe -o flag offered\n  return\n  fi\n  case \"$verb\" in\n";
  out += CasesOf(program, [&](const VerbHelp& verb) {
    if (verb.verbs.empty()) return ArgumentValues(kZsh, verb);
    std::string words;
    for (const VerbHelp& next : verb.verbs) words += " " + Described(next.name, next.help);
    return StrCat("      offered=(", words, " )\n      _describe verb offered\n");
  });
  return out +
         "  esac\n}\n"
         "if [[ $funcstack[1] == _coditect ]]; then _coditect \"$@\"; "
         "else compdef _coditect coditect; fi\n";
}

std::string FishQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// The words of a value for fish's -a; "" = none are known.
std::string FishWords(Source source, const std::vector<std::string>& choices) {
  switch (source) {
    case Source::kChoices:
      return Join(choices, " ");
    case Source::kRuns:
      return StrCat("(", kRunsCommand, ")");
    case Source::kKeys:
      return StrCat("(", kKeysCommand, ")");
    case Source::kBranches:
      return StrCat("(", kBranchesCommand, ")");
    case Source::kFolders:
      return "(__fish_complete_directories)";
    default:
      return "";
  }
}

void AddFishFlag(std::string& out, const std::string& when, const FlagHelp& flag) {
  StrAppend(out, "complete -c coditect", when);
  for (const std::string& name : flag.names) {
    StrAppend(out, name.starts_with("--") ? " -l " : " -s ",
              name.substr(name.starts_with("--") ? 2 : 1));
  }
  if (!flag.value.empty()) {
    const Source source = SourceOf(flag.value, flag.choices);
    out += source == Source::kFiles ? " -r -F" : " -x";
    const std::string words = FishWords(source, flag.choices);
    if (!words.empty()) StrAppend(out, " -a ", FishQuoted(words));
  }
  StrAppend(out, " -d ", FishQuoted(flag.help), "\n");
}

std::string FishScript(const VerbHelp& program) {
  std::string out =
      "# fish completion of coditect; load it with: coditect completion fish | source\n"
      "function __coditect_at\n"
      "  set -l verb ''\n  set -l count 0\n  set -l skip 0\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    if test $skip = 1\n      set skip 0\n      continue\n    end\n"
      "    switch \"$verb|$word\"\n";
  for (const PathOfVerb& at : PathsOf(program)) {
    std::string patterns;
    for (const FlagHelp* flag : FlagsAt(program, *at.verb)) {
      for (const std::string& name : flag->names) {
        if (!flag->value.empty()) patterns += " " + FishQuoted(StrCat(at.path, "|", name));
      }
    }
    StrAppend(out, "      case", patterns, "\n        set skip 1\n");
    for (const VerbHelp& verb : at.verb->verbs) {
      StrAppend(out, "      case ", FishQuoted(StrCat(at.path, "|", verb.name)),
                "\n        set verb ",
                FishQuoted(StrCat(at.path, at.path.empty() ? "" : " ", verb.name)), "\n");
    }
  }
  out +=
      "      case '*|-*'\n      case '*'\n        set count (math $count + 1)\n    end\n  end\n"
      "  test \"$verb\" = \"$argv[1]\"; and test (count $argv) = 1 -o \"$count\" = \"$argv[2]\"\n"
      "end\ncomplete -c coditect -f\n";
  for (const FlagHelp& flag : program.flags) AddFishFlag(out, "", flag);
  for (const PathOfVerb& at : PathsOf(program)) {
    const std::string call = "__coditect_at " + Quoted(at.path);
    for (const VerbHelp& verb : at.verb->verbs) {
      StrAppend(out, "complete -c coditect -n ", FishQuoted(call), " -a ", verb.name, " -d ",
                FishQuoted(verb.help), "\n");
    }
    for (size_t i = 0; i < at.verb->arguments.size(); ++i) {
      const ArgumentHelp& argument = at.verb->arguments[i];
      const Source source = SourceOf(argument.name, argument.choices);
      const std::string words = FishWords(source, argument.choices);
      if (words.empty() && source != Source::kFiles) continue;
      StrAppend(out, "complete -c coditect -n ", FishQuoted(StrCat(call, " ", i)),
                words.empty() ? " -F" : StrCat(" -a ", FishQuoted(words)), "\n");
    }
    if (at.path.empty()) continue;
    for (const FlagHelp& flag : at.verb->flags) {
      AddFishFlag(out, " -n " + FishQuoted(call), flag);
    }
  }
  return out;
}

}  // namespace

StatusOr<std::string> CompletionScript(const VerbHelp& program, const std::string& shell) {
  if (shell == "bash") return BashScript(program);
  if (shell == "zsh") return ZshScript(program);
  if (shell == "fish") return FishScript(program);
  return InvalidArgument("there is no completion for ", EscapeForTerminal(shell),
                         "; there are bash, zsh and fish");
}

}  // namespace coditect
