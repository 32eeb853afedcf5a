// Rules of reading unified diffs.
#include "src/domain/change.h"

#include <doctest/doctest.h>

#include <random>

namespace coditect {
namespace {

std::string Show(const std::vector<Hunk>& hunks) {
  std::string out;
  for (const Hunk& hunk : hunks) out += StrCat(hunk.file, ":", hunk.first, "+", hunk.count, " ");
  return out;
}

std::string Parse(std::string_view diff) {
  const StatusOr<std::vector<Hunk>> hunks = ParseUnifiedDiff(diff);
  return hunks.ok() ? Show(*hunks) : Message(hunks.status());
}

constexpr char kHeader[] = "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n";

}  // namespace

TEST_CASE("EachRunOfChangedLinesIsOneHunkInNewNumbering") {
  CHECK(
      Parse(StrCat(kHeader, "@@ -1,7 +1,7 @@ def f():\n a\n-b\n+B\n c\n d\n+new\n e\n-f\n g\n")) ==
      "f:2+1 f:5+1 f:6+0 ");
}

TEST_CASE("APureDeletionStandsAfterTheLineBeforeIt") {
  CHECK(Parse(StrCat(kHeader, "@@ -1,2 +1 @@\n a\n-b\n")) == "f:1+0 ");
  CHECK(Parse(StrCat(kHeader, "@@ -1 +0,0 @@\n-a\n")) == "f:0+0 ");
  CHECK(Parse(StrCat(kHeader, "@@ -4 +3,0 @@\n-a\n")) == "f:3+0 ");
}

TEST_CASE("AnAdditionBeforeItsDeletionIsOneRun") {
  CHECK(Parse(StrCat(kHeader, "@@ -1,2 +1,3 @@\n+x\n-a\n+y\n b\n")) == "f:1+2 ");
}

TEST_CASE("AMissingLineFeedAtTheEndIsNoLine") {
  CHECK(Parse(StrCat(kHeader,
                     "@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+b\n+c\n\\ No newline "
                     "at end of file\n")) == "f:1+2 ");
}

TEST_CASE("NewAndDeletedFilesAreHunks") {
  CHECK(Parse("diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n"
              "+a\n+b\n") == "n:1+2 ");
  CHECK(Parse("diff --git a/d b/d\ndeleted file mode 100644\n--- a/d\n+++ /dev/null\n"
              "@@ -1,2 +0,0 @@\n-a\n-b\n") == "d:0+0 ");
}

TEST_CASE("ContentThatLooksLikeDiffIsContent") {
  CHECK(
      Parse(StrCat(kHeader, "@@ -1,2 +1,3 @@\n--- a/evil\n+++ b/evil\n+@@ -1 +9 @@\n diff x\n")) ==
      "f:1+2 ");
}

TEST_CASE("QuotedNamesAreUnquoted") {
  CHECK(Parse("--- \"a/t\\tn\\n\\303\\244 \\\"\\\\\"\n+++ \"b/t\\tn\\n\\303\\244 \\\"\\\\\"\n"
              "@@ -1 +1 @@\n-a\n+b\n") == "t\tn\n\xC3\xA4 \"\\:1+1 ");
  CHECK(Parse("--- a/two words\t\n+++ b/two words\t\n@@ -1 +1 @@\n-a\n+b\n") == "two words:1+1 ");
}

TEST_CASE("ChangesWithoutLinesGiveNoHunks") {
  CHECK(Parse("") == "");
  CHECK(Parse("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n") == "");
  CHECK(Parse("diff --git a/x b/x\nindex 1..2\nBinary files a/x and b/x differ\n") == "");
}

TEST_CASE("MalformedDiffsAreRefusedWithTheirLine") {
  CHECK(Parse("@@ -1 +1 @@\n") == "diff line 1: a hunk stands before its file's name");
  CHECK(Parse(StrCat(kHeader, "diff --git a/g b/g\n@@ -1 +1 @@\n-a\n+b\n")) ==
        "diff line 6: a hunk stands before its file's name");
  CHECK(Parse("--- a/f\n@@ -1 +1 @@\n") == "diff line 2: a '+++' line is missing");
  CHECK(Parse("--- a/f\n") == "diff line 1: a '+++' line is missing");
  CHECK(Parse("--- /dev/null\n+++ /dev/null\n") == "diff line 2: neither side names a file");
  CHECK(Parse("--- a/f\n+++ f\n") == "diff line 2: a file name does not start with b/");
  CHECK(Parse("--- a/f\n+++ b/\n") == "diff line 2: a file name does not start with b/");
  for (const char* name :
       {"\"b/\\9\"", "\"b/\\40\"", "\"b/x", "\"b/\\", "\"b/\\777\"", "\"b/\"x\""}) {
    CHECK(Parse(StrCat("--- a/f\n+++ ", name, "\n")) ==
          "diff line 2: a quoted file name is malformed");
  }
  for (const char* header : {"@@ -1", "@@  @@", "@@ -1 1 @@", "@@ 1 +1 @@", "@@ -1,-1 +1 @@",
                             "@@ -1 +99999999999 @@", "@@ -a +b @@", "@@ - + @@"}) {
    CHECK(Parse(StrCat(kHeader, header, "\n-a\n+b\n")) ==
          "diff line 5: a hunk's header is malformed");
  }
  CHECK(Parse(StrCat(kHeader, "@@ -1,9 +1,9 @@\n-a\n+b\n")) ==
        "diff line 7: a hunk ends too early");
  for (const char* body : {"+a\n+b\n-c\n", "-a\n-b\n", "~a\n", "@@ -1 +1 @@\n"}) {
    CHECK(Parse(StrCat(kHeader, "@@ -1 +1 @@\n", body)).find("do not match its header") !=
          std::string::npos);
  }
}

TEST_CASE("AnyBytesAreEitherReadOrRefused") {
  const std::string seed = StrCat(kHeader, "@@ -1,3 +1,4 @@\n a\n-b\n+\"c\n+d\\\n e\n", kHeader,
                                  "@@ -9 +9,0 @@ x\n-q\n\\ No newline\n");
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed;
    for (auto edits = random() % 6; edits > 0 && !text.empty(); --edits) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = "\n\t \\\"@+-,0129ab/"[random() % 16];
          break;
        case 1:
          text.erase(at, random() % 5);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
          break;
        default:
          text.resize(at + 1);
      }
    }
    const StatusOr<std::vector<Hunk>> hunks = ParseUnifiedDiff(text);
    if (!hunks.ok()) REQUIRE(hunks.status().code() == absl::StatusCode::kInvalidArgument);
    if (!hunks.ok()) continue;
    for (const Hunk& hunk : *hunks) REQUIRE(!hunk.file.empty());
  }
}

}  // namespace coditect
