// Durable writes.
#include "src/base/file.h"

#include <doctest/doctest.h>

#include "src/base/random.h"

namespace coditect {

TEST_CASE("ADurableWriteReplacesWhatWasThereAndLeavesNothingElse") {
  const std::string folder = StrCat("/tmp/coditect-test-", RandomHex(6));
  REQUIRE(MakeDirs(folder).ok());
  for (const char* text : {"first", "second"}) {
    REQUIRE(WriteFileDurably(folder + "/file", text).ok());
    CHECK_EQ(*ReadFile(folder + "/file"), text);
    CHECK_EQ(*ListDir(folder), std::vector<std::string>{"file"});
  }
  CHECK(absl::IsNotFound(WriteFileDurably(folder + "/absent/file", "x")));
  CHECK(RemoveTree(folder).ok());
}

}  // namespace coditect
