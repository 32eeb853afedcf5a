// XML in pieces: elements, their attributes and the text between.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace coditect {

struct XmlPiece {
  enum class Kind { kBegin, kEnd, kText, kDone };
  Kind kind = Kind::kDone;
  std::string name;  // of the element that begins or ends
  std::map<std::string, std::string> attributes;
  std::string text;
};

/// Reads one document, never recursing; entities are never defined or fetched. Source: XML 1.0.
class XmlReader {
 public:
  explicit XmlReader(std::string_view xml) : xml_(xml) {}

  /// The next piece, kDone after the root's end; an element without content begins and ends.
  /// INVALID_ARGUMENT, "line N: unexpected WHAT", for what is no XML, has a document type, or is
  /// deeper than kDepthMax.
  StatusOr<XmlPiece> Next();

  /// "line N: unexpected WHAT", where the reader is.
  Status Unexpected(std::string_view what) const;

  /// Elements that are open, the one that just began included.
  size_t depth() const { return open_.size(); }

  static constexpr size_t kDepthMax = 64;

 private:
  Status Skip(std::string_view end, std::string_view* skipped = nullptr);
  std::string_view Name();
  void SkipSpace();
  Status ReadBegin(XmlPiece* piece);
  Status ReadEnd(XmlPiece* piece);

  const std::string_view xml_;
  size_t at_ = 0;
  std::vector<std::string> open_;
  bool closing_ = false;  // the element that began has no content
  bool seen_root_ = false;
};

}  // namespace coditect
