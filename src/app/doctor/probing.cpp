// Running something in a sandbox to see whether it works.
#include "src/app/doctor/probing.h"

#include "src/base/file.h"

namespace coditect {

StatusOr<std::unique_ptr<Workspace>> OpenProbe(Patient& patient, const std::string& label) {
  if (patient.scratch.empty()) return FailedPrecondition("there is no room for a workspace");
  WorkspaceOptions options;
  options.label = label;
  options.tier = "process";
  options.base = JoinPath(patient.scratch, "empty");
  RETURN_IF_ERROR(MakeDirs(options.base, 0755));
  options.repo_path = options.base;
  options.toolchain = patient.toolchain;
  options.toolchain.overlays.clear();
  return patient.sandbox->OpenWorkspace(Context(), options);
}

StatusOr<std::unique_ptr<Workspace>> OpenRepositoryProbe(
    Patient& patient, const std::string& base,
    std::vector<std::pair<std::string, std::string>> support) {
  WorkspaceOptions options;
  options.label = "doctor-detect";
  options.tier = "process";
  options.base = base;
  options.repo_path = patient.repository->ref.path;
  options.toolchain = patient.toolchain;
  options.read_only_files = std::move(support);
  return patient.sandbox->OpenWorkspace(Context(), options);
}

StatusOr<SandboxResult> RunProbe(Workspace& workspace, const std::string& script,
                                 const SandboxLimits& limits) {
  const Context ctx;
  SandboxCommand command;
  command.argv = {"/bin/sh", "-c", script};
  command.limits = limits;
  ASSIGN_OR_RETURN(const auto process, workspace.Launch(ctx, command));
  return process->Wait(ctx);
}

}  // namespace coditect
