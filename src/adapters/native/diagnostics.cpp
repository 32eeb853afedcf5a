// Reading compilers' text. The text is hostile: a source file decides what stands in it.
#include "src/adapters/native/diagnostics.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "src/adapters/native/layout.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kDiagnosticsMax = 500;
constexpr size_t kNotesMax = 32;
constexpr size_t kFixesMax = 16;
constexpr size_t kDiagnosticLinesMax = 200'000;
constexpr size_t kDiagnosticBytesMax = 2048;
constexpr size_t kPositionMax = 4096;
constexpr uint32_t kNumberMax = 10'000'000;

/// One line of the text taken apart.
struct SaidLine {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  std::string_view rest;  // after the position and its colon
};

uint32_t NumberAt(std::string_view text, size_t* at) {
  uint64_t value = 0;
  const size_t start = *at;
  while (*at < text.size() && text[*at] >= '0' && text[*at] <= '9' && *at - start < 8) {
    value = value * 10 + static_cast<uint64_t>(text[(*at)++] - '0');
  }
  return value <= kNumberMax ? static_cast<uint32_t>(value) : 0;
}

/// "PATH:12:5: rest" or "PATH:12: rest".
std::optional<SaidLine> ReadPosition(std::string_view text) {
  for (size_t colon = text.find(':'); colon != std::string_view::npos && colon < kPositionMax;
       colon = text.find(':', colon + 1)) {
    size_t at = colon + 1;
    const uint32_t line = NumberAt(text, &at);
    if (line == 0 || at >= text.size() || text[at] != ':') continue;
    SaidLine said{.file = std::string(text.substr(0, colon)), .line = line, .rest = {}};
    size_t behind = at + 1;
    const uint32_t column = NumberAt(text, &behind);
    if (column > 0 && behind < text.size() && (text[behind] == ':' || text[behind] == ',')) {
      said.column = column;
      at = behind;
    }
    said.rest = TrimWhitespace(text.substr(at + 1));
    return said;
  }
  return std::nullopt;
}

bool TakePrefix(std::string_view prefix, std::string_view* text) {
  if (!text->starts_with(prefix)) return false;
  *text = TrimWhitespace(text->substr(prefix.size()));
  return true;
}

std::string CleanMessage(std::string_view text) {
  return ReplaceInvalidUtf8(text.substr(0, kDiagnosticBytesMax));
}

/// Offset of line:column in `text`; npos when there is no such place.
size_t OffsetOf(std::string_view text, uint32_t line, uint32_t column) {
  size_t at = 0;
  for (uint32_t i = 1; i < line; ++i) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return at;
    ++at;
  }
  if (column == 0 || at + column - 1 > text.size()) return std::string_view::npos;
  return at + column - 1;
}

class DiagnosticReader {
 public:
  DiagnosticReader(std::string folder, const std::string& repository, const SourceReader& read)
      : folder_(std::move(folder)), prefix_(repository + "/"), read_(read) {}

  std::vector<Diagnostic> Read(std::string_view output) {
    size_t lines = 0;
    while (!output.empty() && lines++ < kDiagnosticLinesMax) {
      const size_t end = output.find('\n');
      ReadLine(output.substr(0, end));
      output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
    }
    CloseFix();
    return std::move(found_);
  }

 private:
  void ReadLine(std::string_view text) {
    if (text.starts_with("fix-it:")) return ReadFix(text.substr(7));
    if (text.empty() || text[0] == ' ') return;  // an excerpt
    if (ReadLinker(text)) return;
    std::optional<SaidLine> said = ReadPosition(text);
    if (!said.has_value()) return;
    said->file = Relative(said->file);
    CloseFix();
    std::string_view rest = said->rest;
    if (TakePrefix("error:", &rest) || TakePrefix("fatal error:", &rest)) {
      Add(*said, true, rest);
    } else if (TakePrefix("warning:", &rest)) {
      Add(*said, false, rest);
    } else if (TakePrefix("note:", &rest)) {
      AddNote(*said, rest);
    } else if (rest.starts_with("required from") || rest.starts_with("recursively required")) {
      if (IsOurs(said->file)) needed_by_ = {said->file, said->line, said->column, ""};
    }
  }

  static bool IsOurs(const std::string& file) { return !file.starts_with('/'); }

  std::string Relative(const std::string& file) const {
    std::string path = JoinPath(folder_, file);
    try {
      path = std::filesystem::path(path).lexically_normal().string();
    } catch (const std::exception&) {
      return file;
    }
    return path.starts_with(prefix_) ? path.substr(prefix_.size()) : path;
  }

  void Add(const SaidLine& said, bool error, std::string_view message) {
    if (found_.size() >= kDiagnosticsMax) {
      open_ = false;
      return;
    }
    Diagnostic one;
    one.error = error;
    one.file = said.file;
    one.line = said.line;
    one.column = said.column;
    one.message = CleanMessage(message);
    if (!IsOurs(one.file) && needed_by_.line != 0) {
      one.notes.push_back({one.file, one.line, one.column, "where it was found"});
      one.file = needed_by_.file;
      one.line = needed_by_.line;
      one.column = needed_by_.column;
    }
    needed_by_ = {};
    found_.push_back(std::move(one));
    open_ = true;
  }

