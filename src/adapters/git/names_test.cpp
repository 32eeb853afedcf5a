// Rules of names.
#include "src/adapters/git/names.h"

#include <doctest/doctest.h>

namespace coditect::git {

TEST_CASE("OrdinaryPathsHaveNoFault") {
  for (const char* path :
       {"a",        "a/b.py",   "-rf",   "--help",      " ",         "two words", "new\nline",
        "q\"uote'", "\xff\xfe", "...",   ".gitignore",  ".github/x", "git",       ".gi",
        "a.git",    "x~1",      "git~2", "back\\slash", ".git-x",    "C:"}) {
    CHECK_MESSAGE(PathFault(path) == "", path);
  }
}

TEST_CASE("PathsThatLeaveTheTreeHaveAFault") {
  for (const char* path : {"", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", ".", "./a",
                           "a/./b", "a//b", "a/", "//"}) {
    CHECK_MESSAGE(PathFault(path) != "", path);
  }
  CHECK(PathFault(std::string_view("a\0b", 3)) != "");
  CHECK(PathFault(std::string(256, 'a')) != "");
  CHECK(PathFault(std::string(255, 'a')) == "");
  std::string deep = "a";
  while (deep.size() < 300) deep += "/a";
  CHECK(PathFault(deep) != "");
  CHECK(PathFault(std::string(2000, 'a') + "/" + std::string(3000, 'b')) != "");
}

TEST_CASE("EverySpellingOfDotGitHasAFault") {
  for (const char* path : {".git",
                           ".git/hooks/pre-commit",
                           ".GIT/config",
                           ".gIt",
                           "a/.git/config",
                           "a/.Git",
                           "git~1",
                           "GIT~1/config",
                           ".git.",
                           ".git ",
                           ".git. . /x",
                           ".git::$INDEX_ALLOCATION/config",
                           ".git:x",
                           ".git\\config",
                           "a\\.git",
                           "git~1 .",
                           ".g\xE2\x80\x8Cit",
                           "\xEF\xBB\xBF.git",
                           ".gi\xE2\x80\xAEt/config",
                           ".git\xE2\x81\xAF",
                           "\xE2\x80\x8D.GIT"}) {
    CHECK_MESSAGE(Split(PathFault(path), ' ')[0] == "leads", path);
  }
}

TEST_CASE("LinksMayPointInsideTheTree") {
  CHECK(LinkFault("a", "b") == "");
  CHECK(LinkFault("d/a", "../b") == "");
  CHECK(LinkFault("d/e/a", "../../b/c") == "");
  CHECK(LinkFault("a", "./b") == "");
  CHECK(LinkFault("d/a", "..") == "");
  CHECK(LinkFault("a", "not there") == "");
}

TEST_CASE("LinksOutOfTheTreeHaveAFault") {
  CHECK(LinkFault("a", "/etc/passwd") != "");
  CHECK(LinkFault("a", "..") != "");
  CHECK(LinkFault("a", "../x") != "");
  CHECK(LinkFault("d/a", "../../x") != "");
  CHECK(LinkFault("d/a", ".././../x") != "");
  CHECK(LinkFault("a", "") != "");
  CHECK(LinkFault("a", ".git/config") != "");
  CHECK(LinkFault("d/a", "../.GIT") != "");
  CHECK(LinkFault("a", std::string_view("b\0c", 3)) != "");
  CHECK(LinkFault("a", std::string(5000, 'x')) != "");
}

TEST_CASE("ALinkMustNotClimbBehindAName") {
  // With `l -> .`, `l/../x` leaves the tree though it looks inside.
  CHECK(LinkFault("m", "l/../x") != "");
  CHECK(LinkFault("d/m", "../l/../x") != "");
  CHECK(LinkFault("d/e/m", "l/../x") != "");
}

TEST_CASE("OnlyFullIdsAreIds") {
  const std::string sha1(40, 'a');
  CHECK(IsObjectId(sha1, "sha1"));
  CHECK_FALSE(IsObjectId(sha1, "sha256"));
  CHECK(IsObjectId(std::string(64, '0'), "sha256"));
  for (const char* id : {"", "abc", "HEAD", "--all", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa^",
                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    CHECK_MESSAGE(!IsObjectId(id, "sha1"), id);
  }
}

TEST_CASE("RefNamesFollowGitsRules") {
  for (const char* ref : {"refs/coditect/r-1/2/3-4", "refs/heads/main", "refs/heads/\xC3\xA4"}) {
    CHECK_MESSAGE(IsRefName(ref), ref);
  }
  for (const char* ref :
       {"",           "HEAD",     "refs",        "refs/",         "refs/coditect/", "refs//x",
        "refs/a..b",  "refs/.a",  "refs/a.lock", "refs/a.lock/b", "refs/a b",       "refs/a~1",
        "refs/a^",    "refs/a:b", "refs/a?",     "refs/a*",       "refs/a[b",       "refs/a\\b",
        "refs/a@{1}", "refs/a.",  "refs/a\n",    "refs/a\x7f",    "refs/../x",      "-refs/x"}) {
    CHECK_MESSAGE(!IsRefName(ref), ref);
  }
}

TEST_CASE("OnlyCoditectsRefsAreWritable") {
  CHECK(CheckWritableRef("refs/coditect/r/1", false).ok());
  CHECK(CheckWritableRef("refs/coditect/r/1", true).ok());
  CHECK(CheckWritableRef("refs/heads/coditect/r", true).ok());
  CHECK_FALSE(CheckWritableRef("refs/heads/coditect/r", false).ok());
  for (const char* ref : {"refs/heads/main", "refs/heads/coditect", "refs/coditect", "refs/tags/x",
                          "refs/stash", "refs/heads/coditectx/y", "refs/replace/x", "HEAD"}) {
    CHECK_MESSAGE(!CheckWritableRef(ref, true).ok(), ref);
  }
}

TEST_CASE("AuthorsAreStoredAsGivenOrRefused") {
  const StatusOr<Author> author = ParseAuthor("Ada L\xC3\xB6ve <ada@example.org>");
  REQUIRE(author.ok());
  CHECK(author->name == "Ada L\xC3\xB6ve");
  CHECK(author->mail == "ada@example.org");
  for (const char* text :
       {"", "Ada", "<a@b>", " <a@b>", "Ada <>", "Ada <a@b", "Ada <a@b> x", "Ada\n <a@b>",
        "Ada <a\n@b>", "A<d>a <a@b>", "Ada. <a@b>", "\"Ada\" <a@b>", "Ada <a@b >"}) {
    CHECK_MESSAGE(!ParseAuthor(text).ok(), text);
  }
}

}  // namespace coditect::git
