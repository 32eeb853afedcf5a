// JSON of the channel.
#include "src/adapters/python/messages.h"

#include <nlohmann/json.hpp>

#include "src/base/sha256.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

using Json = nlohmann::json;

constexpr size_t kTextMax = 8192;
constexpr size_t kListMax = 100'000;
constexpr uint32_t kLineMax = 10'000'000;
constexpr size_t kLinesPerMessageMax = 2'000'000;

/// Typed access to one message's members; the first fault is kept and everything after is empty.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  std::string Text(const char* name) {
    const Json* value = Member(name);
    if (value == nullptr) return "";
    if (!value->is_string() || value->get_ref<const std::string&>().size() > kTextMax) {
      return Fail(name), "";
    }
    return value->get<std::string>();
  }
  uint64_t Number(const char* name, uint64_t max) {
    const Json* value = Member(name);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned() || value->get<uint64_t>() > max) return Fail(name), 0;
    return value->get<uint64_t>();
  }
  bool Flag(const char* name) {
    const Json* value = Member(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return Fail(name), false;
    return value->get<bool>();
  }
  const Json& List(const char* name) {
    static const Json empty = Json::array();
    const Json* value = Member(name);
    if (value == nullptr) return empty;
    if (!value->is_array() || value->size() > kListMax) return Fail(name), empty;
    return *value;
  }
  std::vector<std::string> Texts(const char* name) { return TextsOf(List(name), name); }
  std::vector<std::string> TextsOf(const Json& list, const char* name) {
    std::vector<std::string> texts;
    if (!list.is_array()) return Fail(name), texts;
    for (const Json& item : list) {
      if (!item.is_string() || item.get_ref<const std::string&>().size() > kTextMax) {
        return Fail(name), texts;
      }
      texts.push_back(item.get<std::string>());
    }
    return texts;
  }
  void Fail(const char* name) {
    if (fault_ == nullptr) fault_ = name;
  }
  Status status() const {
    if (fault_ == nullptr) return absl::OkStatus();
    return InvalidArgument("a message of the test process has a bad field '", fault_, "'");
  }

 private:
  const Json* Member(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end()) return Fail(name), nullptr;
    return &*found;
  }

  const Json& json_;
  const char* fault_ = nullptr;
};

std::vector<StackFrame> ReadStack(Reader& reader) {
  std::vector<StackFrame> stack;
  for (const Json& item : reader.List("stack")) {
    if (!item.is_array() || item.size() != 3 || !item[0].is_string() ||
        !item[1].is_number_unsigned() || !item[2].is_string()) {
      return reader.Fail("stack"), stack;
    }
    StackFrame frame;
    frame.file = item[0].get<std::string>();
    frame.line = static_cast<uint32_t>(std::min<uint64_t>(item[1].get<uint64_t>(), kLineMax));
    frame.function = item[2].get<std::string>();
    stack.push_back(std::move(frame));
  }
  return stack;
}

TestCase ReadTestCase(Reader& reader) {
  TestCase test;
  test.id = reader.Text("id");
  const std::string status = reader.Text("s");
  test.status = status == "passed"    ? TestStatus::kPassed
                : status == "failed"  ? TestStatus::kFailed
                : status == "skipped" ? TestStatus::kSkipped
                                      : TestStatus::kUnspecified;
  if (test.status == TestStatus::kUnspecified) reader.Fail("s");
  test.wall_us = reader.Number("us", uint64_t{1} << 50);
  test.message = reader.Text("message");
  test.error_type = reader.Text("error");
  test.stack = ReadStack(reader);
  test.file = reader.Text("file");
  test.line = static_cast<uint32_t>(reader.Number("line", kLineMax));
  test.network = reader.Flag("net");
  return test;
}

/// "1-3,7": ascending, apart.
bool ParseRanges(std::string_view text, std::vector<uint32_t>* lines) {
  for (const std::string& part : Split(text, ',')) {
    const size_t dash = part.find('-');
    long long first = 0;
    long long last = 0;
    const long long after = lines->empty() ? 0 : lines->back();
    if (!ParseInt(part.substr(0, dash), after + 1, kLineMax, &first)) return false;
    last = first;
    if (dash != std::string::npos && !ParseInt(part.substr(dash + 1), first, kLineMax, &last)) {
      return false;
    }
    if (lines->size() + static_cast<size_t>(last - first) >= kLinesPerMessageMax) return false;
    for (long long line = first; line <= last; ++line) {
      lines->push_back(static_cast<uint32_t>(line));
    }
  }
  return true;
}

Lines ReadLines(Reader& reader, bool watched) {
  Lines lines;
  lines.watched = watched;
  lines.id = reader.Text("id");
  size_t total = 0;
  for (const Json& item : reader.List("files")) {
    std::vector<uint32_t> numbers;
    if (!item.is_array() || item.size() != 2 || !item[0].is_number_unsigned() ||
        item[0].get<uint64_t>() > kListMax || !item[1].is_string() ||
        !ParseRanges(item[1].get_ref<const std::string&>(), &numbers)) {
      return reader.Fail("files"), lines;
    }
    total += numbers.size();
    if (total > kLinesPerMessageMax) return reader.Fail("files"), lines;
    lines.files.emplace_back(item[0].get<uint32_t>(), std::move(numbers));
  }
  return lines;
}

