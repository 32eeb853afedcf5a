// gcc's record files, little-endian, untrusted.
#include "src/adapters/native/gcov_records.h"

#include <algorithm>
#include <optional>

namespace coditect::native {
namespace {

constexpr uint32_t kGraphMagic = 0x67636e6f;   // "gcno"
constexpr uint32_t kCountsMagic = 0x67636461;  // "gcda"
constexpr uint32_t kFunctionTag = 0x01000000;
constexpr uint32_t kBlocksTag = 0x01410000;
constexpr uint32_t kArcsTag = 0x01430000;
constexpr uint32_t kLinesTag = 0x01450000;
constexpr uint32_t kCountsTag = 0x01a10000;
constexpr uint32_t kOnTree = 1;  // an arc without a counter
constexpr uint32_t kBlocksMax = 1 << 20;
constexpr uint32_t kFirstVersion = 9;
constexpr uint32_t kBytesVersion = 12;  // lengths in bytes from here on, in words before

/// Words and texts, one after another; `ok` says whether all were there.
class Words {
 public:
  explicit Words(std::string_view bytes) : bytes_(bytes) {}

  uint32_t Next() {
    constexpr size_t kWord = 4;
    if (bytes_.size() < kWord) {
      ok_ = false;
      bytes_ = {};
      return 0;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < kWord; ++i) {
      value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
    }
    bytes_.remove_prefix(kWord);
    return value;
  }

  std::string_view Bytes(uint64_t count) {
    if (count > bytes_.size()) ok_ = false;
    const std::string_view taken = bytes_.substr(0, std::min<uint64_t>(count, bytes_.size()));
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  /// `unit`: bytes a length counts.
  std::string Text(uint32_t unit) {
    const std::string_view text = Bytes(uint64_t{Next()} * unit);
    return std::string(text.substr(0, text.find('\0')));
  }

  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

/// gcc's major version of a file's second word: "B22*" is 12.2, "A93*" 9.3; 0 = of something else.
uint32_t MajorVersion(uint32_t word) {
  const uint32_t letter = word >> 24;
  const uint32_t digit = (word >> 16) & 0xff;
  if (letter < 'A' || letter > 'J' || digit < '0' || digit > '9') return 0;
  return (letter - 'A') * 10 + digit - '0';
}

struct Header {
  uint32_t version = 0;  // the word
  uint32_t major = 0;
  uint32_t stamp = 0;
  uint32_t unit = 1;
};

StatusOr<Header> ReadHeader(uint32_t magic, Words* words) {
  Header header;
  if (words->Next() != magic) return InvalidArgument("the record does not begin as gcc's do");
  header.version = words->Next();
  header.major = MajorVersion(header.version);
  if (header.major < kFirstVersion) return InvalidArgument("the record is of another compiler");
  header.unit = header.major >= kBytesVersion ? 1 : 4;
  header.stamp = words->Next();
  if (header.major >= kBytesVersion) words->Next();  // a checksum
  return header;
}

}  // namespace

class GraphReader {
 public:
  explicit GraphReader(std::string_view bytes) : words_(bytes) {}

  StatusOr<GcovGraph> Read() {
    ASSIGN_OR_RETURN(header_, ReadHeader(kGraphMagic, &words_));
    graph_.version_ = header_.version;
    graph_.stamp_ = header_.stamp;
    graph_.folder_ = words_.Text(header_.unit);
    words_.Next();  // whether blocks that cannot run are told
    while (!words_.empty()) {
      const uint32_t tag = words_.Next();
      if (tag == 0) break;
      const uint64_t length = uint64_t{words_.Next()} * header_.unit;
      Words record(words_.Bytes(length));
      if (!words_.ok()) return InvalidArgument("the graph is cut off");
      RETURN_IF_ERROR(ReadRecord(tag, &record));
    }
    return std::move(graph_);
  }

 private:
  Status ReadRecord(uint32_t tag, Words* record) {
    if (tag == kFunctionTag) {
      GcovGraph::Function function;
      function.id = record->Next();
      function.line_checksum = record->Next();
      function.graph_checksum = record->Next();
      graph_.functions_.push_back(std::move(function));
    } else if (graph_.functions_.empty()) {
      return absl::OkStatus();
    } else if (tag == kBlocksTag) {
      graph_.functions_.back().blocks = record->Next();
      if (graph_.functions_.back().blocks > kBlocksMax) return InvalidArgument("too many blocks");
    } else if (tag == kArcsTag) {
      return ReadArcs(&graph_.functions_.back(), record);
    } else if (tag == kLinesTag) {
      return ReadLines(&graph_.functions_.back(), record);
    }
    if (!record->ok()) return InvalidArgument("a function's record is cut off");
    return absl::OkStatus();
  }

  static Status ReadArcs(GcovGraph::Function* function, Words* record) {
    const uint32_t from = record->Next();
    while (!record->empty()) {
      const uint32_t to = record->Next();
      const uint32_t flags = record->Next();
      if (!record->ok() || from >= function->blocks || to >= function->blocks) {
        return InvalidArgument("an arc leads to no block");
      }
      function->arcs.push_back({from, to, (flags & kOnTree) == 0});
    }
    return absl::OkStatus();
  }