  void AddNote(const SaidLine& said, std::string_view message) {
    if (!open_ || found_.back().notes.size() >= kNotesMax) return;
    found_.back().notes.push_back({said.file, said.line, said.column, CleanMessage(message)});
  }

  /// "x.o: in function `f': x.c:7: undefined reference to `g'", in all its lengths.
  bool ReadLinker(std::string_view text) {
    constexpr std::string_view kKinds[] = {"undefined reference to ", "multiple definition of "};
    for (const std::string_view kind : kKinds) {
      const size_t at = text.find(kind);
      if (at == std::string_view::npos || Contains(text, "error:")) continue;
      CloseFix();
      std::string_view name = text.substr(at + kind.size());
      const size_t quote = name.find_first_of("'`");
      if (quote == std::string_view::npos) return true;
      name.remove_prefix(quote + 1);
      // A conversion or a literal may have quotes of its own; the last one ends it.
      const size_t end = std::min(name.find("';"), name.rfind('\''));
      name = name.substr(0, end);
      SaidLine said{.file = "", .rest = {}};
      if (auto place = ReadPosition(text.substr(0, at)); place.has_value()) {
        const size_t blank = place->file.rfind(' ');
        if (blank != std::string::npos) place->file.erase(0, blank + 1);
        said = *place;
        said.file = IsNativeSource(said.file) ? Relative(said.file) : "";
      }
      Add(said, true, StrCat(kind, "'", CleanMessage(name), "'"));
      return true;
    }
    return false;
  }

  /// `"FILE":{1:2-3:4}:"TEXT"`.
  void ReadFix(std::string_view text) {
    if (!open_) return;
    const auto file = Quoted(&text);
    if (!file.has_value() || !text.starts_with(":{")) return;
    size_t at = 2;
    uint32_t numbers[4] = {};
    for (size_t i = 0; i < 4; ++i) {
      numbers[i] = NumberAt(text, &at);
      if (numbers[i] == 0 || at >= text.size() || text[at] != ":-:}"[i]) return;
      ++at;
    }
    text.remove_prefix(at);
    if (!text.starts_with(':')) return;
    text.remove_prefix(1);
    const auto replacement = Quoted(&text);
    if (!replacement.has_value()) return;
    const std::string path = Relative(*file);
    const std::string& source = Source(path);
    const size_t start = OffsetOf(source, numbers[0], numbers[1]);
    const size_t end = OffsetOf(source, numbers[2], numbers[3]);
    whole_ &= start != std::string::npos && end != std::string::npos && start <= end;
    if (whole_ && source.size() < kNumberMax) {
      fix_.push_back(
          {path, static_cast<uint32_t>(start), static_cast<uint32_t>(end), *replacement});
    }
  }

  /// The C string at the begin of `text`, which is shortened by it.
  static std::optional<std::string> Quoted(std::string_view* text) {
    if (!text->starts_with('"')) return std::nullopt;
    std::string out;
    for (size_t i = 1; i < text->size() && out.size() < kPositionMax; ++i) {
      char c = (*text)[i];
      if (c == '"') {
        text->remove_prefix(i + 1);
        return out;
      }
      if (c == '\\' && i + 1 < text->size()) {
        c = (*text)[++i];
        if (c >= '0' && c <= '7' && i + 2 < text->size()) {  // three octal digits
          c = static_cast<char>((c - '0') * 64 + ((*text)[i + 1] - '0') * 8 + (*text)[i + 2] - '0');
          i += 2;
        } else if (c == 'n' || c == 't') {
          c = c == 'n' ? '\n' : '\t';
        }
      }
      out += c;
    }
    return std::nullopt;
  }

  /// All fix-its of one message are one remedy.
  void CloseFix() {
    if (open_ && whole_ && !fix_.empty() && found_.back().fixes.size() < kFixesMax) {
      found_.back().fixes.push_back(std::move(fix_));
    }
    fix_.clear();
    whole_ = true;
  }

  const std::string& Source(const std::string& path) {
    const auto [at, is_new] = sources_.try_emplace(path);
    if (is_new && IsOurs(path)) at->second = read_(path);
    return at->second;
  }

  const std::string folder_;
  const std::string prefix_;
  const SourceReader& read_;
  std::map<std::string, std::string> sources_;
  std::vector<Diagnostic> found_;
  DiagnosticNote needed_by_;
  std::vector<SourceEdit> fix_;
  bool whole_ = true;
  bool open_ = false;
};

}  // namespace

std::vector<Diagnostic> ParseDiagnostics(std::string_view output, const std::string& folder,
                                         const std::string& repository, const SourceReader& read) {
  return DiagnosticReader(folder, repository, read).Read(output);
}

bool SaysCompileError(std::string_view output) {
  const auto nothing = [](const std::string& /*path*/) { return std::string(); };
  const auto found = ParseDiagnostics(output, "/", "/", nothing);
  return std::ranges::any_of(found, &Diagnostic::error);
}

void MergeDiagnostics(std::vector<Diagnostic> more, std::vector<Diagnostic>* all) {
  for (Diagnostic& one : more) {
    const auto same = [&](const Diagnostic& other) {
      return other.error == one.error && other.file == one.file && other.line == one.line &&
             other.column == one.column && other.message == one.message;
    };
    if (all->size() < kDiagnosticsMax && std::ranges::none_of(*all, same)) {
      all->push_back(std::move(one));
    }
  }
}

}  // namespace coditect::native
