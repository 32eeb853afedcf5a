// Embedded scripts and their installation.
#include "src/adapters/python/support_files.h"

#include <sys/stat.h>

#include <array>

#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/sha256.h"

// Name in the binary and path below support/, for every embedded script (CMakeLists.txt).
#define CODITECT_PYTHON_SCRIPTS(X)             \
  X(start, "start.py")                         \
  X(package, "_coditect/__init__.py")          \
  X(candidates, "_coditect/candidates.py")     \
  X(channel, "_coditect/channel.py")           \
  X(children, "_coditect/children.py")         \
  X(failures, "_coditect/failures.py")         \
  X(filter, "_coditect/filter.py")             \
  X(follow, "_coditect/follow.py")             \
  X(fuel, "_coditect/fuel.py")                 \
  X(instrument, "_coditect/instrument.py")     \
  X(judge, "_coditect/judge.py")               \
  X(loaded, "_coditect/loaded.py")             \
  X(network, "_coditect/network.py")           \
  X(observe, "_coditect/observe.py")           \
  X(paths, "_coditect/paths.py")               \
  X(probe, "_coditect/probe.py")               \
  X(project, "_coditect/project.py")           \
  X(report, "_coditect/report.py")             \
  X(run_command, "_coditect/run_command.py")   \
  X(run_pytest, "_coditect/run_pytest.py")     \
  X(run_unittest, "_coditect/run_unittest.py") \
  X(selection, "_coditect/selection.py")       \
  X(sources, "_coditect/sources.py")           \
  X(tracing, "_coditect/tracing.py")           \
  X(units, "_coditect/units.py")               \
  X(sitecustomize, "site/sitecustomize.py")

extern "C" {
#define DECLARE(name, path)                   \
  extern const char coditect_python_##name[]; \
  extern const unsigned coditect_python_##name##_size;
CODITECT_PYTHON_SCRIPTS(DECLARE)
#undef DECLARE
}

namespace coditect::python {

std::span<const SupportFile> SupportScripts() {
#define ENTRY(name, path) \
  SupportFile{path, {coditect_python_##name, coditect_python_##name##_size}},
  static const std::array scripts = {CODITECT_PYTHON_SCRIPTS(ENTRY)};
#undef ENTRY
  return scripts;
}

namespace {

bool IsInstalled(const std::string& place) {
  for (const SupportFile& file : SupportScripts()) {
    const StatusOr<std::string> there = ReadFile(JoinPath(place, file.name));
    if (!there.ok() || *there != file.text) return false;
  }
  return true;
}

Status WriteScripts(const std::string& place) {
  for (const SupportFile& file : SupportScripts()) {
    const std::string path = JoinPath(place, file.name);
    RETURN_IF_ERROR(MakeDirs(DirName(path), 0755));
    RETURN_IF_ERROR(WriteFile(path, file.text, 0644));
    // The umask may have taken away what another user's process needs to read it.
    for (const std::string& name : {path, DirName(path)}) {
      const unsigned mode = name == path ? 0644 : 0755;
      if (::chmod(name.c_str(), mode) != 0) return ErrnoStatus(errno, "chmod ", name);
    }
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<std::string> InstallSupportScripts(const std::string& folder) {
  std::string all;
  for (const SupportFile& file : SupportScripts()) {
    all += StrCat(file.name, "\n", file.text.size(), "\n", file.text);
  }
  const std::string place = JoinPath(folder, Sha256Hex(all).substr(0, 16));
  if (IsInstalled(place)) return place;
  RETURN_IF_ERROR(MakeDirs(folder, 0755));
  const std::string temporary = StrCat(place, ".tmp-", RandomHex(6));
  Status status = WriteScripts(temporary);
  if (status.ok() && ::rename(temporary.c_str(), place.c_str()) == 0) return place;
  // Another process was faster, whose runs may be using it; or somebody changed what is there.
  if (status.ok() && !IsInstalled(place)) {
    const std::string damaged = StrCat(temporary, "-damaged");
    const bool moved = ::rename(place.c_str(), damaged.c_str()) == 0;
    if (::rename(temporary.c_str(), place.c_str()) != 0) {
      status = ErrnoStatus(errno, "cannot rename to ", place);
    }
    if (moved) RETURN_IF_ERROR(RemoveTree(damaged));
  }
  RETURN_IF_ERROR(RemoveTree(temporary));
  if (IsInstalled(place)) return place;
  return status.ok() ? Unavailable(place, " is changed by another process") : status;
}

}  // namespace coditect::python
