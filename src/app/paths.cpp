// Where this person's coditect keeps its state.
#include "src/app/paths.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/sha256.h"

namespace coditect {
namespace {

std::string Get(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

StatusOr<std::string> FindStateFolder(const std::map<std::string, std::string>& environment) {
  if (const auto own = environment.find("CODITECT_STATE_DIR"); own != environment.end()) {
    if (own->second.empty() || own->second.front() != '/') {
      return InvalidArgument("CODITECT_STATE_DIR must be an absolute path, not '",
                             EscapeForTerminal(own->second), "'");
    }
    return own->second;
  }
  const std::string xdg = Get(environment, "XDG_STATE_HOME");
  if (!xdg.empty() && xdg.front() == '/') return xdg + "/coditect";
  const std::string home = Get(environment, "HOME");
  if (home.empty() || home.front() != '/') {
    return InvalidArgument("HOME is not set; set CODITECT_STATE_DIR to a folder for the state");
  }
  return home + "/.local/state/coditect";
}

// A folder for sockets that only this person can use. Socket paths have at most 107 bytes, so the
// state folder itself is no place for one.
std::string RuntimeFolder(const std::map<std::string, std::string>& environment) {
  const std::string xdg = Get(environment, "XDG_RUNTIME_DIR");
  struct stat info{};
  if (!xdg.empty() && xdg.size() < 60 && ::stat(xdg.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
      info.st_uid == ::geteuid() && ::access(xdg.c_str(), W_OK) == 0) {
    return xdg;
  }
  return StrCat("/tmp/coditect-", ::geteuid());
}

}  // namespace

StatusOr<StatePaths> FindStatePaths(const std::map<std::string, std::string>& environment) {
  StatePaths paths;
  ASSIGN_OR_RETURN(paths.state, FindStateFolder(environment));
  while (paths.state.size() > 1 && paths.state.back() == '/') paths.state.pop_back();
  paths.ledger = paths.state + "/ledger.db";
  paths.telemetry = paths.state + "/telemetry.db";
  paths.blobs = paths.state + "/blobs";
  paths.work = paths.state + "/work";
  paths.support = paths.state + "/support";
  paths.lock = paths.state + "/owner.lock";
  paths.socket = StrCat(RuntimeFolder(environment), "/coditect-",
                        Sha256Hex(paths.state).substr(0, 16), ".sock");
  return paths;
}

Status CheckStateFolder(const StatePaths& paths) {
  std::string folder = paths.state;
  while (folder.size() > 1 && !PathExists(folder)) folder = DirName(folder);
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) ||
      ::access(folder.c_str(), W_OK | X_OK) != 0) {
    return PermissionDenied("cannot write the state folder: ", folder,
                            " is no folder that can be written",
                            "; set CODITECT_STATE_DIR to a folder you can write");
  }
  return absl::OkStatus();
}

Status MakeStateFolders(const StatePaths& paths) {
  for (const std::string* folder : {&paths.state, &paths.blobs, &paths.work, &paths.support}) {
    const Status made = MakeDirs(*folder);
    if (absl::IsPermissionDenied(made) || absl::IsFailedPrecondition(made)) {
      return PermissionDenied("cannot write the state folder: ", Message(made),
                              "; set CODITECT_STATE_DIR to a folder you can write");
    }
    RETURN_IF_ERROR(made);
  }
  // Sandboxes of another user reach their workspaces through it; nothing else is readable.
  if (::access(paths.state.c_str(), W_OK) != 0) {
    return PermissionDenied("cannot write the state folder ", paths.state,
                            "; set CODITECT_STATE_DIR to a folder you can write");
  }
  const std::string runtime = DirName(paths.socket);
  RETURN_IF_ERROR(MakeDirs(runtime));
  struct stat info{};
  if (::lstat(runtime.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) ||
      info.st_uid != ::geteuid()) {
    return PermissionDenied(runtime, " belongs to somebody else; set XDG_RUNTIME_DIR");
  }
  return absl::OkStatus();
}

std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

}  // namespace coditect
