// Which interpreter is chosen, and what may be shown of the person's machine.
#include "src/adapters/python/interpreter.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

using Strings = std::vector<std::string>;

/// A person's machine in a temporary folder: a home, a repository, interpreters that are no more
/// than the first bytes of a program.
class Machine {
 public:
  Machine() {
    std::string name = "/tmp/coditect-machine-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    top_ = *RealPath(name);
    for (const char* folder : {"home/ann/repo", "sys/bin"}) REQUIRE(MakeDirs(Path(folder)).ok());
    REQUIRE(::chmod(Path("home/ann").c_str(), 0700) == 0);
    environment["HOME"] = Path("home/ann");
    environment["PATH"] = Path("sys/bin");
  }
  ~Machine() { CHECK_EQ(RemoveTree(top_).ok(), true); }

  std::string Path(const std::string& relative) const { return JoinPath(top_, relative); }
  std::string Home(const std::string& relative) const { return Path("home/ann/" + relative); }
  std::string Repo(const std::string& relative) const { return Home("repo/" + relative); }

  void Write(const std::string& path, const std::string& text, unsigned mode = 0644) const {
    REQUIRE(MakeDirs(DirName(path)).ok());
    REQUIRE(WriteFile(path, text, mode).ok());
  }
  void Program(const std::string& path) const {
    Write(path,
          "\x7f"
          "ELF program",
          0755);
  }
  void Link(const std::string& target, const std::string& path) const {
    REQUIRE(MakeDirs(DirName(path)).ok());
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
  }
  /// A virtual environment whose base is the installation at `base`.
  void Venv(const std::string& prefix, const std::string& base, bool system = false) const {
    Write(prefix + "/pyvenv.cfg", StrCat("home = ", base, "/bin\ninclude-system-site-packages = ",
                                         system ? "true" : "false", "\n"));
    Link(base + "/bin/python3.11", prefix + "/bin/python");
    REQUIRE(MakeDirs(prefix + "/lib/python3.11/site-packages").ok());
  }
  /// A pyenv with these versions.
  void Pyenv(const std::string& root, const Strings& versions) const {
    for (const char* name : {"python", "python3"}) {
      Write(JoinPath(root, StrCat("shims/", name)), "#!/bin/sh\nexec pyenv exec\n", 0755);
    }
    for (const std::string& version : versions) {
      Program(JoinPath(root, StrCat("versions/", version, "/bin/python3")));
    }
  }

  ResolvedToolchain Resolve() const {
    return ResolveToolchain({.repository = Home("repo"),
                             .environment = environment,
                             .is_tracked = [this](const std::string& path) {
                               return std::any_of(
                                   tracked.begin(), tracked.end(),
                                   [&](const std::string& file) { return IsBelow(file, path); });
                             }});
  }

  std::map<std::string, std::string> environment;
  std::set<std::string> tracked;

 private:
  std::string top_;
};

