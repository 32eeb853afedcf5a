// Rules of the head and tail of an output.
#include "src/adapters/process/output_buffer.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect::process {

TEST_CASE("ShortOutputsAreKeptWhole") {
  OutputBuffer buffer(10);
  buffer.Append("abc");
  buffer.Append("defghij");
  CHECK_EQ(buffer.Text(), "abcdefghij");
  CHECK_EQ(OutputBuffer(10).Text(), "");
}

TEST_CASE("HeadAndTailAreTheSameForEveryWayOfAppending") {
  std::string all;
  for (int i = 0; i < 100; ++i) all += static_cast<char>('0' + i % 75);
  for (size_t keep = 0; keep <= 110; keep += 5) {
    for (size_t step = 1; step <= 100; ++step) {
      OutputBuffer buffer(keep);
      for (size_t i = 0; i < all.size(); i += step) buffer.Append(all.substr(i, step));
      const size_t head = keep / 2;
      const std::string expected =
          keep >= all.size() ? all
                             : StrCat(all.substr(0, head), "\n[... ", all.size() - keep,
                                      " bytes left out ...]\n", all.substr(100 - (keep - head)));
      REQUIRE_EQ(buffer.Text(), expected);
      REQUIRE_EQ(buffer.total_bytes(), 100);
    }
  }
}

}  // namespace coditect::process
