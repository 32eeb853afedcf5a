// Requests to the broker. The body starts with the kind; replies start with a status.
#pragma once

#include <cstdint>
#include <string>

#include "src/adapters/process/wire.h"
#include "src/base/status.h"

namespace coditect::process {

enum class RequestKind : uint64_t { kConfigure, kCanIdmap, kOpenRoot, kCloseRoot, kLaunch };

/// kConfigure, the first request.
struct Configuration {
  bool user_mode = false;            // enter a user namespace
  bool plain = false;                // tier none: launch without isolation
  bool refuse_memory_files = false;  // no control group counts them

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(self.user_mode);
    visit(self.plain);
    visit(self.refuse_memory_files);
  }
};

/// kCanIdmap: may the filesystem of `path` be shown under another owner?
struct IdmapQuestion {
  std::string path;
  uint32_t uid = 0;
  uint32_t gid = 0;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(self.path);
    visit(self.uid);
    visit(self.gid);
  }
};

/// The start of every reply.
struct ReplyStatus {
  int32_t code = 0;
  std::string message;
  uint64_t value = 0;  // kLaunch: the pid

  Status ToStatus() const { return Status(static_cast<absl::StatusCode>(code), message); }
  static ReplyStatus From(const Status& status) { return {status.raw_code(), Message(status), 0}; }

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(self.code);
    visit(self.message);
    visit(self.value);
  }
};

}  // namespace coditect::process
