// What the broker is asked to do, as plain values: a workspace's root and a launch in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coditect::process {

/// One folder of the repository inside: an overlay, or a private folder bound as it is.
struct LayerPlan {
  std::string destination;  // relative to the repository; "" = the repository itself
  std::string lower;        // host folder below the overlay; "" = no overlay, `upper` is bound
  bool idmap = false;       // show the lower folder's owner as the sandbox's user
  std::string upper;        // name in the workspace's folder
  std::string work;         // the overlay's scratch folder, beside `upper`

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(self.destination);
    visit(self.lower);
    visit(self.idmap);
    visit(self.upper);
    visit(self.work);
  }
};

/// A host file or folder shown read-only.
struct BindPlan {
  std::string source;
  std::string destination;  // absolute, inside
  bool idmap = false;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(self.source);
    visit(self.destination);
    visit(self.idmap);
  }
};

/// Everything a workspace's processes see.
struct RootPlan {
  uint64_t id = 0;
  bool user_mode = false;  // started by an ordinary user: overlays use user.* attributes
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string repo_path;           // where the repository appears
  std::string folder;              // the workspace's own folder on the host
  uint64_t upper_tmpfs_bytes = 0;  // > 0: upper layers live on a tmpfs of that size
  std::vector<LayerPlan> layers;   // the repository first
  std::vector<BindPlan> binds;     // parents before children

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(self.id);
    visit(self.user_mode);
    visit(self.uid);
    visit(self.gid);
    visit(self.repo_path);
    visit(self.folder);
    visit(self.upper_tmpfs_bytes);
    visit(self.layers);
    visit(self.binds);
  }
};

/// One launch. Its descriptors travel beside it, in the order of LaunchDescriptors.
struct LaunchPlan {
  uint64_t root = 0;  // RootPlan::id; 0 = a plain process without isolation
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value"
  std::string folder;                    // absolute
  uint64_t cpu_seconds = 0;              // per process; a belt behind the polled limit
  uint64_t file_bytes = 0;
  uint64_t data_bytes = 0;  // per process; 0 = no limit of its own (a cgroup limits memory)
  uint64_t processes = 0;   // per user; 0 = no limit of its own (a cgroup limits them)
  uint64_t tmp_bytes = 0;   // size of the tmpfs on /tmp
  bool landlock = true;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(self.root);
    visit(self.argv);
    visit(self.environment);
    visit(self.folder);
    visit(self.cpu_seconds);
    visit(self.file_bytes);
    visit(self.data_bytes);
    visit(self.processes);
    visit(self.tmp_bytes);
    visit(self.landlock);
  }
};

/// Descriptors sent with a launch, in this order; the channel may be left out.
enum LaunchDescriptor { kInput, kOutput, kStatus, kLife, kChannel };

/// What is written to a launch's status pipe. Each record is one atomic write.
struct StatusRecord {
  enum Kind : uint32_t {
    kSetupFailed,  // by init: `code` is the canonical status code, `text` the reason
    kExecFailed,   // by init: `code` is errno
    kCommandEnd,   // by init: `code` is the wait status of the command
    kReaped,       // by the broker, the last one: init's whole family is gone
  };
  uint32_t kind = kSetupFailed;
  int32_t code = 0;
  uint64_t cpu_us = 0;            // kReaped: user and system time of the whole family
  uint64_t memory_bytes_max = 0;  // kReaped: largest resident size of one process
  char text[232] = {};
};

}  // namespace coditect::process
