// CHECK: our own invariant is broken, so the process ends here with the place and the reason.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace coditect {

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition,
                                     const std::string& detail) {
  std::fprintf(stderr, "coditect: internal error at %s:%d: %s %s\n", file, line, condition,
               detail.c_str());
  std::abort();
}

}  // namespace coditect

#define CHECK(condition) CHECK_WITH(condition, std::string())
#define CHECK_WITH(condition, detail)                                                  \
  do {                                                                                 \
    if (!(condition)) ::coditect::CheckFailed(__FILE__, __LINE__, #condition, detail); \
  } while (false)
