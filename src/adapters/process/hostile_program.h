// A program of attacks on the sandbox it runs in: one case a run, named by its first argument. It
// ends by 0 when the attack was refused or did nothing, by 1 when it did harm, by 2 when the case
// does not exist. Built by gcc inside. The cases follow research/reliability.md section 5.
#pragma once

namespace coditect::process {

inline constexpr const char* kHostileProgram = R"PROGRAM(
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static const char *host; /* a folder of the host with a file "secret" */
static int run;          /* tells one run of the tests from another */
static int port;         /* a TCP port the host listens on */
static char path[4096];

static const char *in_host(const char *name) {
  snprintf(path, sizeof path, "%s/%s", host, name);
  return path;
}
static int can_read(const char *name) {
  char byte;
  int fd = open(name, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return 0;
  int got = read(fd, &byte, 1) > 0;
  close(fd);
  return got;
}
static int can_open(const char *name, int flags) {
  int fd = open(name, flags, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0;
}
static int done(long result) { return result >= 0; }

static int read_shadow(void) { return can_read("/etc/shadow") || can_read("/etc/gshadow"); }
static int read_secret(void) { return can_read(in_host("secret")); }
static int read_home(void) {
  return can_read("/root/.bashrc") || can_read("/root/.profile") || can_read("/root/.ssh/id_rsa");
}
static int write_outside(void) { return can_open(in_host("outside"), O_WRONLY | O_CREAT); }
static int write_etc(void) {
  return can_open("/etc/passwd", O_WRONLY) || can_open("/etc/new", O_WRONLY | O_CREAT) ||
         can_open("/usr/bin/new", O_WRONLY | O_CREAT);
}
static int kernel_memory(void) {
  return can_read("/proc/kcore") || can_read("/proc/kmsg") || can_read("/proc/1/mem");
}
static int dev_mem(void) {
  return can_open("/dev/mem", O_RDONLY) || can_open("/dev/kmem", O_RDONLY) ||
         can_open("/dev/port", O_RDONLY);
}
static int dev_kmsg(void) { return can_open("/dev/kmsg", O_RDWR); }
static int block_device(void) {
  return can_open("/dev/vda", O_RDONLY) || can_open("/dev/sda", O_RDONLY) ||
         can_open("/dev/loop0", O_RDONLY) || can_open("/dev/loop-control", O_RDWR);
}
static int make_device(void) {
  return done(mknod("dev-b", S_IFBLK | 0600, makedev(254, 0))) ||
         done(mknod("dev-c", S_IFCHR | 0600, makedev(1, 1)));
}
static int do_mount(void) {
  return done(mount("none", "/tmp", "tmpfs", 0, "")) || done(syscall(SYS_fsopen, "tmpfs", 0)) ||
         done(syscall(SYS_open_tree, AT_FDCWD, "/", 1));
}
static int user_namespace(void) { return done(unshare(CLONE_NEWUSER)); }
static int child(void *unused) { return 0; }
static int clone_namespace(void) {
  static char stack[65536];
  const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                       CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
  for (int i = 0; i < 7; i++)
    if (done(clone(child, stack + sizeof stack, flags[i] | SIGCHLD, 0))) return 1;
  uint64_t args[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
  long pid = syscall(SYS_clone3, args, sizeof args);
  if (pid == 0) _exit(0);
  return pid > 0;
}
static int do_chroot(void) {
  return done(chroot(".")) || done(syscall(SYS_pivot_root, ".", "."));
}
static int remount(void) {
  return done(mount(0, "/", 0, MS_REMOUNT | MS_BIND, 0)) ||
         done(mount(0, "/usr", 0, MS_REMOUNT | MS_BIND, 0)) || done(umount2("/proc", MNT_DETACH));
}
static int hard_link(void) {
  return done(link(in_host("secret"), "stolen")) || done(link("/etc/passwd", "stolen")) ||
         done(linkat(AT_FDCWD, "/proc/1/exe", AT_FDCWD, "stolen", AT_SYMLINK_FOLLOW));
}
static int file_handle(void) {
  struct {
    unsigned bytes;
    int type;
    char data[128];
  } handle = {128, 0, {0}};
  int mount_id;
  return done(syscall(SYS_name_to_handle_at, AT_FDCWD, ".", &handle, &mount_id, 0)) ||
         done(syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));
}
static int leaked_descriptor(void) {
  for (int fd = 3; fd < 4096; fd++)
    if (fcntl(fd, F_GETFD) >= 0) return 1;
  return 0;
}
static int become_root(void) {
  int fd = open("suid", O_WRONLY | O_CREAT, 0755);
  close(fd);
  chmod("suid", 06755);
  chown("suid", 0, 0);
  struct stat info;
  stat("suid", &info);
  return (info.st_uid == 0 && getuid() != 0) || done(setuid(0)) || done(setgid(0)) ||
         done(setresuid(0, 0, 0)) || done(setgroups(0, 0));
}
static int capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) || data[0].effective || data[0].permitted ||
      data[1].effective || data[1].permitted)
    return 1;
  data[0].effective = data[0].permitted = ~0u;
  return done(syscall(SYS_capset, &header, data)) || prctl(PR_CAPBSET_READ, 21, 0, 0, 0) == 1;
}
static int huge_file(void) {
  signal(SIGXFSZ, SIG_IGN);
  int fd = open("huge", O_RDWR | O_CREAT, 0600);
  return done(ftruncate(fd, 1ll << 40)) || done(fallocate(fd, 0, 0, 1ll << 40)) ||
         pwrite(fd, "x", 1, 1ll << 40) > 0;
}
static int fill_tmp(void) {
  static char block[1 << 20];
  int fd = open("/tmp/fill", O_RDWR | O_CREAT, 0600);
  for (int i = 0; i < 64; i++)
    if (write(fd, block, sizeof block) <= 0) return 0;
  return 1;
}
static int inode_flood(void) {
  for (int i = 0; i < 40000; i++) {
    snprintf(path, sizeof path, "/tmp/f%d", i);
    if (!can_open(path, O_WRONLY | O_CREAT)) return 0;
  }
  return 1;
}
static int write_proc(const char *name) {
  int fd = open(name, O_WRONLY);
  if (fd < 0) return 0;
  int written = write(fd, "1", 1) > 0;
  close(fd);
  return written;
}
static int kernel_settings(void) {
  return write_proc("/proc/sys/kernel/core_pattern") || write_proc("/proc/sys/kernel/modprobe") ||
         write_proc("/proc/sysrq-trigger") || write_proc("/proc/sys/vm/drop_caches") ||
         write_proc("/proc/sys/kernel/ns_last_pid") || write_proc("/proc/irq/0/smp_affinity");
}
static int cgroup_write(void) {
  return done(mkdir("/sys/fs/cgroup/x", 0755)) ||
         can_open("/sys/fs/cgroup/cgroup.procs", O_WRONLY) ||
         can_open("/sys/fs/cgroup/pids/cgroup.procs", O_WRONLY);
}
static int init_files(void) {
  return can_open("/proc/1/exe", O_WRONLY) || can_open("/proc/1/exe", O_RDONLY) ||
         can_open("/proc/1/root/etc", O_RDONLY) || can_open("/proc/1/cwd", O_RDONLY) ||
         can_open("/proc/1/fd", O_RDONLY) || can_open("/proc/1/maps", O_RDONLY) ||
         can_read("/proc/1/environ");
}
static int sysfs(void) {
  return can_read("/sys/kernel/notes") || can_open("/sys", O_RDONLY) ||
         can_open("/sys/class/net", O_RDONLY);
}
static int host_shm(void) {
  snprintf(path, sizeof path, "/dev/shm/coditect-hostile-%d", run);
  return can_read(path);
}
static int git_write(void) {
  return can_open(".git/config", O_WRONLY | O_CREAT) || done(mkdir(".git/hooks", 0755)) ||
         done(rename(".git", "gone")) || done(rmdir(".git")) || done(chmod(".git", 0777));
}
static int process_list(void) {
  int count = 0;
  DIR *dir = opendir("/proc");
  struct dirent *entry;
  while ((entry = readdir(dir))) count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
  return count > 2 || getppid() > 1;
}
static int lock_memory(void) {
  void *p = malloc(8 << 20);
  return done(mlock(p, 8 << 20));
}
static int raise_limits(void) {
  struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  const int limits[] = {RLIMIT_NOFILE, RLIMIT_FSIZE,  RLIMIT_MEMLOCK,  RLIMIT_CORE,
                        RLIMIT_NICE,   RLIMIT_RTPRIO, RLIMIT_MSGQUEUE, RLIMIT_CPU};
  for (int i = 0; i < 8; i++)
    if (done(setrlimit(limits[i], &unlimited))) return 1;
  return 0;
}
static int priority(void) {
  struct sched_param param = {1};
  return done(sched_setscheduler(0, SCHED_FIFO, &param)) ||
         done(setpriority(PRIO_PROCESS, 0, -20)) || write_proc("/proc/self/oom_score_adj") == -1;
}
static int trace(void) {
  char byte;
  struct iovec local = {&byte, 1}, remote = {(void *)0x400000, 1};
  return done(ptrace(PTRACE_ATTACH, 1, 0, 0)) || done(ptrace(PTRACE_TRACEME, 0, 0, 0)) ||
         process_vm_readv(1, &local, 1, &remote, 1, 0) > 0 ||
         done(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, 1, 0), 0, 0)) ||
         done(syscall(SYS_kcmp, 1, 1, 0, 0, 0));
}
static int enter_namespace(void) {
  int fd = open("/proc/1/ns/mnt", O_RDONLY);
  return fd >= 0 || done(setns(open("/proc/self/ns/net", O_RDONLY), 0));
}
static int connect_host(void) {
  struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}};
  return done(connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&address, sizeof address));
}
static int raw_socket(void) {
  return done(socket(AF_INET, SOCK_RAW, 1)) || done(socket(AF_INET6, SOCK_RAW, 58));
}
static int socket_families(void) {
  for (int family = 0; family < 64; family++) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
    for (int type = 1; type <= 5; type++)
      if (done(socket(family, type, 0))) return 1;
    if (done(syscall(SYS_socket, 0x100000000ul | family, SOCK_STREAM, 0)))
      return 1; /* the kernel reads 32 bits */
  }
  return 0;
}
static int connect_unix(const char *name, int size) {
  struct sockaddr_un address = {AF_UNIX, {0}};
  memcpy(address.sun_path, name, size);
  return done(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof(short) + size));
}
static int abstract_socket(void) {
  char name[64] = {0};
  return connect_unix(name, 1 + sprintf(name + 1, "coditect-hostile-%d", run));
}
static int control_socket(void) {
  in_host("control");
  return connect_unix(path, strlen(path)) || connect_unix("/run/docker.sock", 16) ||
         connect_unix("/run/dbus/system_bus_socket", 27);
}
static int shared_memory(void) { return done(shmget(run, 0, 0)); }
static int io_uring(void) {
  char params[256] = {0};
  return done(syscall(425, 8, params)) || done(syscall(426, 0, 0, 0, 0, 0, 0)) ||
         done(syscall(427, 0, 0, 0, 0));
}
static int do_bpf(void) {
  uint32_t map[32] = {2, 4, 4, 1}; /* an array of one number */
  return done(syscall(SYS_bpf, 0, map, sizeof map));
}
static int user_fault(void) {
  return done(syscall(SYS_userfaultfd, O_CLOEXEC)) || can_open("/dev/userfaultfd", O_RDWR);
}
static int perf(void) {
  uint64_t event[16] = {1 | 128ull << 32, 9}; /* a software event that counts nothing */
  return done(syscall(SYS_perf_event_open, event, 0, -1, -1, 0));
}
static int keyring(void) {
  return done(syscall(SYS_add_key, "user", "a", "b", 1, -3)) ||
         done(syscall(SYS_keyctl, 0, -3, 1)) ||
         done(syscall(SYS_request_key, "user", "a", 0, -3));
}
static int do_personality(void) {
  return done(personality(READ_IMPLIES_EXEC)) ||
         done(syscall(SYS_personality, 0xf00000000ul | READ_IMPLIES_EXEC));
}
static int kernel_log(void) {
  char text[100];
  return done(syscall(SYS_syslog, 3, text, sizeof text)) || done(syscall(SYS_syslog, 10, 0, 0));
}
static int modules(void) {
  return done(syscall(SYS_init_module, "", 0, "")) || done(syscall(SYS_finit_module, 0, "", 0)) ||
         done(syscall(SYS_delete_module, "x", 0)) || done(syscall(SYS_kexec_load, 0, 0, 0, 0));
}
static int do_reboot(void) {
  return done(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, 0)) ||
         done(syscall(SYS_swapoff, "/x")) || done(syscall(SYS_acct, "x"));
}
static int clocks(void) {
  struct timespec now = {1, 0};
  struct timeval then = {1, 0};
  return done(clock_settime(CLOCK_REALTIME, &now)) || done(settimeofday(&then, 0));
}
static int host_name(void) { return done(sethostname("x", 1)) || done(setdomainname("x", 1)); }
static int terminal(void) {
  int fd = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(fd);
  unlockpt(fd);
  int end = open(ptsname(fd), O_RDWR);
  char c = 'x';
  return done(ioctl(end, TIOCSTI, &c)) ||
         done(syscall(SYS_ioctl, end, 0x100000000ul | TIOCSTI, &c)) || done(ioctl(0, 0x541C, &c));
}
static int kill_init(void) {
  kill(1, SIGKILL);
  kill(1, SIGSTOP);
  kill(1, SIGTERM);
  kill(-1, SIGCONT);
  usleep(20000);
  return 0;
}
static int message_queue(void) {
  return mq_open("/hostile", O_RDWR | O_CREAT, 0600, 0) != (mqd_t)-1;
}
static int watches(void) { return done(syscall(SYS_fanotify_init, 0, 0)); }
static int attributes(void) {
  const uint32_t capability[5] = {0x02000001, ~0u, 0, 0, 0};
  int fd = open("attr", O_CREAT | O_WRONLY, 0644);
  close(fd);
  return done(setxattr("attr", "trusted.overlay.opaque", "y", 1, 0)) ||
         done(setxattr("attr", "security.capability", capability, sizeof capability, 0));
}
static int new_calls(void) {
  for (int call = 467; call < 600; call++) {
    errno = 0;
    if (syscall(call, 0, 0, 0, 0, 0, 0) != -1 || errno != ENOSYS) return 1;
  }
  return 0;
}
static int hidden_mounts(void) {
  return can_open("/.s", O_RDONLY) || can_open("/n", O_RDONLY) ||
         can_read("/.empty/proc/1/environ") || can_open("/.empty/proc/self", O_RDONLY);
}
static int left_in_tmp(void) {
  if (can_read("/tmp/left")) return 1;
  int fd = open("/tmp/left", O_CREAT | O_WRONLY, 0644);
  return write(fd, "x", 1) != 1;
}
static int left_in_shm(void) {
  if (shmget(77, 0, 0) >= 0 || can_read("/dev/shm/left")) return 1;
  shmget(77, 4096, IPC_CREAT | 0600);
  int fd = open("/dev/shm/left", O_CREAT | O_WRONLY, 0644);
  return write(fd, "x", 1) != 1;
}
static int foreign_call(void) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
  return result > 0;
}
static int x32_call(void) { return done(syscall(0x40000000 | SYS_getpid)); }
static void *sleeper(void *unused) {
  pause();
  return 0;
}
static int thread_bomb(void) {
  pthread_t thread;
  for (int i = 0; i < 2000; i++)
    if (pthread_create(&thread, 0, sleeper, 0)) return 0;
  return 1;
}
static int allocate(void) {
  for (int i = 0; i < 900; i++) {
    char *block = malloc(1 << 20);
    if (!block) return 0;
    memset(block, 1, 1 << 20);
  }
  return 1;
}
static int memory_files(void) {
  static char block[1 << 20];
  memset(block, 1, sizeof block);
  for (int i = 0; i < 18; i++) {
    int fd = memfd_create("x", 0);
    for (int k = 0; k < 50; k++)
      if (write(fd, block, sizeof block) <= 0) return 0;
  }
  usleep(500000);
  return 1;
}
static int daemonize(void) {
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      signal(SIGTERM, SIG_IGN);
      signal(SIGHUP, SIG_IGN);
      for (int i = 0; i < 400; i++) {
        FILE *f = fopen("beat", "a");
        fprintf(f, "%d", i);
        fclose(f);
        usleep(5000);
      }
    }
    _exit(0);
  }
  usleep(50000);
  return 0;
}