  Status ReadLines(GcovGraph::Function* function, Words* record) const {
    GcovGraph::BlockLines block;
    block.block = record->Next();
    std::string file;
    while (record->ok() && !record->empty()) {
      const uint32_t line = record->Next();
      if (line != 0) {
        block.lines[file].push_back(line);
        continue;
      }
      file = record->Text(header_.unit);
      if (file.empty()) break;
    }
    if (!record->ok() || block.block >= function->blocks) {
      return InvalidArgument("lines of no block");
    }
    function->lines.push_back(std::move(block));
    return absl::OkStatus();
  }

  Words words_;
  Header header_;
  GcovGraph graph_;
};

StatusOr<GcovGraph> GcovGraph::Read(std::string_view bytes) { return GraphReader(bytes).Read(); }

std::vector<bool> GcovGraph::Executed(const Function& function,
                                      const std::vector<uint64_t>& counts) {
  struct Block {
    std::vector<size_t> in;
    std::vector<size_t> out;
    std::optional<uint64_t> count;
  };
  std::vector<Block> blocks(function.blocks);
  std::vector<std::optional<uint64_t>> arcs(function.arcs.size());
  size_t next = 0;
  for (size_t i = 0; i < arcs.size(); ++i) {
    blocks[function.arcs[i].from].out.push_back(i);
    blocks[function.arcs[i].to].in.push_back(i);
    if (function.arcs[i].counted) arcs[i] = next < counts.size() ? counts[next++] : 0;
  }
  std::vector<uint32_t> waiting(function.blocks);
  std::vector<bool> waits(function.blocks, true);
  for (uint32_t i = 0; i < function.blocks; ++i) waiting[i] = function.blocks - 1 - i;
  const auto wake = [&](uint32_t block) {
    if (!waits[block]) waiting.push_back(block);
    waits[block] = true;
  };
  /// Sum of one side when all of it is known; else the place of the only unknown, if there is one.
  const auto sum = [&](const std::vector<size_t>& side, uint64_t* total, size_t* unknown) {
    size_t open = 0;
    for (const size_t arc : side) {
      if (arcs[arc]) *total += *arcs[arc];
      if (!arcs[arc]) *unknown = arc;
      open += !arcs[arc];
    }
    return open;
  };
  while (!waiting.empty()) {
    const uint32_t at = waiting.back();
    waiting.pop_back();
    waits[at] = false;
    for (const std::vector<size_t>* side : {&blocks[at].in, &blocks[at].out}) {
      if (side->empty()) continue;  // the entry has no arc in, the exit none out
      uint64_t total = 0;
      size_t unknown = 0;
      const size_t open = sum(*side, &total, &unknown);
      if (open == 0 && !blocks[at].count) {
        blocks[at].count = total;
        wake(at);
      } else if (open == 1 && blocks[at].count) {
        arcs[unknown] = *blocks[at].count > total ? *blocks[at].count - total : 0;
        wake(function.arcs[unknown].from);
        wake(function.arcs[unknown].to);
      }
    }
  }
  std::vector<bool> executed(function.blocks);
  for (uint32_t i = 0; i < function.blocks; ++i) executed[i] = blocks[i].count.value_or(0) > 0;
  return executed;
}

Status GcovGraph::AddLines(std::string_view bytes, ExecutedLines* lines) const {
  Words words(bytes);
  ASSIGN_OR_RETURN(const Header header, ReadHeader(kCountsMagic, &words));
  if (header.version != version_ || header.stamp != stamp_) {
    return InvalidArgument("the counts are of another build");
  }
  std::map<uint32_t, const Function*> by_id;
  for (const Function& function : functions_) by_id[function.id] = &function;
  const Function* current = nullptr;
  while (!words.empty()) {
    const uint32_t tag = words.Next();
    if (tag == 0) break;
    const auto signed_length = static_cast<int32_t>(words.Next());
    if (tag == kCountsTag && signed_length < 0) continue;  // as many zeros, left out
    Words record(words.Bytes(uint64_t{static_cast<uint32_t>(signed_length)} * header.unit));
    if (!words.ok()) return InvalidArgument("the counts are cut off");
    if (tag == kFunctionTag) {
      const auto found = record.empty() ? by_id.end() : by_id.find(record.Next());
      current = found == by_id.end() ? nullptr : found->second;
      if (current == nullptr) continue;
      if (record.Next() != current->line_checksum || record.Next() != current->graph_checksum) {
        return InvalidArgument("the counts are of another function");
      }
    } else if (tag == kCountsTag && current != nullptr) {
      std::vector<uint64_t> counts;
      while (!record.empty()) {
        const uint64_t low = record.Next();
        counts.push_back(low | uint64_t{record.Next()} << 32);
      }
      const std::vector<bool> executed = Executed(*current, counts);
      for (const BlockLines& block : current->lines) {
        if (!executed[block.block]) continue;
        for (const auto& [file, numbers] : block.lines) {
          (*lines)[file].insert(numbers.begin(), numbers.end());
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace coditect::native
