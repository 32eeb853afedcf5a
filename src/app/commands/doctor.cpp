// doctor: checks this machine, says how to mend what is wrong, and mends what it safely can.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "src/app/commands/commands.h"
#include "src/app/commands/fields.h"
#include "src/app/doctor/bundle.h"
#include "src/app/doctor/examination.h"
#include "src/app/doctor/mending.h"
#include "src/app/exit_code.h"
#include "src/base/file.h"
#include "src/base/unique_fd.h"

namespace coditect {
namespace {

std::string MendedText(const std::vector<Mended>& mended) {
  std::string out;
  for (const Mended& row : mended) {
    out += EscapeForTerminal(StrCat(row.result == "would" ? "would " : row.result + ": ",
                                    row.action, row.reason.empty() ? "" : ": ", row.reason)) +
           "\n";
  }
  return out.empty() ? "nothing to mend\n" : out;
}

std::string ChecksText(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks) {
    out +=
        EscapeForTerminal(StrCat(check.state == "ok" ? "ok    " : check.state + "  ", check.group,
                                 check.name.empty() ? "" : " ", check.name, ": ", check.detail)) +
        "\n";
    if (!check.fix.empty()) out += "      -> " + EscapeForTerminal(check.fix) + "\n";
  }
  return out;
}

/// A new file that only this person may read.
Status WriteBundle(const std::string& path, const std::string& text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const std::string shown = EscapeForTerminal(path);
  if (!fd.valid() && errno == EEXIST) {
    return FailedPrecondition("--bundle: ", shown, " is there already; name a new file");
  }
  if (!fd.valid()) return ErrnoStatus(errno, "--bundle: cannot write ", shown);
  return WriteAll(fd.get(), text, shown);
}

}  // namespace

int DoctorCommand(const GlobalOptions& global, const DoctorOptions& options) {
  if (options.dry_run && !options.fix && options.bundle.empty()) {
    return Fail(
        InvalidArgument("--dry-run goes with --fix or --bundle; doctor alone changes "
                        "nothing"));
  }
  std::vector<Mended> mended;
  if (options.fix) mended = Mend(ProcessEnvironment(), options.dry_run);
  const std::vector<Check> checks = Examine(global);
  const bool failed = std::any_of(checks.begin(), checks.end(),
                                  [](const Check& check) { return check.state == "fail"; });
  if (!options.bundle.empty()) {
    if (!options.dry_run) {
      const Status written = WriteBundle(options.bundle, BundleJson(global, checks));
      if (!written.ok()) return Fail(written);
    }
    PrintErr(StrCat(options.dry_run ? "would write " : "wrote ", EscapeForTerminal(options.bundle),
                    "; read it before you send it\n"));
  }
  const std::vector<Check> shown = options.summary ? Summary(checks) : checks;
  const int code = failed ? kExitError : kExitVerified;
  if (global.output != "json") {
    return Answer((options.fix ? MendedText(mended) : "") + ChecksText(shown), code);
  }
  std::string json = "{\"schema\":\"coditect.doctor/v1\"";
  if (options.fix) json += ",\"mended\":" + ChosenRows("", mended, {});
  return Answer(StrCat(json, ",\"checks\":", ChosenRows("doctor", shown, global.fields), "}\n"),
                code);
}

}  // namespace coditect
