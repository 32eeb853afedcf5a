// What a host keeps for a mission between its leases.
#include "src/agent/mission_resources.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "src/agent/metered_workspace.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/sha256.h"

namespace coditect {
namespace {

constexpr uint32_t kSymlinkMode = 0120000;
constexpr uint32_t kGitlinkMode = 0160000;
constexpr uint32_t kExecutableMode = 0100755;
constexpr size_t kDigestEntriesMax = 200'000;

/// Appends name, size and modification time of everything below `folder`.
void AppendManifest(const std::string& folder, int depth, size_t* left, std::string& out) {
  const auto names = ListDir(folder);
  if (!names.ok() || depth > 64) return;
  for (const std::string& name : *names) {
    if (*left == 0 || name == "__pycache__") continue;
    --*left;
    const std::string path = folder + "/" + name;
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      AppendManifest(path, depth + 1, left, out);
    } else {
      out += StrCat(path, '\0', info.st_size, ' ', info.st_mtim.tv_sec, ' ', info.st_mtim.tv_nsec,
                    '\n');
    }
  }
}

/// True for what compilers, archivers, linkers and configure make of sources.
bool IsBuildProduct(const FileChange& change) {
  if (change.kind == FileChange::Kind::kSymlink) return true;  // names of a shared library
  constexpr std::string_view kMagic[] = {
      "\x7f"
      "ELF",
      "!<arch>\n", "!<thin>\n"};
  constexpr std::string_view kEnds[] = {".d", ".lo", ".la", ".Po", ".Plo", ".Tpo"};
  constexpr std::string_view kNames[] = {"Makefile", "config.h",   "config.status",
                                         "libtool",  "config.log", "stamp-h1"};
  const auto begins = [&](auto magic) { return change.content.starts_with(magic); };
  const auto ends = [&](auto end) { return change.path.ends_with(end); };
  const std::string name = BaseName(change.path);
  return std::ranges::any_of(kMagic, begins) || std::ranges::any_of(kEnds, ends) ||
         std::ranges::find(kNames, name) != std::end(kNames);
}

}  // namespace

MissionResources::MissionResources(MissionId id, std::shared_ptr<const MissionRequest> request,
                                   const HostServices& services)
    : id_(std::move(id)),
      request_(std::move(request)),
      services_(services),
      folder_(StrCat(services.work_folder, "/base-", id_, '-', RandomHex(4))) {}

MissionResources::~MissionResources() {
  MutexLock lock(mutex_);
  repository_.reset();
  (void)RemoveTree(folder_);  // what cannot be removed is swept at the next start
}

StatusOr<Repository*> MissionResources::repository(const Context& ctx) {
  MutexLock lock(mutex_);
  if (repository_ == nullptr) {
    ASSIGN_OR_RETURN(repository_, services_.open_repository(ctx, *request_));
  }
  return repository_.get();
}

StatusOr<const Toolchain*> MissionResources::toolchain(const Context& ctx) {
  MutexLock lock(mutex_);
  if (toolchain_ == nullptr) {
    ASSIGN_OR_RETURN(const std::string bytes, services_.blobs.Get(ctx, request_->environment));
    ASSIGN_OR_RETURN(Toolchain toolchain, wire::Decode<Toolchain>(bytes, "environment"));
    toolchain_ = std::make_unique<Toolchain>(std::move(toolchain));
  }
  return toolchain_.get();
}

StatusOr<std::string> MissionResources::BaseFolder(const Context& ctx) {
  ASSIGN_OR_RETURN(Repository * git, repository(ctx));
  MutexLock lock(mutex_);
  const std::string tree = folder_ + "/tree";
  if (!base_ready_) {
    RETURN_IF_ERROR(RemoveTree(folder_));  // an attempt that was cancelled half-way
    RETURN_IF_ERROR(MakeDirs(folder_, 0711));
    RETURN_IF_ERROR(MakeDirs(tree, 0755));
    RETURN_IF_ERROR(git->Materialize(ctx, request_->repository.base_tree, tree));
    base_ready_ = true;
  }
  return tree;
}

StatusOr<const std::map<std::string, TreeEntry>*> MissionResources::BaseFiles(const Context& ctx) {
  ASSIGN_OR_RETURN(Repository * git, repository(ctx));
  MutexLock lock(mutex_);
  if (base_files_ == nullptr) {
    ASSIGN_OR_RETURN(auto entries, git->ListFiles(ctx, request_->repository.base_tree));
    auto files = std::make_unique<std::map<std::string, TreeEntry>>();
    for (TreeEntry& entry : entries) {
      std::string path = entry.path;
      files->emplace(std::move(path), std::move(entry));
    }
    base_files_ = std::move(files);
  }
  return base_files_.get();
}

StatusOr<std::string> MissionResources::DependencyDigest(const Context& ctx) {
  ASSIGN_OR_RETURN(const Toolchain* tools, toolchain(ctx));
  std::string manifest;
  size_t left = kDigestEntriesMax;
  for (const std::string& folder : tools->overlays) {
    AppendManifest(JoinPath(request_->repository.path, folder), 0, &left, manifest);
  }
  return Sha256Hex(manifest);
}

