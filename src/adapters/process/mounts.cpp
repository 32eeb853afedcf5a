// Mounts by the descriptor-based system calls (Linux 5.2 and later; id mapping 5.12 and later).
#include "src/adapters/process/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/adapters/process/system_calls.h"

namespace coditect::process {

const uint64_t kReadOnlyMount = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
const uint64_t kWritableMount = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

StatusOr<UniqueFd> CloneTree(const std::string& source, const TreeOptions& options) {
  const unsigned recursive = options.recursive ? AT_RECURSIVE : 0;
  UniqueFd tree(::open_tree(AT_FDCWD, source.c_str(),
                            OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive |
                                (options.no_follow ? AT_SYMLINK_NOFOLLOW : 0)));
  if (!tree.valid()) return ErrnoStatus(errno, "cannot show ", source);
  mount_attr attributes{};
  attributes.attr_set = options.attributes;
  if (options.idmap >= 0) {
    attributes.attr_set |= MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<uint64_t>(options.idmap);
  }
  if (attributes.attr_set != 0 && ::mount_setattr(tree.get(), "", AT_EMPTY_PATH | recursive,
                                                  &attributes, sizeof attributes) != 0) {
    return ErrnoStatus(errno, "cannot set the mount attributes of ", source);
  }
  return tree;
}

StatusOr<UniqueFd> NewFilesystem(const std::string& type, const std::vector<std::string>& options,
                                 uint64_t attributes) {
  UniqueFd context(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  if (!context.valid()) return ErrnoStatus(errno, "cannot open filesystem ", type);
  for (const std::string& option : options) {
    const size_t equals = option.find('=');
    const std::string key = option.substr(0, equals);
    const int result = equals == std::string::npos
                           ? ::fsconfig(context.get(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
                           : ::fsconfig(context.get(), FSCONFIG_SET_STRING, key.c_str(),
                                        option.c_str() + equals + 1, 0);
    if (result != 0) return ErrnoStatus(errno, "filesystem ", type, " refuses ", option);
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return ErrnoStatus(errno, "cannot make filesystem ", type);
  }
  UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  if (!mount.valid()) return ErrnoStatus(errno, "cannot mount filesystem ", type);
  return mount;
}

Status Attach(const UniqueFd& mount, int place, const std::string& name) {
  if (::move_mount(mount.get(), "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) !=
      0) {
    return ErrnoStatus(errno, "cannot mount at ", name);
  }
  return absl::OkStatus();
}

Status SetMountAttributes(int folder, const std::string& path, uint64_t set) {
  mount_attr attributes{};
  attributes.attr_set = set;
  if (::mount_setattr(folder, path.c_str(), path.empty() ? AT_EMPTY_PATH : 0, &attributes,
                      sizeof attributes) != 0) {
    return ErrnoStatus(errno, "cannot set the mount attributes of ", path);
  }
  return absl::OkStatus();
}

StatusOr<UniqueFd> MakeIdmap(uint32_t disk_uid, uint32_t disk_gid, uint32_t uid, uint32_t gid) {
  ASSIGN_OR_RETURN(Pipe hold, MakePipe());
  const pid_t child = CloneProcess(CLONE_NEWUSER, nullptr);
  if (child < 0) return ErrnoStatus(errno, "cannot make a user namespace");
  if (child == 0) {
    hold.write.Reset();
    char byte;
    (void)!::read(hold.read.get(), &byte, 1);
    ::_exit(0);
  }
  const std::string process = StrCat("/proc/", child, "/");
  Status status = WriteKernelFile(process + "uid_map", StrCat(disk_uid, " ", uid, " 1\n"));
  if (status.ok()) {
    status = WriteKernelFile(process + "gid_map", StrCat(disk_gid, " ", gid, " 1\n"));
  }
  UniqueFd map(::open((process + "ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (status.ok() && !map.valid()) status = ErrnoStatus(errno, "cannot open the user namespace");
  hold.write.Reset();
  ::waitpid(child, nullptr, 0);
  if (!status.ok()) return status;
  return map;
}

Status RaiseLoopback() {
  UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return ErrnoStatus(errno, "cannot open a socket");
  ifreq request{};
  ::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return ErrnoStatus(errno, "cannot raise the loopback interface");
  }
  return absl::OkStatus();
}

}  // namespace coditect::process
