// What `coditect doctor` looks at: groups of checks, each a function that adds its rows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/doctor/check.h"

namespace coditect {

/// What the groups share.
struct Patient {
  const GlobalOptions& global;
  std::map<std::string, std::string> environment;
  std::optional<StatePaths> paths;               // when the state folder can be used
  std::unique_ptr<Sandbox> sandbox;              // when one can be made
  std::string scratch;                           // a folder of ours below work, "" = none
  std::optional<ResolvedRepository> repository;  // around global.folder
  Toolchain toolchain;                           // of the repository, else the usual PATH
  std::vector<std::string> toolchain_notes;

  explicit Patient(const GlobalOptions& options) : global(options) {}
  ~Patient();
  Patient(const Patient&) = delete;
  Patient& operator=(const Patient&) = delete;
};

/// Kernel, processors, memory, control groups, Landlock, namespaces, scheduling.
void CheckMachine(CheckList rows);
/// Git, compilers, build tools, test runners and Python, as the sandbox has them.
void CheckTools(Patient& patient, CheckList rows);
/// Starts commands in a sandbox, times them, and sees whether each limit bites.
void CheckSandbox(Patient& patient, CheckList rows);
/// Who finds repairs, and which keys are set (never what they are).
void CheckBrain(const Patient& patient, CheckList rows);
/// The state folder and what is stored there: opened, written and read back.
void CheckBackends(Patient& patient, CheckList rows);
/// Git's state, the configuration, and for each language what would run the tests.
void CheckRepository(Patient& patient, CheckList rows);
/// Space, inodes, the price of fsync, the clock.
void CheckDisk(const Patient& patient, CheckList rows);

/// All groups, in the order they are shown.
std::vector<Check> Examine(const GlobalOptions& global);

/// One row a group: the worst state, how many rows, and what is wrong first.
std::vector<Check> Summary(const std::vector<Check>& checks);

}  // namespace coditect