Status MissionResources::KeepBuilt(const Context& ctx, Workspace& workspace,
                                   const BuiltFolder& built) {
  MutexLock lock(mutex_);
  const auto same = [&](const KeptFolder& kept) { return kept.built.folder == built.folder; };
  if (!base_ready_ || std::ranges::any_of(built_, same)) return absl::OkStatus();
  const std::string host = StrCat(folder_, "/built-", built_.size());
  const Status kept = workspace.Keep(ctx, built.folder, host);
  if (kept.ok()) {
    built_.push_back({built, host});
  } else {
    (void)RemoveTree(host);
  }
  return kept;
}

StatusOr<std::string> MissionResources::KeepTree(const Context& ctx, Workspace& workspace) {
  ASSIGN_OR_RETURN(const auto* base, BaseFiles(ctx));
  const auto changes = workspace.Changes();
  if (absl::IsResourceExhausted(changes.status())) return Message(changes.status());
  RETURN_IF_ERROR(changes.status());
  std::vector<FileChange> rest;
  for (const FileChange& change : *changes) {
    if (base->contains(change.path)) {
      return StrCat("the tests or the build change ", change.path, ", a file of the repository");
    }
    if (!IsBuildProduct(change)) {
      rest.push_back({.path = change.path, .kind = FileChange::Kind::kDelete});
    }
  }
  RETURN_IF_ERROR(workspace.Apply(rest));
  MutexLock lock(mutex_);
  if (!base_ready_ || !built_tree_.empty()) return std::string();
  const std::string host = folder_ + "/built-tree";
  const Status kept = workspace.Keep(ctx, "", host);
  if (!kept.ok()) {
    (void)RemoveTree(host);
    return kept;
  }
  built_tree_ = host;
  return std::string();
}

StatusOr<std::string> MissionResources::FolderFor(const Context& ctx, bool for_proof) {
  ASSIGN_OR_RETURN(const std::string base, BaseFolder(ctx));
  MutexLock lock(mutex_);
  return for_proof || built_tree_.empty() ? base : built_tree_;
}

std::vector<FolderLayer> MissionResources::Built(bool for_proof) {
  MutexLock lock(mutex_);
  std::vector<FolderLayer> layers;
  for (const KeptFolder& kept : built_) {
    if (kept.built.judges && for_proof) continue;
    layers.push_back({.host = kept.host, .folder = kept.built.folder});
  }
  return layers;
}

StatusOr<std::unique_ptr<Workspace>> OpenWorkspace(const Lease& lease, WorkspaceUse use) {
  const bool for_proof = use == WorkspaceUse::kProof;
  ASSIGN_OR_RETURN(const std::string base, lease.mission.FolderFor(lease.ctx, for_proof));
  ASSIGN_OR_RETURN(const Toolchain* tools, lease.mission.toolchain(lease.ctx));
  WorkspaceOptions options;
  options.label = lease.Label();
  options.tier = lease.mission.request().sandbox;
  options.repo_path = lease.mission.request().repository.path;
  options.base = base;
  options.toolchain = *tools;
  options.layers = lease.mission.Built(for_proof);
  options.read_only_files = lease.services.harness.SupportFiles();
  ASSIGN_OR_RETURN(auto workspace, lease.services.sandbox.OpenWorkspace(lease.ctx, options));
  if (lease.meter == nullptr || use == WorkspaceUse::kFilter) return workspace;
  return MeterWorkspace(std::move(workspace), *lease.meter);
}

StatusOr<std::vector<FileChange>> ChangesFromBase(const Lease& lease, const std::string& tree_ish) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  ASSIGN_OR_RETURN(const auto* base, lease.mission.BaseFiles(lease.ctx));
  ASSIGN_OR_RETURN(const auto entries, git->ListFiles(lease.ctx, tree_ish));
  std::vector<FileChange> changes;
  std::vector<std::string> objects;
  std::set<std::string> present;
  for (const TreeEntry& entry : entries) present.insert(entry.path);
  // Deletions come first: a folder may take the place of a file.
  for (const auto& [path, entry] : *base) {
    if (!present.contains(path) && entry.mode != kGitlinkMode) {
      changes.push_back({.path = path, .kind = FileChange::Kind::kDelete});
    }
  }
  for (const TreeEntry& entry : entries) {
    const auto old = base->find(entry.path);
    const bool same = old != base->end() && old->second.object_id == entry.object_id &&
                      old->second.mode == entry.mode;
    if (same || entry.mode == kGitlinkMode) continue;
    FileChange change;
    change.path = entry.path;
    change.kind =
        entry.mode == kSymlinkMode ? FileChange::Kind::kSymlink : FileChange::Kind::kWrite;
    change.executable = entry.mode == kExecutableMode;
    change.content = entry.object_id;  // replaced by the bytes below
    objects.push_back(entry.object_id);
    changes.push_back(std::move(change));
  }
  ASSIGN_OR_RETURN(const auto blobs, git->ReadBlobs(lease.ctx, objects));
  for (FileChange& change : changes) {
    if (change.kind == FileChange::Kind::kDelete) continue;
    const auto blob = blobs.find(change.content);
    if (blob == blobs.end()) return DataLoss("git has no object ", change.content);
    change.content = blob->second;
  }
  return changes;
}

}  // namespace coditect
