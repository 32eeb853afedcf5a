// Records of measured programs.
#include <doctest/doctest.h>

#include "src/adapters/native/gcov_records.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr uint32_t kVersion12 = 0x4232322a;  // "B22*"
constexpr uint32_t kStamp = 7;

std::string Word(uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

template <class... Values>
std::string Sequence(Values... values) {
  return (std::string() + ... + Word(static_cast<uint32_t>(values)));
}

std::string Record(uint32_t tag, const std::string& body) {
  return Word(tag) + Word(static_cast<uint32_t>(body.size())) + body;
}

std::string Text(const std::string& text) {
  return Word(static_cast<uint32_t>(text.size() + 1)) + text + std::string(1, '\0');
}

/// entry 0 -> 2; 2 -> 3 or 4; both -> exit 1. The arcs 2 -> 4 and 3 -> 1 are counted.
std::string Graph(uint32_t version = kVersion12) {
  return Sequence(0x67636e6f, version, kStamp, 0) + Text("/r/build") + Word(1) +
         Record(0x01000000, Sequence(11, 22, 33) + Text("f")) + Record(0x01410000, Word(5)) +
         Record(0x01430000, Sequence(0, 2, 1)) + Record(0x01430000, Sequence(2, 3, 1, 4, 0)) +
         Record(0x01430000, Sequence(3, 1, 0)) + Record(0x01430000, Sequence(4, 1, 1)) +
         Record(0x01450000, Word(2) + Word(0) + Text("../a.c") + Sequence(10, 0, 0)) +
         Record(0x01450000, Word(3) + Word(0) + Text("../a.c") + Sequence(11, 0, 0)) +
         Record(0x01450000, Word(4) + Word(0) + Text("../a.c") + Sequence(12, 0, 0));
}

std::string Counts(uint32_t to_4, uint32_t from_3, uint32_t stamp = kStamp) {
  return Sequence(0x67636461, kVersion12, stamp, 0) + Record(0x01000000, Sequence(11, 22, 33)) +
         Record(0x01a10000, Sequence(to_4, 0, from_3, 0)) + Word(0);
}

}  // namespace

TEST_CASE("CountsOfSomeArcsTellWhichLinesRan") {
  const auto graph = GcovGraph::Read(Graph());
  REQUIRE_MESSAGE(graph.ok(), Message(graph.status()));
  CHECK_EQ(graph->folder(), "/r/build");
  const auto lines = [&](uint32_t to_4, uint32_t from_3) {
    ExecutedLines out;
    const Status status = graph->AddLines(Counts(to_4, from_3), &out);
    CHECK_MESSAGE(status.ok(), Message(status));
    return out["../a.c"];
  };
  CHECK_EQ(lines(0, 1), std::set<uint32_t>{10, 11});
  CHECK_EQ(lines(3, 0), std::set<uint32_t>{10, 12});
  CHECK_EQ(lines(1, 1), std::set<uint32_t>{10, 11, 12});
  CHECK(lines(0, 0).empty());
}

TEST_CASE("CountsThatAreAllZeroMayBeLeftOut") {
  const auto graph = GcovGraph::Read(Graph());
  REQUIRE(graph.ok());
  ExecutedLines lines;
  const std::string left_out = Sequence(0x67636461, kVersion12, kStamp, 0) +
                               Record(0x01000000, Sequence(11, 22, 33)) + Sequence(0x01a10000, -16);
  CHECK(graph->AddLines(left_out, &lines).ok());
  CHECK(lines.empty());
}

TEST_CASE("RecordsOfAnotherBuildOrCompilerAreRefused") {
  const auto graph = GcovGraph::Read(Graph());
  REQUIRE(graph.ok());
  ExecutedLines lines;
  CHECK_FALSE(graph->AddLines(Counts(1, 1, kStamp + 1), &lines).ok());
  CHECK_FALSE(GcovGraph::Read(Graph(0x3430382a)).ok());  // "408*", as clang writes
  CHECK_FALSE(GcovGraph::Read("").ok());
}

TEST_CASE("RecordsThatAreCutOffOrDamagedDoNoHarm") {
  const std::string graph_bytes = Graph();
  for (size_t cut = 0; cut < graph_bytes.size(); ++cut) {
    static_cast<void>(GcovGraph::Read(std::string_view(graph_bytes).substr(0, cut)).ok());
    std::string damaged = graph_bytes;
    damaged[cut] = static_cast<char>(damaged[cut] ^ 0xff);
    const auto graph = GcovGraph::Read(damaged);
    ExecutedLines lines;
    if (graph.ok()) static_cast<void>(graph->AddLines(Counts(1, 1), &lines).ok());
  }
  const auto graph = GcovGraph::Read(graph_bytes);
  REQUIRE(graph.ok());
  const std::string counts = Counts(1, 1);
  for (size_t cut = 0; cut < counts.size(); ++cut) {
    ExecutedLines lines;
    static_cast<void>(graph->AddLines(counts.substr(0, cut), &lines).ok());
  }
}

}  // namespace coditect::native
