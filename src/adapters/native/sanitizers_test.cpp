// Reports of sanitizers as findings, and ends that make them worth asking for.
#include "src/adapters/native/sanitizers.h"

#include <doctest/doctest.h>

#include <csignal>

namespace coditect::native {
namespace {

constexpr const char* kOutput =
    "checking find\n"
    "../src/table.c:11:27: runtime error: index 3 out of bounds for type 'char *[3]'\n"
    "    #0 0x557d in find(char const*, int) /r/.coditect-build/sanitized/../../src/table.c:11\n"
    "    #1 0x557d in main /r/tests/t.c:4:1\n"
    "    #2 0x7feb in __libc_start_main_impl ../csu/libc-start.c:360\n"
    "    #3 0x7feb in begin ../../src/begin.c:2\n"
    "\n"
    "=================================================================\n"
    "==9136==ERROR: AddressSanitizer: heap-use-after-free on address 0x60 at pc 0x7f bp 0x7 sp "
    "0x7\n"
    "READ of size 1 at 0x602000000010 thread T0\n"
    "    #0 0x7feb in __interceptor_strcmp ../../../../src/libsanitizer/common.inc:461\n"
    "    #1 0x557d in name_of /r/src/names.c:20\n"
    "    #2 0x557d in main /r/tests/t.c:5\n"
    "\n"
    "freed by thread T0 here:\n"
    "    #0 0x7feb in __interceptor_free ../../../../src/libsanitizer/malloc.cpp:52\n"
    "    #1 0x557d in drop /r/src/names.c:31\n"
    "    #2 0x557d in main /r/tests/t.c:5\n"
    "\n"
    "previously allocated by thread T0 here:\n"
    "    #0 0x7feb in malloc ../../../../src/libsanitizer/malloc.cpp:69\n"
    "    #1 0x557d in copy /r/src/names.c:9\n"
    "SUMMARY: AddressSanitizer: heap-use-after-free /r/src/names.c:20 in name_of\n"
    "    #0 0x557d in nothing /r/src/names.c:1\n"
    "/usr/include/x.h:3:1: runtime error: division by zero\n"
    "    #0 0x7feb in outside /usr/include/x.h:3\n"
    "src/plain.c:7:3: runtime error: signed integer overflow: 1 + 2 cannot be represented\n";

JobOutcome Ended(JobEnd end, int code, std::string output) {
  JobOutcome outcome;
  outcome.end = end;
  outcome.code = code;
  outcome.output = std::move(output);
  return outcome;
}

}  // namespace

TEST_CASE("AFindingHasItsKindItsFramesAndWhoOwnedTheMemory") {
  const auto findings = ReadSanitizers(kOutput, "/r");
  REQUIRE_EQ(findings.size(), 3);
  CHECK_EQ(findings[0].kind, "index out of bounds for type");
  const std::vector<StackFrame> find = {{"src/begin.c", 2, "begin"},
                                        {"tests/t.c", 4, "main"},
                                        {"src/table.c", 11, "find(char const*, int)"}};
  CHECK_EQ(findings[0].stack, find);
  CHECK(findings[0].involved.empty());
  CHECK_EQ(findings[1].kind, "heap-use-after-free");
  CHECK_EQ(findings[1].stack.back(), StackFrame{"src/names.c", 20, "name_of"});
  const std::vector<StackFrame> owners = {{"src/names.c", 31, "drop"}, {"src/names.c", 9, "copy"}};
  CHECK_EQ(findings[1].involved, owners);
}

TEST_CASE("WithoutFramesTheHeadTellsThePlace") {
  const auto findings = ReadSanitizers(kOutput, "/r");
  CHECK_EQ(findings.back().kind, "signed integer overflow");
  CHECK_EQ(findings.back().stack, std::vector<StackFrame>{{"src/plain.c", 7, ""}});
}

TEST_CASE("WhatLiesOutsideTheRepositoryIsNoFinding") {
  CHECK(ReadSanitizers("/usr/include/x.h:3:1: runtime error: division by zero\n", "/r").empty());
  CHECK(ReadSanitizers("what.c: runtime error: \n==1==ERROR: AddressSanitizer: ", "/r").empty());
  CHECK(ReadSanitizers("", "/r").empty());
}

TEST_CASE("FaultsAndBrokenHeapsEndATestAsUndefinedBehaviourDoes") {
  CHECK(EndedByFault(Ended(JobEnd::kSignal, SIGSEGV, "")));
  CHECK(EndedByFault(Ended(JobEnd::kSignal, SIGABRT, "free(): invalid pointer\n")));
  CHECK(EndedByFault(Ended(JobEnd::kExit, 2, "make: *** [check] Segmentation fault\n")));
  CHECK_FALSE(EndedByFault(Ended(JobEnd::kSignal, SIGABRT, "Assertion `a' failed.\n")));
  CHECK_FALSE(EndedByFault(Ended(JobEnd::kExit, 1, "")));
  CHECK_FALSE(EndedByFault(Ended(JobEnd::kExit, 0, "it prints Segmentation fault\n")));
}

}  // namespace coditect::native
