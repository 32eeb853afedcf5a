// Reports line by line: a head, frames, then frames of who allocated or freed the memory.
#include "src/adapters/native/sanitizers.h"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <filesystem>

#include "src/adapters/native/build.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kFindingsMax = 16;
constexpr size_t kFindingFramesMax = 16;
constexpr size_t kSaidBytesMax = 512;
constexpr std::string_view kUndefined = ": runtime error: ";
constexpr std::string_view kAddress = "ERROR: AddressSanitizer: ";

/// "FILE:LINE" or "FILE:LINE:COLUMN" of a file of the repository; line 0 for anything else.
StackFrame FrameAt(std::string_view text, std::string_view repository) {
  size_t end = text.size();
  size_t numbers = 0;
  size_t line_end = end;
  while (numbers < 2 && end > 0) {
    const size_t colon = text.rfind(':', end - 1);
    const bool number = colon != std::string_view::npos && colon + 1 < end &&
                        std::ranges::all_of(text.substr(colon + 1, end - colon - 1),
                                            [](unsigned char c) { return std::isdigit(c) != 0; });
    if (!number) break;
    line_end = end;
    end = colon;
    ++numbers;
  }
  long long line = 0;
  if (numbers == 0 || !ParseInt(text.substr(end + 1, line_end - end - 1), 1, 10'000'000, &line)) {
    return {};
  }
  // A relative name is one of the compiler's, which ran in the build folder or at the top.
  const std::string top(repository);
  const std::string_view named = text.substr(0, end);
  const std::string from = named.starts_with("../") ? StrCat(top, "/", kSanitizedFolder) : top;
  const std::string path =
      std::filesystem::path(JoinPath(from, std::string(named))).lexically_normal().string();
  if (!path.starts_with(top + "/")) return {};
  std::string file = path.substr(top.size() + 1);
  if (file.starts_with(kBuildRoot)) return {};
  return {.file = std::move(file), .line = static_cast<uint32_t>(line), .function = ""};
}

/// "    #1 0x55cf in name(int) /top/src/x.c:12:3".
StackFrame FrameIn(std::string_view line, std::string_view repository) {
  const size_t in = line.find(" in ");
  if (in == std::string_view::npos) return {};
  size_t path = line.find(StrCat(" ", repository, "/"), in);
  if (path == std::string_view::npos) path = line.rfind(' ');
  StackFrame frame = FrameAt(line.substr(path + 1), repository);
  if (path > in + 4) frame.function = ReplaceInvalidUtf8(line.substr(in + 4, path - in - 4));
  return frame;
}

bool IsFrame(std::string_view line) {
  const std::string_view text = TrimWhitespace(line);
  return text.size() > 2 && text[0] == '#' &&
         std::isdigit(static_cast<unsigned char>(text[1])) != 0;
}

/// What is wrong, without the values and types it was wrong with.
std::string KindOf(std::string_view message) {
  std::string bare;
  bool quoted = false;
  for (const char c : message) {
    if (c == ':' || c == ',') break;
    if (c == '\'') quoted = !quoted;
    if (!quoted && c != '\'') bare += c;
  }
  std::string kind;
  for (const std::string& word : Split(bare, ' ')) {
    const bool value =
        std::ranges::any_of(word, [](unsigned char c) { return std::isdigit(c) != 0; });
    if (!value && !word.empty()) kind += StrCat(kind.empty() ? "" : " ", word);
  }
  return ReplaceInvalidUtf8(kind);
}

class ReportReader {
 public:
  explicit ReportReader(std::string_view repository) : repository_(repository) {}

  void Read(std::string_view line) {
    if (const size_t at = line.find(kUndefined); at != std::string_view::npos) {
      const std::string_view said = line.substr(at + kUndefined.size());
      Begin(line, KindOf(said));
      fallback_ = FrameAt(TrimWhitespace(line.substr(0, at)), repository_);
    } else if (const size_t error = line.find(kAddress); error != std::string_view::npos) {
      const std::string_view said = line.substr(error + kAddress.size());
      const size_t end = std::min({said.find(" on "), said.find(" ("), said.find(": ")});
      Begin(line.substr(error + kAddress.size() - std::string_view("AddressSanitizer: ").size()),
            ReplaceInvalidUtf8(said.substr(0, std::min(end, said.size()))));
    } else if (line.starts_with("SUMMARY: ")) {
      End();
    } else if (open_ && IsFrame(line)) {
      AddFrame(line);
    } else if (open_) {
      in_frames_ = false;
    }
  }

  std::vector<SanitizerFinding> Take() {
    End();
    return std::move(findings_);
  }

 private:
  void Begin(std::string_view line, std::string kind) {
    End();
    open_ = true;
    blocks_ = 0;
    current_.kind = std::move(kind);
    current_.message = ReplaceInvalidUtf8(TrimWhitespace(line).substr(0, kSaidBytesMax));
  }

  void AddFrame(std::string_view line) {
    if (!in_frames_) {
      ++blocks_;
      seen_in_block_ = false;
    }
    in_frames_ = true;
    StackFrame frame = FrameIn(line, repository_);
    if (frame.line == 0) return;
    if (blocks_ == 1 && current_.stack.size() < kFindingFramesMax) {
      current_.stack.push_back(std::move(frame));
    } else if (blocks_ > 1 && !seen_in_block_) {
      current_.involved.push_back(std::move(frame));
    }
    seen_in_block_ = true;
  }

  void End() {
    if (open_ && current_.stack.empty() && fallback_.line != 0) current_.stack = {fallback_};
    std::ranges::reverse(current_.stack);
    if (open_ && !current_.stack.empty() && findings_.size() < kFindingsMax) {
      findings_.push_back(std::move(current_));
    }
    open_ = in_frames_ = false;
    current_ = {};
    fallback_ = {};
  }

  const std::string_view repository_;
  std::vector<SanitizerFinding> findings_;
  SanitizerFinding current_;
  StackFrame fallback_;
  bool open_ = false;       // a report has begun
  bool in_frames_ = false;  // the last line was a frame
  bool seen_in_block_ = false;
  size_t blocks_ = 0;
};

}  // namespace

std::vector<SanitizerFinding> ReadSanitizers(std::string_view output, std::string_view repository) {
  ReportReader reader(repository);
  for (const std::string& line : Split(output, '\n')) reader.Read(line);
  return reader.Take();
}

bool EndedByFault(const JobOutcome& outcome) {
  if (outcome.end == JobEnd::kSignal) {
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) {
      if (outcome.code == number) return true;
    }
  }
  if (Succeeded(outcome)) return false;
  constexpr std::string_view kWords[] = {"*** stack smashing detected ***",
                                         "*** buffer overflow detected ***",
                                         "double free or corruption",
                                         "malloc(): ",
                                         "free(): ",
                                         "realloc(): ",
                                         "corrupted size vs. prev_size",
                                         "munmap_chunk(): invalid pointer",
                                         "Segmentation fault",
                                         "***Exception: SegFault",
                                         "Bus error",
                                         "Illegal instruction",
                                         "Floating point exception",
                                         "killed by signal 11 SIGSEGV",
                                         "***Exception: Illegal",
                                         "***Exception: Numerical"};
  return std::ranges::any_of(kWords, [&](std::string_view word) {
    return outcome.output.find(word) != std::string::npos;
  });
}

}  // namespace coditect::native
