// Layers, binds and environment of a workspace.
#include "src/adapters/process/workspace_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "src/adapters/process/system_calls.h"
#include "src/adapters/process/tree_copy.h"
#include "src/adapters/process/workspace_files.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

// Folders the root has anyway: nothing may replace them or lie above them.
constexpr const char* kBuiltIn[] = {"/usr",   "/bin", "/sbin",    "/lib",    "/lib32",
                                    "/lib64", "/etc", "/proc",    "/sys",    "/dev",
                                    "/tmp",   "/run", "/var/tmp", "/dev/shm"};
constexpr const char* kDefaultPath[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                        "/usr/bin",        "/sbin",          "/bin"};
constexpr size_t kPathBytesMax = 4000;

Status CheckAbsolutePath(const std::string& path) {
  const std::string shown = EscapeForTerminal(path);
  if (path.size() < 2 || path[0] != '/' || path.size() > kPathBytesMax ||
      path.find('\0') != std::string::npos) {
    return InvalidArgument("not an absolute path a sandbox can show: ", shown);
  }
  for (const std::string& part : Split(std::string_view(path).substr(1), '/')) {
    if (part.empty() || part == "." || part == "..") {
      return InvalidArgument("not a normalised path: ", shown);
    }
  }
  for (const std::string_view folder : {"/proc", "/sys", "/.s", "/.empty"}) {
    if (IsBelow(path, folder)) return InvalidArgument("a sandbox cannot show ", shown);
  }
  if (IsBelow(path, "/dev") && !IsBelow(path, "/dev/shm")) {
    return InvalidArgument("a sandbox cannot show ", shown);
  }
  return absl::OkStatus();
}

Status CheckNotBuiltIn(const std::string& path) {
  for (const std::string_view folder : kBuiltIn) {
    if (IsBelow(folder, path)) {
      return InvalidArgument("a sandbox has a ", folder, " of its own; it cannot show ",
                             EscapeForTerminal(path), " in its place");
    }
  }
  return absl::OkStatus();
}

// The lower layer as it can be shown to the sandbox's user, or a private copy of it in `upper`.
Status FillLayer(const Context& ctx, Core& core, const std::string& source, const RootPlan& plan,
                 LayerPlan* layer) {
  const std::string upper = JoinPath(plan.folder, layer->upper);
  const bool as_root = !plan.user_mode;
  layer->lower = source;
  if (UsesSharedUser(core.rung)) {
    ASSIGN_OR_RETURN(layer->lower, core.SharedCopy(ctx, source));
  } else if (core.rung == Rung::kCopy || (as_root && !core.CanIdmap(source))) {
    layer->lower.clear();
    layer->work.clear();
  } else {
    layer->idmap = as_root;
  }
  if (plan.upper_tmpfs_bytes > 0 && !layer->lower.empty()) return absl::OkStatus();
  if (layer->lower.empty()) {
    CopyOptions copy{.reflink = core.reflink};
    if (as_root) copy.owner = TreeOwner{plan.uid, plan.gid};
    return CopyTree(ctx, source, upper, copy);
  }
  if (::mkdir(upper.c_str(), 0755) != 0 ||
      ::mkdir(JoinPath(plan.folder, layer->work).c_str(), 0755) != 0 ||
      ::chmod(upper.c_str(), 0755) != 0 ||
      (as_root && ::chown(upper.c_str(), plan.uid, plan.gid) != 0)) {
    return ErrnoStatus(errno, "cannot make the upper layer ", upper);
  }
  return absl::OkStatus();
}

