// Installation of the embedded scripts.
#include "src/adapters/python/support_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/adapters/python/packages.h"
#include "src/base/file.h"

namespace coditect::python {
namespace {

TEST_CASE("ScriptsAreInstalledOnceAndRepaired") {
  std::string folder = "/tmp/coditect-support-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const mode_t before = ::umask(077);
  const auto place = InstallSupportScripts(folder + "/deep/er");
  ::umask(before);
  REQUIRE(place.ok());
  REQUIRE(SupportScripts().size() > 10);
  for (const SupportFile& file : SupportScripts()) {
    const std::string path = JoinPath(*place, file.name);
    CHECK(*ReadFile(path) == file.text);
    CHECK(!file.text.empty());
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0644);
    REQUIRE(::stat(DirName(path).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0755);
  }
  REQUIRE(WriteFile(JoinPath(*place, "start.py"), "torn").ok());
  const auto again = InstallSupportScripts(folder + "/deep/er");
  REQUIRE(again.ok());
  CHECK(*again == *place);
  CHECK(*ReadFile(JoinPath(*place, "start.py")) == SupportScripts()[0].text);
  CHECK(ListDir(folder + "/deep/er")->size() == 1);
  CHECK(RemoveTree(folder).ok());
}

TEST_CASE("AMissingModuleIsOneSentenceWithTheCommand") {
  CHECK(MissingModuleSentence("/v/bin/python", "pytest") ==
        "the Python module 'pytest' is missing; `/v/bin/python -m pip install pytest` would "
        "install it");
  CHECK(MissingModuleSentence("/a b/python", "yaml") ==
        "the Python module 'yaml' is missing; `'/a b/python' -m pip install PyYAML` would "
        "install it");
}

}  // namespace
}  // namespace coditect::python
