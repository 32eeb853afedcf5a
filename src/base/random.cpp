// Random identifiers.
#include "src/base/random.h"

#include <sys/random.h>

#include "src/base/check.h"
#include "src/base/strings.h"

namespace coditect {

std::string RandomHex(int bytes) {
  std::string raw(static_cast<size_t>(bytes), '\0');
  CHECK(::getrandom(raw.data(), raw.size(), 0) == static_cast<ssize_t>(raw.size()));
  return HexEncode(raw);
}

}  // namespace coditect
