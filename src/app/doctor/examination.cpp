// The order of doctor's groups, and what they share.
#include "src/app/doctor/examination.h"

#include <algorithm>

#include "src/app/request.h"
#include "src/base/file.h"
#include "src/base/random.h"

namespace coditect {

Patient::~Patient() {
  sandbox.reset();
  if (!scratch.empty()) (void)RemoveTree(scratch);  // else the next owner sweeps it
}

namespace {

/// Best effort: what is wrong here is a row of the groups.
void FindPatientTools(Patient& patient) {
  ResolvedTools tools = ResolveToolchain(patient.scratch, patient.environment);
  if (patient.repository.has_value() && patient.paths.has_value()) {
    const auto config = LoadCommandConfig(patient.global, patient.repository->ref.path, {});
    const auto pass = config.ok() ? config->List("env.pass") : std::vector<std::string>();
    auto found = ResolveToolchain(Context(), *patient.paths, patient.repository->ref,
                                  patient.environment, pass);
    if (found.ok()) tools = *std::move(found);
  }
  patient.toolchain = std::move(tools.toolchain);
  patient.toolchain_notes = std::move(tools.notes);
}

}  // namespace

std::vector<Check> Examine(const GlobalOptions& global) {
  std::vector<Check> checks;
  Patient patient(global);
  patient.environment = ProcessEnvironment();
  CheckMachine({"machine", &checks});
  CheckBackends(patient, {"backends", &checks});
  if (patient.paths.has_value()) {
    // Named as what an owner sweeps at its start.
    patient.scratch = StrCat(patient.paths->work, "/base-doctor-", RandomHex(4));
    if (!MakeDirs(patient.scratch, 0711).ok()) patient.scratch.clear();
  }
  const Context ctx;
  auto resolved = ResolveRepository(ctx, global.folder, "");
  if (resolved.ok()) patient.repository = *std::move(resolved);
  FindPatientTools(patient);
  CheckSandbox(patient, {"sandbox", &checks});
  CheckRepository(patient, {"repository", &checks});
  CheckTools(patient, {"tools", &checks});
  CheckBrain(patient, {"brain", &checks});
  CheckDisk(patient, {"disk", &checks});
  return checks;
}

std::vector<Check> Summary(const std::vector<Check>& checks) {
  const auto rank = [](const Check& check) {
    return check.state == "fail" ? 2 : check.state == "warn" ? 1 : 0;
  };
  std::vector<Check> groups;
  for (size_t begin = 0; begin < checks.size();) {
    size_t end = begin;
    size_t wrong = 0;
    const Check* worst = &checks[begin];
    for (; end < checks.size() && checks[end].group == checks[begin].group; ++end) {
      wrong += rank(checks[end]) > 0 ? 1 : 0;
      if (rank(checks[end]) > rank(*worst)) worst = &checks[end];
    }
    std::string detail = Counted(end - begin, "check");
    if (wrong > 0) {
      detail = StrCat(wrong, " of ", detail, ": ", worst->name, ": ", worst->detail);
    }
    groups.push_back({worst->group, "", worst->state, std::move(detail), worst->fix});
    begin = end;
  }
  return groups;
}

}  // namespace coditect