bool Holds(const Strings& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

TEST_CASE("WithoutAnInterpreterThereIsNone") {
  const Machine machine;
  const auto found = machine.Resolve();
  CHECK(found.toolchain.python.empty());
  CHECK(Holds(found.toolchain.path, "/usr/bin"));
}

TEST_CASE("TheActiveEnvironmentComesFirst") {
  Machine machine;
  machine.Program(machine.Path("py/bin/python3.11"));
  machine.Program(machine.Path("sys/bin/python3"));
  machine.Venv(machine.Home("env"), machine.Path("py"));
  machine.Venv(machine.Repo(".venv"), machine.Path("py"));
  CHECK(machine.Resolve().toolchain.python == machine.Repo(".venv/bin/python"));
  CHECK(machine.Resolve().toolchain.python_origin == ".venv");
  machine.environment["CONDA_PREFIX"] = machine.Home("env");
  CHECK(machine.Resolve().toolchain.python_origin == "CONDA_PREFIX");
  machine.environment["VIRTUAL_ENV"] = machine.Home("env");
  const Toolchain found = machine.Resolve().toolchain;
  CHECK(found.python == machine.Home("env/bin/python"));
  CHECK(found.python_origin == "VIRTUAL_ENV");
  CHECK(found.environment.at("VIRTUAL_ENV") == machine.Home("env"));
  CHECK(found.read_only == Strings{machine.Home("env"), machine.Path("py")});
  CHECK(found.overlays == Strings{".venv"});
  CHECK(found.path[0] == machine.Home("env/bin"));
  machine.environment["VIRTUAL_ENV"] = machine.Home("gone");
  machine.environment.erase("CONDA_PREFIX");
  const auto broken = machine.Resolve();
  CHECK(broken.toolchain.python_origin == ".venv");
  REQUIRE(broken.notes.size() == 1);
  CHECK(broken.notes[0].find("VIRTUAL_ENV") != std::string::npos);
}

TEST_CASE("ATrackedEnvironmentIsContentAndNotUsed") {
  Machine machine;
  machine.Program(machine.Path("py/bin/python3.11"));
  machine.Program(machine.Path("sys/bin/python3"));
  machine.Venv(machine.Repo(".venv"), machine.Path("py"));
  machine.tracked = {".venv/bin/python"};
  machine.environment["PATH"] =
      machine.Repo(".venv/bin") + ":relative:." + ":" + machine.Path("sys/bin");
  const auto found = machine.Resolve();
  CHECK(found.toolchain.python == machine.Path("sys/bin/python3"));
  CHECK(found.toolchain.overlays.empty());
  CHECK(!Holds(found.toolchain.path, machine.Repo(".venv/bin")));
}

TEST_CASE("ScriptsOnPathAreNotInterpreters") {
  Machine machine;
  machine.Write(machine.Path("sys/bin/python3"), "#!/bin/sh\nexec something\n", 0755);
  CHECK(machine.Resolve().toolchain.python.empty());
  machine.Program(machine.Path("sys/bin/python"));
  CHECK(machine.Resolve().toolchain.python == machine.Path("sys/bin/python"));
}

TEST_CASE("PyenvsShimsAreResolvedByItsFiles") {
  Machine machine;
  const std::string root = machine.Home(".pyenv");
  machine.Pyenv(root, {"3.9.18", "3.11.2", "3.11.10", "3.12.1"});
  machine.Program(machine.Path("sys/bin/python3"));
  machine.environment["PATH"] = root + "/shims:" + machine.Path("sys/bin");
  const auto python = [&] { return machine.Resolve().toolchain.python; };
  CHECK(python() == machine.Path("sys/bin/python3"));  // nothing selected means "system"
  machine.Write(root + "/version", "3.9.18\n");
  CHECK(python() == root + "/versions/3.9.18/bin/python3");
  CHECK(machine.Resolve().toolchain.python_origin == "PATH, pyenv 3.9.18");
  CHECK(machine.Resolve().toolchain.read_only == Strings{root + "/versions/3.9.18"});
  machine.Write(machine.Home(".python-version"), "3.12.1\n");
  CHECK(python() == root + "/versions/3.12.1/bin/python3");
  machine.Write(machine.Repo(".python-version"), "# which\n3.11\n");
  CHECK(python() == root + "/versions/3.11.10/bin/python3");
  machine.environment["PYENV_VERSION"] = "3.8.0:system";
  CHECK(python() == machine.Path("sys/bin/python3"));
  machine.environment["PYENV_VERSION"] = "../../../bin:3.9.18";
  CHECK(python() == root + "/versions/3.9.18/bin/python3");
  CHECK(!Holds(machine.Resolve().toolchain.path, root + "/shims"));
}

TEST_CASE("WhatEditableInstallsReferToIsShown") {
  Machine machine;
  machine.Program(machine.Path("py/bin/python3.11"));
  machine.Venv(machine.Repo(".venv"), machine.Path("py"));
  const std::string site = machine.Repo(".venv/lib/python3.11/site-packages/");
  for (const char* folder : {"work/lib", "work/finder/src", "work/egg"}) {
    REQUIRE(MakeDirs(machine.Home(folder)).ok());
  }
  machine.Write(site + "other.pth",
                StrCat("# comment\nimport os; os.system('x')\n", machine.Home("work/lib"),
                       "\n/no/such/place\n../../bin\n", machine.Repo("src"), "\n"));
  machine.Write(site + "__editable___thing_1_0_finder.py",
                StrCat("MAPPING: dict[str, str] = {'thing': '", machine.Home("work/finder/src"),
                       "', 'own': \"", machine.Repo("src/own"), "\"}\n"));
  machine.Write(site + "egg.egg-link", machine.Home("work/egg") + "\n../\n");
  const auto found = machine.Resolve();
  CHECK(found.toolchain.read_only == Strings{machine.Home("work/egg"),
                                             machine.Home("work/finder/src"),
                                             machine.Home("work/lib"), machine.Path("py")});
  CHECK(found.notes.empty());
}

TEST_CASE("TheHomeAndItsHiddenFoldersAreNeverShown") {
  Machine machine;
  machine.Program(machine.Path("py/bin/python3.11"));
  machine.Venv(machine.Repo(".venv"), machine.Path("py"));
  const std::string site = machine.Repo(".venv/lib/python3.11/site-packages/");
  for (const char* folder : {".ssh", ".aws/cli", ".config/gh", ".local/share/keyrings", "fine"}) {
    REQUIRE(MakeDirs(machine.Home(folder)).ok());
  }
  machine.Link(machine.Home(".ssh"), machine.Home("innocent"));
  machine.Write(site + "evil.pth",
                StrCat("/\n/etc\n", machine.Path("home"), "\n", machine.Home(""), "\n",
                       machine.Home(".ssh"), "\n", machine.Home(".aws/cli"), "\n",
                       machine.Home(".config/gh"), "\n", machine.Home(".local/share/keyrings"),
                       "\n", machine.Home("innocent"), "\n", machine.Home("fine"), "\n"));
  const auto found = machine.Resolve();
  CHECK(found.toolchain.read_only == Strings{machine.Home("fine"), machine.Path("py")});
  CHECK(found.notes.size() == 8);
}

TEST_CASE("PackagesOfTheUserAreShownUnlessTheEnvironmentHidesThem") {
  Machine machine;
  machine.Program(machine.Path("py/bin/python3.11"));
  machine.Link("python3.11", machine.Path("py/bin/python3"));
  machine.environment["PATH"] = machine.Path("py/bin");
  const std::string site = machine.Home(".local/lib/python3.11/site-packages");
  REQUIRE(MakeDirs(site).ok());
  Toolchain found = machine.Resolve().toolchain;
  CHECK(Holds(found.read_only, site));
  CHECK(found.environment.at("PYTHONUSERBASE") == machine.Home(".local"));
  machine.Venv(machine.Repo("venv"), machine.Path("py"));
  found = machine.Resolve().toolchain;
  CHECK(found.python_origin == "venv");
  CHECK(!Holds(found.read_only, site));
}

TEST_CASE("PythonPathKeepsWhatMayBeShown") {
  Machine machine;
  REQUIRE(MakeDirs(machine.Home("libs")).ok());
  REQUIRE(MakeDirs(machine.Home(".ssh")).ok());
  REQUIRE(MakeDirs(machine.Repo("src")).ok());
  machine.environment["PYTHONPATH"] =
      StrCat(machine.Home("libs"), "::src:", machine.Home(".ssh"), ":/no/such");
  const auto found = machine.Resolve();
  CHECK(found.toolchain.environment.at("PYTHONPATH") ==
        StrCat(machine.Home("libs"), ":", machine.Repo("src")));
  CHECK(found.toolchain.read_only == Strings{machine.Home("libs")});
}

TEST_CASE("UntrackedDependencyFoldersAreOverlays") {
  Machine machine;
  for (const char* folder :
       {"build/lib", "src/pkg.egg-info", "src/build", "web/node_modules/x/node_modules", ".tox/py",
        "docs/dist", "env/bin", "plain", "a/b/c/build"}) {
    REQUIRE(MakeDirs(machine.Repo(folder)).ok());
  }
  machine.Write(machine.Repo("env/pyvenv.cfg"), "home = /nowhere\n");
  machine.Link("/tmp", machine.Repo("node_modules"));
  machine.tracked = {"docs/dist/index.html"};
  CHECK(machine.Resolve().toolchain.overlays ==
        Strings{".tox", "build", "env", "src/build", "src/pkg.egg-info", "web/node_modules"});
}

}  // namespace
}  // namespace coditect::python
