// Rules of reading the repository's own configuration.
#include "src/adapters/git/config.h"

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

StatusOr<RepositoryConfig> Read(const std::string& text) {
  TestFolder folder;
  Ok(WriteFile(folder.Sub("config"), text));
  Ok(WriteFile(folder.Sub("included"), "[core]\n\tsharedRepository = group\n"));
  return ReadConfig(Context(), Ok(GitProgram::Find(Context())), folder.path());
}

}  // namespace

TEST_CASE("ExtensionsWeDoNotKnowAreRefusedByName") {
  CHECK(Read("[extensions]\n\tobjectFormat = sha256\n\tworktreeConfig\n\tnoop = x\n").ok());
  CHECK(Read("[extensions]\n\trefStorage = files\n").ok());
  const Status reftable = Read("[extensions]\n\trefStorage = reftable\n").status();
  CHECK(absl::IsFailedPrecondition(reftable));
  CHECK(Has(Message(reftable), "git refs migrate --ref-format=files"));
  const Status unknown = Read("[extensions]\n\tcompatObjectFormat = sha1\n").status();
  CHECK(absl::IsFailedPrecondition(unknown));
  CHECK(Has(Message(unknown), "'compatobjectformat'"));
}

TEST_CASE("OnlyWordsOfGitAreTakenOver") {
  CHECK(Ok(Read("[core]\n\tsharedRepository = group\n")).shared == "group");
  CHECK(Ok(Read("[core]\n\tsharedRepository = 0660\n")).shared == "0660");
  for (const char* value : {"\"group\\n[core]\\nhooksPath=x\"", "9999", "0999", "evil", "\"\""}) {
    CHECK_MESSAGE(Ok(Read(StrCat("[core]\n\tsharedRepository = ", value, "\n"))).shared == "",
                  value);
  }
  const RepositoryConfig config =
      Ok(Read("[core]\n\tautocrlf = input\n\tfileMode = false\n\teol = \"x\\nfsmonitor=evil\"\n"
              "\tfsmonitor = evil\n\tcheckStat = aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"));
  CHECK(Join(config.index_settings, " ") == "core.autocrlf=input core.filemode=false");
}

TEST_CASE("PromisingRemotesMakeAPartialClone") {
  CHECK_FALSE(Ok(Read("[remote \"origin\"]\n\turl = x\n\tpromisor = false\n")).partial_clone);
  CHECK(Ok(Read("[remote \"a.b c\"]\n\tpromisor\n")).partial_clone);
  CHECK(Ok(Read("[remote \"o\"]\n\tpromisor = true\n")).partial_clone);
  CHECK(Ok(Read("[extensions]\n\tpartialClone = origin\n")).partial_clone);
}

TEST_CASE("IncludedFilesAreNotRead") {
  CHECK(Ok(Read("[include]\n\tpath = included\n")).shared == "");
}

TEST_CASE("AConfigurationThatDoesNotParseIsNamed") {
  const Status status = Read("[core\n").status();
  CHECK(absl::IsDataLoss(status));
  CHECK(Has(Message(status), "config"));
}

}  // namespace coditect::git
