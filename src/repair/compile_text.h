// The text of a C or C++ file as tokens: what still stands where a file does not compile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coditect::repair {

inline constexpr size_t kNoToken = SIZE_MAX;

struct CodeToken {
  enum class Kind : uint8_t { kName, kNumber, kText, kMark };
  Kind kind = Kind::kMark;
  uint32_t start = 0;  // bytes [start, end)
  uint32_t end = 0;
  uint32_t line = 0;  // of `start`, from 1
};

struct IncludeLine {
  std::string path;
  bool quoted = false;
  uint32_t line = 0;
  uint32_t start = 0;  // of the line
  uint32_t end = 0;    // behind its newline
};

/// Immutable. Comments and lines of the preprocessor are no tokens. Any bytes are read.
class CodeText {
 public:
  CodeText(std::string path, std::string text);

  const std::string& path() const { return path_; }
  const std::string& text() const { return text_; }
  const std::vector<CodeToken>& tokens() const { return tokens_; }
  const std::vector<IncludeLine>& includes() const { return includes_; }
  const std::vector<std::string>& macros() const { return macros_; }  // names that are defined here
  /// Every line of the preprocessor but includes, as it is written.
  const std::vector<std::string>& directives() const { return directives_; }

  std::string_view Text(size_t token) const {
    if (token >= tokens_.size()) return "";
    return std::string_view(text_).substr(tokens_[token].start,
                                          tokens_[token].end - tokens_[token].start);
  }
  bool Is(size_t token, std::string_view text) const { return Text(token) == text; }
  bool IsName(size_t token) const {
    return token < tokens_.size() && tokens_[token].kind == CodeToken::Kind::kName;
  }

  /// The other bracket of a pair; kNoToken when it has none, or the token is no bracket.
  size_t Match(size_t token) const { return token < match_.size() ? match_[token] : kNoToken; }

  /// The first token that ends behind byte `offset`.
  size_t TokenAt(uint32_t offset) const;
  /// Byte of a position (both from 1), at most the end of its line; the text's end behind it.
  uint32_t Offset(uint32_t line, uint32_t column) const;
  uint32_t LineCount() const { return static_cast<uint32_t>(lines_.size()); }
  uint32_t LineStart(uint32_t line) const;
  /// The line without its newline.
  std::string_view Line(uint32_t line) const;

 private:
  void Scan();
  void ScanDirective(size_t* at);
  size_t EndOfText(size_t at) const;
  void Pair();

  std::string path_;
  std::string text_;
  std::vector<CodeToken> tokens_;
  std::vector<size_t> match_;
  std::vector<uint32_t> lines_;
  std::vector<IncludeLine> includes_;
  std::vector<std::string> macros_;
  std::vector<std::string> directives_;
};

}  // namespace coditect::repair
