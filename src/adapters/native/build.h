// Configures and builds a repository in a workspace, plain or measured.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/adapters/native/shell.h"
#include "src/domain/test_report.h"

namespace coditect::native {

enum class BuildKind {
  kPlain,      // as the project builds
  kMeasured,   // each program counts the lines it executes
  kSanitized,  // each program reports memory errors and undefined behaviour as it runs
};

/// Where the sanitized build lies, but for the runner "command".
inline constexpr const char* kSanitizedFolder = ".coditect-build/sanitized";

/// The build folder, relative to the repository; "." for the runner "command", which builds where
/// the project does.
std::string BuildFolder(const HarnessPlan& plan, BuildKind kind);

/// What commands of that kind of build, and its tests, get beside the workspace's environment.
/// FAILED_PRECONDITION when the compiler cannot make that kind here.
StatusOr<std::map<std::string, std::string>> BuildEnvironment(const Context& ctx, Shell& shell,
                                                              BuildKind kind);

/// Builds what changed since the last build here, everything the first time; of `targets` alone
/// when it names some that the build knows (and all are named like that). For the runner
/// "command" it only sees to it that the command builds anew what is to be measured. `environment`
/// is BuildEnvironment's for this kind. An error of the build is no error of this function: the
/// result says how it ended.
StatusOr<SandboxResult> Build(const Context& ctx, Shell& shell, const HarnessPlan& plan,
                              const std::map<std::string, std::string>& environment, BuildKind kind,
                              const std::vector<std::string>& targets = {});

/// Makes everything that a later Build or command will build be built anew.
Status ForgetObjects(const Context& ctx, Shell& shell);

}  // namespace coditect::native
