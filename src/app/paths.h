// Where this person's coditect keeps its state.
#pragma once

#include <map>
#include <string>

#include "src/base/status.h"

namespace coditect {

struct StatePaths {
  std::string state;  // one folder per person: ledger, blobs, work
  std::string ledger;
  std::string telemetry;
  std::string blobs;
  std::string work;     // base folders, workspaces, git folders: swept at every start
  std::string support;  // what sandboxes are shown of ours
  std::string lock;
  std::string socket;  // of the owner
  /// Where git objects are written, with which no ref is made: a rehearsal's. "" = the repository.
  std::string new_objects;
};

/// From CODITECT_STATE_DIR, XDG_STATE_HOME, HOME and XDG_RUNTIME_DIR; nothing is made.
/// INVALID_ARGUMENT naming the variable when none gives a usable absolute path.
StatusOr<StatePaths> FindStatePaths(const std::map<std::string, std::string>& environment);

/// Whether MakeStateFolders would find a folder it may write, without making one. Errors as there.
Status CheckStateFolder(const StatePaths& paths);

/// Makes the folders, for the person alone. PERMISSION_DENIED or RESOURCE_EXHAUSTED with the path.
Status MakeStateFolders(const StatePaths& paths);

/// The process's environment.
std::map<std::string, std::string> ProcessEnvironment();

}  // namespace coditect
