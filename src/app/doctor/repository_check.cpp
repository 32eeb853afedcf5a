// doctor: git's state, the configuration, and for each language what would run the tests.
#include "src/app/doctor/examination.h"
#include "src/app/doctor/probing.h"
#include "src/app/request.h"
#include "src/base/file.h"

namespace coditect {
namespace {

void CheckConfiguration(const Patient& patient, CheckList& rows) {
  const std::string top = patient.repository.has_value() ? patient.repository->ref.path : "";
  const auto config = LoadCommandConfig(patient.global, top, {});
  if (!config.ok()) {
    rows.Fail("configuration", Message(config.status()),
              "`coditect config validate` shows every problem");
    return;
  }
  rows.Ok("configuration", StrCat(Counted(config->Files().size(), "file"), " read"));
  for (const std::string& warning : config->Warnings()) {
    rows.Warn("configuration", warning, "`coditect config list --show-origin`");
  }
}

/// One language's detection; false when it has nothing to do with the repository.
bool CheckLanguage(Patient& patient, const LanguageHarness& language, const std::string& base,
                   const DetectRequest& request, CheckList& rows) {
  const std::string name = language.language == "c++" ? "C and C++" : "Python";
  const auto workspace = OpenRepositoryProbe(patient, base, language.harness->SupportFiles());
  const auto plan = workspace.ok() ? language.harness->Detect(Context(), **workspace, request)
                                   : StatusOr<HarnessPlan>(workspace.status());
  if (plan.ok()) {
    rows.Ok(name,
            StrCat(plan->runner, plan->runner_version.empty() ? "" : " ", plan->runner_version,
                   ": `", plan->command, "`; ", Counted(plan->test_files.size(), "file"),
                   " of tests; ", plan->interpreter, " ", plan->language_version));
    return true;
  }
  const std::string message = Message(plan.status());
  if (absl::IsNotFound(plan.status()) && message.empty()) return false;
  const size_t quote = message.find('`');  // the command that mends it, where the sentence has one
  const size_t end = quote == std::string::npos ? quote : message.find('`', quote + 1);
  rows.Warn(name, message,
            end == std::string::npos ? "name the command that checks it with --verify CMD"
                                     : message.substr(quote, end + 1 - quote));
  return !absl::IsNotFound(plan.status());
}

void CheckLanguages(Patient& patient, CheckList& rows) {
  const Context ctx;
  const RepositoryRef& ref = patient.repository->ref;
  if (patient.scratch.empty() || patient.sandbox == nullptr) return;
  MissionRequest mission;
  mission.repository = ref;
  DetectRequest request;
  request.toolchain = patient.toolchain;
  const std::string base = JoinPath(patient.scratch, "tree");
  const Status prepared = [&]() -> Status {
    ASSIGN_OR_RETURN(const auto git, OpenMissionRepository(ctx, *patient.paths, mission));
    ASSIGN_OR_RETURN(request.files, git->ListFiles(ctx, ref.base_tree));
    RETURN_IF_ERROR(MakeDirs(base, 0755));
    return git->Materialize(ctx, ref.base_tree, base);
  }();
  const auto languages = MakeHarnesses(*patient.paths);
  if (!prepared.ok() || !languages.ok()) {
    rows.Fail("tests", Message(prepared.ok() ? languages.status() : prepared),
              "`git fsck` checks the repository");
    return;
  }
  bool found = false;
  for (const LanguageHarness& language : *languages) {
    found |= CheckLanguage(patient, language, base, request, rows);
  }
  if (!found) {
    rows.Warn("tests", "nothing here is known to run tests of Python, C or C++",
              "name the command that checks the project: `coditect run GOAL --verify CMD`");
  }
}

}  // namespace

void CheckRepository(Patient& patient, CheckList rows) {
  CheckConfiguration(patient, rows);
  if (!patient.repository.has_value()) {
    const auto resolved = ResolveRepository(Context(), patient.global.folder, "");
    rows.Warn("git", Message(resolved.status()), "go to a repository, or name one with -C DIR");
    return;
  }
  const RepositoryRef& ref = patient.repository->ref;
  rows.Ok("git", StrCat(ref.path, " at ", ref.base_commit.substr(0, 12),
                        ref.base_name.empty() ? "" : StrCat(" (", ref.base_name, ")")));
  for (const std::string& note : patient.repository->notes) rows.Warn("note", note, "");
  const Status writable = CheckRepositoryWritable(ref);
  if (!writable.ok()) rows.Fail("writable", Message(writable), "check who owns its .git folder");
  if (!patient.paths.has_value()) return;
  for (const std::string& note : patient.toolchain_notes) rows.Warn("environment", note, "");
  if (!patient.toolchain.python.empty()) {
    rows.Ok("environment",
            StrCat(patient.toolchain.python, ", from ", patient.toolchain.python_origin));
  }
  CheckLanguages(patient, rows);
}

}  // namespace coditect