#define CASE(name) {#name, name}
static const struct {
  const char *name;
  int (*run)(void);
} cases[] = {
    CASE(read_shadow),     CASE(read_secret),     CASE(read_home),
    CASE(write_outside),   CASE(write_etc),       CASE(kernel_memory),
    CASE(dev_mem),         CASE(dev_kmsg),        CASE(block_device),
    CASE(make_device),     CASE(do_mount),        CASE(user_namespace),
    CASE(clone_namespace), CASE(do_chroot),       CASE(remount),
    CASE(hard_link),       CASE(file_handle),     CASE(leaked_descriptor),
    CASE(become_root),     CASE(capabilities),    CASE(huge_file),
    CASE(fill_tmp),        CASE(inode_flood),     CASE(kernel_settings),
    CASE(cgroup_write),    CASE(init_files),      CASE(sysfs),
    CASE(host_shm),        CASE(git_write),       CASE(process_list),
    CASE(lock_memory),     CASE(raise_limits),    CASE(priority),
    CASE(trace),           CASE(enter_namespace), CASE(connect_host),
    CASE(raw_socket),      CASE(socket_families), CASE(abstract_socket),
    CASE(control_socket),  CASE(shared_memory),   CASE(io_uring),
    CASE(do_bpf),          CASE(user_fault),      CASE(perf),
    CASE(keyring),         CASE(do_personality),  CASE(kernel_log),
    CASE(modules),         CASE(do_reboot),       CASE(clocks),
    CASE(host_name),       CASE(terminal),        CASE(kill_init),
    CASE(message_queue),   CASE(watches),         CASE(attributes),
    CASE(new_calls),       CASE(hidden_mounts),   CASE(left_in_tmp),
    CASE(left_in_shm),     CASE(foreign_call),    CASE(x32_call),
    CASE(thread_bomb),     CASE(allocate),        CASE(memory_files),
    CASE(daemonize),
};

int main(int argc, char **argv) {
  if (argc < 2) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) puts(cases[i].name);
    return 0;
  }
  host = argc > 2 ? argv[2] : "/";
  port = argc > 3 ? atoi(argv[3]) : 1;
  run = argc > 4 ? atoi(argv[4]) : 1;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (!strcmp(cases[i].name, argv[1])) return cases[i].run();
  return 2;
}
)PROGRAM";

}  // namespace coditect::process
