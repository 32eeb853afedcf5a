// The manual page.
#include <cstdio>

#include "src/app/exit_code.h"
#include "src/app/verb_table.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

/// The character that begins at `at` of valid UTF-8 as roff's \[uXXXX]; `at` moves to its last
/// byte.
std::string RoffCharacter(std::string_view text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  unsigned code = lead & (0x3fU >> more);
  for (int i = 0; i < more && at + 1 < text.size(); ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[++at]) & 0x3fU);
  }
  char digits[16];
  std::snprintf(digits, sizeof digits, "%04X", code);
  return StrCat("\\[u", digits, "]");
}

/// Text as roff shows it: no character is taken for a request or a hyphen.
std::string Roff(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool line_start = out.empty() || out.back() == '\n';
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      out += RoffCharacter(text, i);
    } else {
      out += c;
    }
  }
  return out;
}

void AddFlags(std::string& out, const std::vector<FlagHelp>& flags) {
  for (const FlagHelp& flag : flags) {
    out += ".TP\n";
    for (size_t i = 0; i < flag.names.size(); ++i) {
      StrAppend(out, i == 0 ? "" : ", ", "\\fB", Roff(flag.names[i]), "\\fR");
    }
    if (!flag.value.empty()) {
      StrAppend(out, " \\fI", Roff(flag.choices.empty() ? flag.value : Join(flag.choices, "|")),
                "\\fR");
    }
    StrAppend(out, "\n", Roff(flag.help), "\n");
  }
}

void AddVerbs(std::string& out, const VerbHelp& verb, const std::string& path) {
  for (const VerbHelp& next : verb.verbs) {
    const std::string name = StrCat(path, " ", next.name);
    if (!next.verbs.empty()) {
      AddVerbs(out, next, name);
      continue;
    }
    std::string usage = Roff(name);
    for (const ArgumentHelp& argument : next.arguments) {
      StrAppend(usage, " \\fI", Roff(argument.name), "\\fR");
    }
    StrAppend(out, ".SS ", usage, "\n", Roff(next.help), ".\n");
    for (const ArgumentHelp& argument : next.arguments) {
      StrAppend(out, ".TP\n\\fI", Roff(argument.name), "\\fR\n", Roff(argument.help), "\n");
    }
    AddFlags(out, next.flags);
  }
}

}  // namespace

std::string ManualPage(const VerbHelp& program, const std::string& version) {
  std::string out = StrCat(
      ".TH CODITECT 1 \"\" \"", Roff(version), "\" \"User Commands\"\n",
      ".SH NAME\ncoditect \\- a team of agents that develops software in ", "your git repository\n",
      ".SH SYNOPSIS\n.B coditect\n[\\fIoptions\\fR] \\fIverb\\fR [\\fIarguments"
      "\\fR]\n.SH DESCRIPTION\n",
      Roff("A person states a goal; agents plan, code and test in sandboxes; "
           "the result is a branch whose tests were seen passing. The work "
           "tree, its index and its branches are not touched.\n"),
      ".SH VERBS\n");
  AddVerbs(out, program, "coditect");
  out += ".SH OPTIONS\nBefore or after every verb:\n";
  AddFlags(out, program.flags);
  out += ".SH EXIT STATUS\n";
  for (const ExitCodeHelp& code : kExitCodes) {
    StrAppend(out, ".TP\n\\fB", static_cast<int>(code.code), "\\fR\n", Roff(code.help), "\n");
  }
  out +=
      StrCat(".SH FILES\n.TP\n", Roff("~/.config/coditect/config.toml"),
             "\nThe person's configuration (\\fBcoditect config list\\fR shows every key).\n.TP\n",
             Roff("coditect.toml"), "\nThe repository's (\\fBcoditect init\\fR writes one).\n.TP\n",
             Roff("~/.local/state/coditect"), "\nThe ledger and what belongs to it.\n",
             ".SH ENVIRONMENT\n.TP\nCODITECT_STATE_DIR\nAnother folder for the ledger.\n.TP\n",
             "CODITECT_SECTION__KEY\nAny key of the configuration: agent.timeout is ",
             "CODITECT_AGENT__TIMEOUT.\n.TP\nNO_COLOR\nNo colours.\n.SH SEE ALSO\n.BR git (1)\n");
  return out;
}

}  // namespace coditect
