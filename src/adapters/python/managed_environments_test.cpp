// Where each manager keeps a project's environment.
#include "src/adapters/python/managed_environments.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include "src/adapters/python/interpreter.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

/// A home with a repository; environments are folders with their mark and a program.
class Managed {
 public:
  Managed() {
    std::string name = "/tmp/coditect-managed-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    home = *RealPath(name);
    repository = home + "/shop";
    REQUIRE(MakeDirs(repository).ok());
  }
  ~Managed() { CHECK(RemoveTree(home).ok()); }

  void Write(const std::string& path, const std::string& text, unsigned mode = 0644) const {
    REQUIRE(MakeDirs(DirName(path)).ok());
    REQUIRE(WriteFile(path, text, mode).ok());
  }
  void Project(const std::string& name, const std::string& text = "") const {
    Write(JoinPath(repository, name), text);
  }
  void Environment(const std::string& prefix, const std::string& mark = "pyvenv.cfg") const {
    Write(prefix + "/bin/python",
          "\x7f"
          "ELF program",
          0755);
    Write(JoinPath(prefix, mark), "home = /usr/bin\n");
  }
  /// "origin prefix" of each, the home as ~.
  std::vector<std::string> Found() const {
    std::vector<std::string> out;
    for (const auto& one : FindManagedEnvironments(repository, home, environment).found) {
      out.push_back(StrCat(one.origin, " ~", one.prefix.substr(home.size())));
    }
    return out;
  }
  std::string Command() const {
    return FindManagedEnvironments(repository, home, environment).command;
  }
  ResolvedToolchain Resolve() const {
    auto variables = environment;
    variables["HOME"] = home;
    return ResolveToolchain({.repository = repository,
                             .environment = variables,
                             .is_tracked = [](const std::string&) { return false; }});
  }

  std::string home;
  std::string repository;
  std::map<std::string, std::string> environment;
};

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("LettersOfAPathAreThoseOfTheManagers") {
  // base64.urlsafe_b64encode(hashlib.sha256(path).digest())[:8] of Python
  CHECK_EQ(PathLetters("/srv/shop"), "58fqC6Q1");
  CHECK_EQ(PathLetters("/srv/shop/Pipfile"), "F2F75yho");
}

TEST_CASE("EnvironmentsInCachesAreFoundByTheProjectsPath") {
  Managed machine;
  const std::string letters = PathLetters(machine.repository);
  machine.Project("pyproject.toml", "[tool.poetry]\nname = \"Shop\"\n[tool.hatch.envs.default]\n");
  const std::string cache = machine.home + "/.cache/pypoetry/virtualenvs/";
  machine.Environment(StrCat(cache, "shop-", letters, "-py3.9"));
  machine.Environment(StrCat(cache, "shop-", letters, "-py3.11"));
  machine.Environment(cache + "shop-AAAAAAAA-py3.12");  // of another folder
  machine.Environment(
      StrCat(machine.home, "/.local/share/hatch/env/virtual/shop/", letters, "/shop"));
  machine.Project("Pipfile");
  machine.Environment(StrCat(machine.home, "/.local/share/virtualenvs/shop-",
                             PathLetters(machine.repository + "/Pipfile")));
  const Strings found = machine.Found();
  REQUIRE_EQ(found.size(), 4u);
  CHECK_EQ(found[0], StrCat("Poetry ~/.cache/pypoetry/virtualenvs/shop-", letters, "-py3.11"));
  CHECK(found[2].starts_with("Pipenv ~/.local/share/virtualenvs/shop-"));
  CHECK(found[3].starts_with("Hatch ~/.local/share/hatch/env/virtual/shop/"));
  machine.Write(cache + "envs.toml", StrCat("[other-AAAAAAAA]\nminor = \"3.12\"\n[shop-", letters,
                                            "]\nminor = \"3.9\"\npatch = \"3.9.2\"\n"));
  CHECK(machine.Found()[0].ends_with("-py3.9"));
  CHECK_EQ(machine.Resolve().toolchain.python_origin, "Poetry");
}

