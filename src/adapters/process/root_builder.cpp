// The root of a sandbox: read-only system, toolchains, own /dev and /etc, and the repository as an
// overlay at the person's own path.
#include "src/adapters/process/root_builder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "src/adapters/process/mounts.h"
#include "src/adapters/process/system_calls.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

// What of /etc programs need and what tells nothing about the person or the machine.
constexpr const char* kSystemConfiguration[] = {
    "/etc/ld.so.cache",     "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",    "/etc/alternatives",
    "/etc/nsswitch.conf",   "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf", "/etc/mime.types",
    "/etc/localtime",       "/etc/timezone",
    "/etc/protocols",       "/etc/services",
    "/etc/pki/tls/certs",   "/etc/pki/ca-trust/extracted"};

// Layers are mounted at short names below the root first: option strings hold no path of ours.
constexpr const char* kStaging = ".s";

class RootBuilder {
 public:
  RootBuilder(const RootPlan& plan, const std::vector<int>& idmaps)
      : plan_(plan), idmaps_(idmaps) {}

  Status EnterNewRoot();
  Status AddSystem();
  Status AddConfiguration();
  Status AddDevices();
  Status AddBinds(bool below_repository);
  Status AddRepository();
  Status Finish();
  RootDescriptors TakeDescriptors() { return std::move(out_); }

 private:
  StatusOr<UniqueFd> Place(const std::string& path, bool folder);
  Status Show(const std::string& source, const std::string& destination, int idmap);
  Status WriteInside(const std::string& path, const std::string& text);
  Status Link(const std::string& target, const std::string& path);
  Status StageLayers();
  Status AddLayer(size_t index);
  Status MaskGit();

  const RootPlan& plan_;
  const std::vector<int>& idmaps_;
  UniqueFd root_;
  RootDescriptors out_;
};