// A dependency folder of the person's tree. No component may be a link: the repository's content
// must not choose which folder of the host is shown.
Status CheckDependency(const std::string& repo_path, const std::string& relative) {
  RETURN_IF_ERROR(CheckRelativePath(relative));
  UniqueFd repo(::open(repo_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  UniqueFd folder(OpenAt(repo.get(), relative, O_PATH | O_DIRECTORY | O_NOFOLLOW, kResolveBeneath));
  if (folder.valid()) return absl::OkStatus();
  if (errno == ENOENT) return NotFound("dependency folder ", relative, " does not exist");
  return InvalidArgument("dependency folder ", relative, " is not a plain folder: ",
                         std::string(ErrnoStatus(errno, "open").message()));
}

}  // namespace

Status CheckWorkspaceOptions(const WorkspaceOptions& options) {
  RETURN_IF_ERROR(CheckAbsolutePath(options.repo_path));
  RETURN_IF_ERROR(CheckNotBuiltIn(options.repo_path));
  struct stat info{};
  if (::lstat(options.base.c_str(), &info) != 0) {
    return ErrnoStatus(errno, "cannot use the base ", options.base);
  }
  if (!S_ISDIR(info.st_mode)) return InvalidArgument("the base ", options.base, " is no folder");
  for (const std::string& path : options.toolchain.read_only) {
    RETURN_IF_ERROR(CheckAbsolutePath(path));
    if (!IsBelow(path, "/usr")) RETURN_IF_ERROR(CheckNotBuiltIn(path));
    if (path == options.repo_path) {
      return InvalidArgument("the repository itself cannot be shown read-only");
    }
  }
  for (const std::string& relative : options.toolchain.overlays) {
    RETURN_IF_ERROR(CheckDependency(options.repo_path, relative));
  }
  for (const FolderLayer& layer : options.layers) {
    RETURN_IF_ERROR(CheckAbsolutePath(layer.host));
    RETURN_IF_ERROR(CheckRelativePath(layer.folder));
  }
  for (const auto& [host, inside] : options.read_only_files) {
    RETURN_IF_ERROR(CheckAbsolutePath(inside));
    RETURN_IF_ERROR(CheckNotBuiltIn(inside));
    if (IsBelow(options.repo_path, inside)) {
      return InvalidArgument("a file cannot be shown in place of the repository: ", inside);
    }
  }
  return absl::OkStatus();
}

std::vector<FolderLayer> LayersOf(const WorkspaceOptions& options) {
  std::vector<FolderLayer> layers = options.layers;
  for (const std::string& relative : options.toolchain.overlays) {
    layers.push_back({.host = JoinPath(options.repo_path, relative), .folder = relative});
  }
  const auto place = [](const FolderLayer& layer) -> const std::string& { return layer.folder; };
  std::ranges::stable_sort(layers, {}, place);  // parents first
  const auto again = std::ranges::unique(layers, {}, place);
  layers.erase(again.begin(), again.end());
  return layers;
}

Status PlanRoot(const Context& ctx, Core& core, const WorkspaceOptions& options, RootPlan* plan) {
  plan->user_mode = core.user_mode;
  plan->repo_path = options.repo_path;
  if (core.rung == Rung::kOverlayTmpfs) plan->upper_tmpfs_bytes = core.options.tmp_bytes;
  if (::mkdir(JoinPath(plan->folder, "n").c_str(), 0700) != 0) {
    return ErrnoStatus(errno, "cannot make the mount place in ", plan->folder);
  }
  plan->layers.push_back({.upper = "u", .work = "w"});
  RETURN_IF_ERROR(FillLayer(ctx, core, options.base, *plan, &plan->layers.back()));
  const std::vector<FolderLayer> layers = LayersOf(options);
  for (size_t i = 0; i < layers.size(); ++i) {
    plan->layers.push_back({.destination = layers[i].folder,
                            .upper = StrCat("c", i, "u"),
                            .work = StrCat("c", i, "w")});
    RETURN_IF_ERROR(FillLayer(ctx, core, layers[i].host, *plan, &plan->layers.back()));
  }
  for (const std::string& path : options.toolchain.read_only) {
    if (IsBelow(path, "/usr") && !IsBelow(path, options.repo_path)) continue;  // seen anyway
    plan->binds.push_back({path, path, !plan->user_mode && core.CanIdmap(path)});
  }
  for (const auto& [host, inside] : options.read_only_files) {
    plan->binds.push_back({host, inside, !plan->user_mode && core.CanIdmap(host)});
  }
  std::sort(plan->binds.begin(), plan->binds.end(), [](const auto& a, const auto& b) {
    return std::tie(a.destination, a.source) < std::tie(b.destination, b.source);  // parents first
  });
  const auto same_place = [](const BindPlan& a, const BindPlan& b) {
    return a.destination == b.destination;
  };
  plan->binds.erase(std::unique(plan->binds.begin(), plan->binds.end(), same_place),
                    plan->binds.end());
  return absl::OkStatus();
}

std::set<std::string> MaskedPaths(const WorkspaceOptions& options) {
  std::set<std::string> masked;
  for (const FolderLayer& layer : LayersOf(options)) masked.insert(layer.folder);
  const auto add = [&](const std::string& path) {
    if (IsBelow(path, options.repo_path)) masked.insert(path.substr(options.repo_path.size() + 1));
  };
  for (const std::string& path : options.toolchain.read_only) add(path);
  for (const auto& [host, inside] : options.read_only_files) add(inside);
  return masked;
}

StatusOr<std::vector<std::string>> BuildEnvironment(
    const Toolchain& toolchain, const std::map<std::string, std::string>& command,
    const std::map<std::string, std::string>& fixed) {
  std::map<std::string, std::string> all = {{"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : toolchain.environment) all[name] = value;
  std::vector<std::string> path = toolchain.path;
  for (const std::string folder : kDefaultPath) {
    if (std::find(path.begin(), path.end(), folder) == path.end()) path.push_back(folder);
  }
  all["PATH"] = Join(path, ":");
  for (const auto& [name, value] : command) all[name] = value;
  for (const auto& [name, value] : fixed) all[name] = value;
  std::vector<std::string> out;
  for (const auto& [name, value] : all) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) {
      return InvalidArgument("not an environment variable: ", EscapeForTerminal(name));
    }
    out.push_back(StrCat(name, "=", value));
  }
  return out;
}

}  // namespace coditect::process