Judged ReadJudged(Reader& reader) {
  Judged judged;
  judged.cpu_ms = reader.Number("cpu_ms", uint64_t{1} << 50);
  for (const Json& item : reader.List("r")) {
    const bool shaped = item.is_array() && item.size() == 5 && item[0].is_number_unsigned() &&
                        item[1].is_number_unsigned() && item[1].get<uint64_t>() <= 4 &&
                        item[2].is_number_unsigned() && item[3].is_number_unsigned() &&
                        item[4].is_boolean();
    if (!shaped) return reader.Fail("r"), judged;
    JudgedCandidate answer;
    answer.number = item[0].get<uint64_t>();
    answer.verdict = static_cast<CandidateVerdict>(item[1].get<int>());
    answer.tests = item[2].get<uint32_t>();
    answer.passed = item[3].get<uint32_t>();
    answer.out_of_fuel = item[4].get<bool>();
    judged.answers.push_back(answer);
  }
  return judged;
}

ObservedName ReadName(Reader& reader) {
  ObservedName name;
  const Json& row = reader.List("row");
  if (row.size() != 6) return reader.Fail("row"), name;
  for (size_t i = 0; i < 3; ++i) {
    if (!row[i].is_string()) return reader.Fail("row"), name;
  }
  name.file = row[0].get<std::string>();
  name.function = row[1].get<std::string>();
  name.name = row[2].get<std::string>();
  name.kinds = reader.TextsOf(row[3], "row");
  name.elements = reader.TextsOf(row[4], "row");
  name.samples = reader.TextsOf(row[5], "row");
  return name;
}

CollectionError ReadCollectionError(Reader& reader) {
  CollectionError error;
  error.file = reader.Text("file");
  error.message = reader.Text("message");
  error.missing_module = reader.Text("missing");
  error.stack = ReadStack(reader);
  return error;
}

Probe ReadProbe(Reader& reader) {
  return {.python = reader.Text("python"),
          .implementation = reader.Text("implementation"),
          .pytest = reader.Text("pytest"),
          .error = reader.Text("error")};
}

ChannelMessage ReadByType(const std::string& type, Reader& reader) {
  if (type == "start") return Started{reader.Text("id")};
  if (type == "end") return ReadTestCase(reader);
  if (type == "lines") return ReadLines(reader, false);
  if (type == "hits") return ReadLines(reader, true);
  if (type == "judged") return ReadJudged(reader);
  if (type == "name") return ReadName(reader);
  if (type == "observed") return Observed{};
  if (type == "hello") return Hello{reader.Text("runner"), reader.Text("version")};
  if (type == "collected") return Collected{reader.Texts("tests")};
  if (type == "collect_error") return ReadCollectionError(reader);
  if (type == "warning") return Warning{reader.Text("text")};
  if (type == "probe") return ReadProbe(reader);
  if (type == "ready") return Ready{reader.Texts("failing")};
  if (type == "error") return Refused{reader.Text("text")};
  if (type == "file") {
    return FileName{static_cast<uint32_t>(reader.Number("n", kListMax)), reader.Text("path")};
  }
  if (type == "done") {
    return Done{static_cast<int>(reader.Number("exit", 1 << 16)), reader.Flag("normal")};
  }
  reader.Fail("t");
  return Observed{};
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

/// Bytes as the characters U+0000 to U+00FF: what any bytes survive JSON as.
std::string Latin1AsUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

}  // namespace

StatusOr<ChannelMessage> ParseMessage(std::string_view line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidArgument("a message of the test process is not JSON");
  Reader reader(json);
  ChannelMessage message = ReadByType(reader.Text("t"), reader);
  RETURN_IF_ERROR(reader.status());
  return message;
}

std::string RunRequestLine(const TestRunRequest& request) {
  Json json = {{"ids", request.ids},
               {"stop", request.stop_at_first_failure},
               {"test_cpu_ms", request.test_cpu_ms},
               {"test_files", Json::array()}};
  if (request.trace == TraceMode::kPerTest) {
    json["trace"] = "test";
    json["test_files"] = request.plan.test_files;
  } else if (request.trace == TraceMode::kWatched) {
    json["trace"] = "watch";
    json["watch"] = Json::object();
    for (const FileLines& file : request.watched) json["watch"][file.file] = file.lines;
  }
  if (request.plan.runner == "command") {
    json["command"] = request.plan.command;
    json["id"] = CommandTestId(request.plan.command);
  }
  return Dump(json);
}

std::string FilterRequestLine(const FilterRequest& request, const FilterLimits& limits) {
  return Dump({{"runner", request.plan.runner},
               {"failing", request.failing},
               {"passing", request.passing},
               {"files", request.files},
               {"fuel", request.fuel},
               {"seed", request.seed},
               {"memory_bytes", limits.memory_bytes},
               {"wall_seconds", limits.wall_seconds}});
}

std::string JudgeLine(std::span<const Candidate> candidates) {
  Json list = Json::array();
  for (const Candidate& candidate : candidates) {
    Json edits = Json::array();
    for (const SourceEdit& edit : candidate.edits) {
      edits.push_back({edit.file, edit.start, edit.end, Latin1AsUtf8(edit.replacement)});
    }
    list.push_back({candidate.number, std::move(edits)});
  }
  return Dump({{"op", "judge"}, {"candidates", std::move(list)}});
}

std::string ObserveLine() { return Dump({{"op", "observe"}}); }

std::string CommandTestId(std::string_view command) {
  return StrCat("command:", Sha256Hex(command).substr(0, 12));
}

}  // namespace coditect::python