TEST_CASE("CondaEnvironmentsAreFoundByTheNameInTheirFile") {
  Managed machine;
  machine.Project("environment.yml", "channels: [x]\nname: \"shop\"  # ours\ndependencies: []\n");
  CHECK_EQ(machine.Found(), Strings{});
  CHECK_EQ(machine.Command(), "conda env create -f environment.yml");
  machine.Environment(machine.home + "/miniconda3/envs/shop", "conda-meta");
  CHECK_EQ(machine.Found(), Strings{"conda shop ~/miniconda3/envs/shop"});
  const ResolvedToolchain resolved = machine.Resolve();
  CHECK_EQ(resolved.toolchain.python_origin, "conda shop");
  CHECK_EQ(resolved.toolchain.environment.at("CONDA_PREFIX"),
           machine.home + "/miniconda3/envs/shop");
  machine.Project("environment.yml", "name: ../../etc\n");
  CHECK_EQ(machine.Found(), Strings{});
}

TEST_CASE("ToxesListDecidesTheOrder") {
  Managed machine;
  machine.Project(
      "tox.ini", "[tox]\nenvlist =\n    lint,\n    py{39,311}-{a,b}\n    docs\n[testenv]\nx = 1\n");
  machine.Environment(machine.repository + "/.tox/py311-b");
  machine.Environment(machine.repository + "/.tox/py39-a");
  machine.Environment(machine.repository + "/.tox/.pkg");
  machine.Environment(machine.repository + "/.tox/other");
  const Strings found = machine.Found();
  REQUIRE(found.size() >= 2);
  CHECK_EQ(found[0], "tox py39-a ~/shop/.tox/py39-a");
  CHECK_EQ(found[1], "tox py311-b ~/shop/.tox/py311-b");
  CHECK_EQ(machine.Command(), "");  // the shell's Python is as good
  for (const std::string& one : found) CHECK_FALSE(Contains(one, ".pkg"));
}

TEST_CASE("NoxSessionsForTestsAreUsed") {
  Managed machine;
  machine.Project("noxfile.py");
  machine.Environment(machine.repository + "/.nox/lint");
  machine.Environment(machine.repository + "/.nox/tests-3-9");
  machine.Environment(machine.repository + "/.nox/tests-3-11");
  CHECK_EQ(machine.Found(),
           Strings{"nox tests-3-11 ~/shop/.nox/tests-3-11", "nox tests-3-9 ~/shop/.nox/tests-3-9"});
}

TEST_CASE("PdmAndUvNameTheirEnvironment") {
  Managed machine;
  machine.Project("pdm.lock");
  CHECK_EQ(machine.Command(), "pdm install");
  machine.Environment(machine.home + "/envs/x");
  machine.Project(".pdm-python", machine.home + "/envs/x/bin/python\n");
  CHECK_EQ(machine.Found(), Strings{"PDM ~/envs/x"});
  machine.Project("uv.lock");
  machine.environment["UV_PROJECT_ENVIRONMENT"] = machine.home + "/envs/x";
  CHECK_EQ(machine.Found()[0], "uv ~/envs/x");
  CHECK_EQ(machine.Command(), "uv sync");
}

TEST_CASE("AMissingEnvironmentIsToldWithTheCommandThatMakesIt") {
  const std::pair<const char*, const char*> kProjects[] = {
      {"poetry.lock", "poetry install"},
      {"uv.lock", "uv sync"},
      {"Pipfile", "pipenv install --dev"},
      {"pdm.lock", "pdm install"},
      {"hatch.toml", "hatch env create"},
      {"environment.yaml", "conda env create -f environment.yaml"}};
  for (const auto& [file, command] : kProjects) {
    Managed machine;
    machine.Project(file);
    const Strings notes = machine.Resolve().notes;
    REQUIRE_EQ(notes.size(), 1u);
    CHECK(Contains(notes[0], StrCat("`", command, "` creates it")));
  }
  Managed plain;
  plain.Project("pyproject.toml", "[project]\nname = \"shop\"\n");
  CHECK_EQ(plain.Resolve().notes, Strings{});
}

TEST_CASE("ABrokenEnvironmentIsToldWithTheCommandThatMakesItAnew") {
  Managed machine;
  machine.Project("uv.lock");
  machine.Project(".venv/pyvenv.cfg", "home = /nowhere/bin\n");
  const Strings notes = machine.Resolve().notes;
  REQUIRE_EQ(notes.size(), 1u);
  CHECK(Contains(notes[0], "has no usable interpreter; `uv sync` makes it anew"));
}

}  // namespace coditect::python