Status RootBuilder::EnterNewRoot() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return ErrnoStatus(errno, "cannot make the mounts private");
  }
  RETURN_IF_ERROR(RaiseLoopback());
  out_.mounts.Reset(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  out_.network.Reset(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!out_.mounts.valid() || !out_.network.valid()) {
    return ErrnoStatus(errno, "cannot open the namespaces");
  }
  const std::string place = JoinPath(plan_.folder, "n");
  UniqueFd folder(::open(place.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return ErrnoStatus(errno, "cannot open ", place);
  ASSIGN_OR_RETURN(
      UniqueFd mount,
      NewFilesystem("tmpfs", {"size=4m", "nr_inodes=4000", "mode=0755"}, kWritableMount));
  RETURN_IF_ERROR(Attach(mount, folder.get(), place));
  root_.Reset(::open(place.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root_.valid() || ::fchdir(root_.get()) != 0) {
    return ErrnoStatus(errno, "cannot enter ", place);
  }
  return absl::OkStatus();
}

// The file or folder inside at `path`, made with its parents where absent. Below the repository
// nothing is followed and what is made belongs to the sandbox's user; elsewhere links resolve as
// they will inside.
StatusOr<UniqueFd> RootBuilder::Place(const std::string& path, bool folder) {
  const bool in_repository = out_.merged.valid() && IsBelow(path, plan_.repo_path);
  const int top = in_repository ? out_.merged.get() : root_.get();
  const uint64_t resolve =
      in_repository ? kResolveBeneath : (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  const std::string relative = path.substr(in_repository ? plan_.repo_path.size() + 1 : 1);
  UniqueFd parent(::fcntl(top, F_DUPFD_CLOEXEC, 3));
  size_t start = 0;
  for (;;) {
    const size_t slash = std::min(relative.find('/', start), relative.size());
    const bool last = slash == relative.size();
    const bool want_folder = folder || !last;
    const int flags = O_PATH | (want_folder ? O_DIRECTORY : 0) | (in_repository ? O_NOFOLLOW : 0);
    UniqueFd child(OpenAt(top, relative.substr(0, slash), flags, resolve));
    if (!child.valid() && errno == ENOENT) {
      const std::string name = relative.substr(start, slash - start);
      const int result = want_folder ? ::mkdirat(parent.get(), name.c_str(), 0755)
                                     : ::mknodat(parent.get(), name.c_str(), S_IFREG | 0644, 0);
      if (result != 0) return ErrnoStatus(errno, "cannot make ", path, " inside");
      child.Reset(OpenAt(top, relative.substr(0, slash), flags, resolve));
      if (child.valid() && in_repository &&
          ::fchownat(child.get(), "", plan_.uid, plan_.gid, AT_EMPTY_PATH) != 0) {
        return ErrnoStatus(errno, "cannot give away ", path);
      }
    }
    if (!child.valid()) return ErrnoStatus(errno, "cannot open ", path, " inside");
    if (last) return child;
    parent = std::move(child);
    start = slash + 1;
  }
}

Status RootBuilder::Show(const std::string& source, const std::string& destination, int idmap) {
  struct stat info{};
  if (::stat(source.c_str(), &info) != 0) return ErrnoStatus(errno, "cannot show ", source);
  ASSIGN_OR_RETURN(UniqueFd tree, CloneTree(source, {.recursive = S_ISDIR(info.st_mode),
                                                     .attributes = kReadOnlyMount,
                                                     .idmap = idmap}));
  ASSIGN_OR_RETURN(UniqueFd place, Place(destination, S_ISDIR(info.st_mode)));
  return Attach(tree, place.get(), destination);
}

Status RootBuilder::WriteInside(const std::string& path, const std::string& text) {
  return WriteFile(StrCat("/proc/self/fd/", root_.get(), path), text, 0644);
}

Status RootBuilder::Link(const std::string& target, const std::string& path) {
  if (::symlinkat(target.c_str(), root_.get(), path.c_str() + 1) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, "cannot link ", path, " inside");
  }
  return absl::OkStatus();
}

Status RootBuilder::AddSystem() {
  RETURN_IF_ERROR(Show("/usr", "/usr", -1));
  for (const std::string path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    char target[256];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    if (size > 0 && size < static_cast<ssize_t>(sizeof target)) {
      RETURN_IF_ERROR(Link(std::string(target, static_cast<size_t>(size)), path));
    } else if (PathExists(path)) {
      RETURN_IF_ERROR(Show(path, path, -1));
    }
  }
  for (const std::string path : {"/proc", "/tmp", "/run"}) {
    RETURN_IF_ERROR(Place(path, true).status());
  }
  if (!TreesBelow(plan_, "/var/tmp").empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Place("/var", true).status());
  return Link("/tmp", "/var/tmp");
}

Status RootBuilder::AddConfiguration() {
  RETURN_IF_ERROR(Place("/etc", true).status());
  for (const std::string path : kSystemConfiguration) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) RETURN_IF_ERROR(Show(path, path, -1));
  }
  RETURN_IF_ERROR(WriteInside(
      "/etc/passwd", StrCat("root:x:0:0::/root:/bin/sh\nagent:x:", plan_.uid, ":", plan_.gid,
                            "::/tmp/home:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")));
  RETURN_IF_ERROR(
      WriteInside("/etc/group", StrCat("root:x:0:\nagent:x:", plan_.gid, ":\nnogroup:x:65534:\n")));
  return WriteInside("/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost sandbox\n");
}

Status RootBuilder::AddDevices() {
  constexpr uint64_t kDevices = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  ASSIGN_OR_RETURN(UniqueFd place, Place("/dev", true));
  ASSIGN_OR_RETURN(UniqueFd devices,
                   NewFilesystem("tmpfs", {"size=64k", "nr_inodes=64", "mode=0755"}, kDevices));
  RETURN_IF_ERROR(Attach(devices, place.get(), "/dev"));
  for (const std::string path :
       {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}) {
    ASSIGN_OR_RETURN(UniqueFd device, CloneTree(path, {.attributes = kDevices}));
    ASSIGN_OR_RETURN(UniqueFd node, Place(path, false));
    RETURN_IF_ERROR(Attach(device, node.get(), path));
  }
  ASSIGN_OR_RETURN(
      UniqueFd terminals,
      NewFilesystem("devpts", {"newinstance", "ptmxmode=0666", "mode=0620"}, kDevices));
  ASSIGN_OR_RETURN(UniqueFd terminals_place, Place("/dev/pts", true));
  RETURN_IF_ERROR(Attach(terminals, terminals_place.get(), "/dev/pts"));
  RETURN_IF_ERROR(Place("/dev/shm", true).status());
  RETURN_IF_ERROR(Link("pts/ptmx", "/dev/ptmx"));
  RETURN_IF_ERROR(Link("/proc/self/fd", "/dev/fd"));
  RETURN_IF_ERROR(Link("/proc/self/fd/0", "/dev/stdin"));
  RETURN_IF_ERROR(Link("/proc/self/fd/1", "/dev/stdout"));
  return Link("/proc/self/fd/2", "/dev/stderr");
}

Status RootBuilder::AddBinds(bool below_repository) {
  for (size_t i = 0; i < plan_.binds.size(); ++i) {
    const BindPlan& bind = plan_.binds[i];
    if (IsBelow(bind.destination, plan_.repo_path) != below_repository) continue;
    RETURN_IF_ERROR(Show(bind.source, bind.destination, idmaps_[plan_.layers.size() + i]));
  }
  return absl::OkStatus();
}

// The workspace's folder (uppers and scratch folders must be on one mount) and each lower layer.
Status RootBuilder::StageLayers() {
  const std::string staging = StrCat("/", kStaging);
  ASSIGN_OR_RETURN(UniqueFd place, Place(staging + "/x", true));
  UniqueFd uppers;
  if (plan_.upper_tmpfs_bytes > 0) {
    ASSIGN_OR_RETURN(uppers, NewFilesystem("tmpfs",
                                           {StrCat("size=", plan_.upper_tmpfs_bytes),
                                            "nr_inodes=1000000", "mode=0755"},
                                           kWritableMount));
  } else {
    ASSIGN_OR_RETURN(uppers, CloneTree(plan_.folder, {.attributes = kWritableMount}));
  }
  RETURN_IF_ERROR(Attach(uppers, place.get(), "the upper layers"));
  if (plan_.upper_tmpfs_bytes > 0) {
    for (const LayerPlan& layer : plan_.layers) {
      for (const std::string& name : {layer.upper, layer.work}) {
        if (name.empty()) continue;
        if (::mkdirat(uppers.get(), name.c_str(), 0755) != 0 ||
            ::fchownat(uppers.get(), name.c_str(), plan_.uid, plan_.gid, 0) != 0) {
          return ErrnoStatus(errno, "cannot make an upper layer");
        }
      }
    }
  }
  for (size_t i = 0; i < plan_.layers.size(); ++i) {
    if (plan_.layers[i].lower.empty()) continue;
    ASSIGN_OR_RETURN(
        UniqueFd lower,
        CloneTree(plan_.layers[i].lower,
                  {.no_follow = true, .attributes = MOUNT_ATTR_RDONLY, .idmap = idmaps_[i]}));
    ASSIGN_OR_RETURN(UniqueFd lower_place, Place(StrCat(staging, "/l", i), true));
    RETURN_IF_ERROR(Attach(lower, lower_place.get(), plan_.layers[i].lower));
  }
  return absl::OkStatus();
}

Status RootBuilder::AddLayer(size_t index) {
  const LayerPlan& layer = plan_.layers[index];
  const std::string uppers = StrCat(kStaging, "/x/");
  UniqueFd tree;
  if (layer.lower.empty()) {
    ASSIGN_OR_RETURN(tree, CloneTree(uppers + layer.upper, {.attributes = kWritableMount}));
  } else {
    std::vector<std::string> options = {
        "source=coditect", StrCat("lowerdir=", kStaging, "/l", index),
        StrCat("upperdir=", uppers, layer.upper), StrCat("workdir=", uppers, layer.work)};
    const std::vector<std::string> more =
        plan_.user_mode ? std::vector<std::string>{"userxattr"}
                        : std::vector<std::string>{"redirect_dir=nofollow", "metacopy=off",
                                                   "index=off", "xino=off"};
    options.insert(options.end(), more.begin(), more.end());
    ASSIGN_OR_RETURN(tree, NewFilesystem("overlay", options, kWritableMount));
  }
  const std::string path = JoinPath(plan_.repo_path, layer.destination);
  ASSIGN_OR_RETURN(UniqueFd place, Place(path, true));
  return Attach(tree, place.get(), path);
}

// `.git` is empty and read-only inside: the repository's history is the host's business.
Status RootBuilder::MaskGit() {
  struct stat info{};
  const bool file = ::fstatat(out_.merged.get(), ".git", &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                    !S_ISDIR(info.st_mode);
  if (file && S_ISLNK(info.st_mode)) return InvalidArgument("the base's .git is a symbolic link");
  const std::string source = file ? "/.empty/file" : "/.empty/folder";
  RETURN_IF_ERROR(Place(source, !file).status());
  ASSIGN_OR_RETURN(UniqueFd empty,
                   CloneTree(source.substr(1), {.attributes = kReadOnlyMount | MOUNT_ATTR_NOEXEC}));
  ASSIGN_OR_RETURN(UniqueFd place, Place(JoinPath(plan_.repo_path, ".git"), !file));
  return Attach(empty, place.get(), ".git");
}

Status RootBuilder::AddRepository() {
  RETURN_IF_ERROR(StageLayers());
  for (size_t i = 0; i < plan_.layers.size(); ++i) {
    RETURN_IF_ERROR(AddLayer(i));
    if (i > 0) continue;
    out_.merged.Reset(OpenAt(root_.get(), plan_.repo_path.substr(1), O_PATH | O_DIRECTORY,
                             RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
    const std::string upper = StrCat(kStaging, "/x/", plan_.layers[0].upper);
    out_.upper.Reset(OpenAt(root_.get(), upper, O_RDONLY | O_DIRECTORY, kResolveBeneath));
    if (!out_.merged.valid() || !out_.upper.valid()) {
      return ErrnoStatus(errno, "cannot open the repository inside");
    }
  }
  return MaskGit();
}

Status RootBuilder::Finish() {
  if (plan_.user_mode) {
    // The kernel lets a user namespace mount a fresh /proc only while it still sees a whole one.
    ASSIGN_OR_RETURN(UniqueFd proc, CloneTree("/proc", {.recursive = true}));
    ASSIGN_OR_RETURN(UniqueFd place, Place(kHostProc, true));
    RETURN_IF_ERROR(Attach(proc, place.get(), kHostProc));
  }
  if (::fchdir(root_.get()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    return ErrnoStatus(errno, "cannot enter the new root");
  }
  const std::string staging = StrCat("/", kStaging);
  for (size_t i = 0; i < plan_.layers.size(); ++i) {
    if (plan_.layers[i].lower.empty()) continue;
    if (::umount2(StrCat(staging, "/l", i).c_str(), MNT_DETACH) != 0) {
      return ErrnoStatus(errno, "cannot hide a layer");
    }
  }
  if (::umount2((staging + "/x").c_str(), MNT_DETACH) != 0) {
    return ErrnoStatus(errno, "cannot hide the upper layers");
  }
  RETURN_IF_ERROR(RemoveTree(staging));
  RETURN_IF_ERROR(SetMountAttributes(AT_FDCWD, "/dev", MOUNT_ATTR_RDONLY));
  return SetMountAttributes(AT_FDCWD, "/", MOUNT_ATTR_RDONLY);
}

}  // namespace

StatusOr<RootDescriptors> BuildRoot(const RootPlan& plan, const std::vector<int>& idmaps) {
  RootBuilder builder(plan, idmaps);
  RETURN_IF_ERROR(builder.EnterNewRoot());
  RETURN_IF_ERROR(builder.AddSystem());
  RETURN_IF_ERROR(builder.AddConfiguration());
  RETURN_IF_ERROR(builder.AddDevices());
  RETURN_IF_ERROR(builder.AddBinds(/*below_repository=*/false));
  RETURN_IF_ERROR(builder.AddRepository());
  RETURN_IF_ERROR(builder.AddBinds(/*below_repository=*/true));
  RETURN_IF_ERROR(builder.Finish());
  return builder.TakeDescriptors();
}

std::vector<std::string> TreesBelow(const RootPlan& plan, const std::string& cover) {
  std::vector<std::string> trees = {plan.repo_path};
  for (const BindPlan& bind : plan.binds) trees.push_back(bind.destination);
  std::erase_if(trees, [&](const std::string& path) { return !IsBelow(path, cover); });
  std::sort(trees.begin(), trees.end());
  std::vector<std::string> top;
  for (const std::string& path : trees) {
    const bool inside = std::any_of(top.begin(), top.end(),
                                    [&](const std::string& other) { return IsBelow(path, other); });
    if (!inside) top.push_back(path);
  }
  return top;
}

}  // namespace coditect::process
