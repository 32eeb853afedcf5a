// A pull parser.
#include "src/base/xml_reader.h"

#include <algorithm>

#include "src/base/strings.h"

namespace coditect {
namespace {

/// The UTF-8 of a character; "" for what XML does not allow.
std::string Utf8(unsigned long code) {
  std::string out;
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return out;
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(kLead[more] | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f));
  return out;
}

/// A text with its references replaced; those that are unknown stay as they are.
std::string UnescapeXml(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}};
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text[i] == '&' ? text.find(';', i) : std::string_view::npos;
    constexpr size_t kReferenceBytesMax = 10;
    if (end == std::string_view::npos || end - i > kReferenceBytesMax) {
      out += text[i];
      continue;
    }
    const std::string name(text.substr(i + 1, end - i - 1));
    std::string character;
    for (const auto& [known, value] : kNamed) {
      if (name == known) character = value;
    }
    if (name.size() > 1 && name[0] == '#') {
      const bool hexadecimal = name[1] == 'x';
      character =
          Utf8(std::strtoul(name.c_str() + (hexadecimal ? 2 : 1), nullptr, hexadecimal ? 16 : 10));
    }
    if (character.empty()) character = text.substr(i, end - i + 1);
    out += character;
    i = end;
  }
  return out;
}

bool IsXmlSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

Status XmlReader::Unexpected(std::string_view what) const {
  const auto line = 1 + std::count(xml_.begin(), xml_.begin() + std::min(at_, xml_.size()), '\n');
  return InvalidArgument("line ", line, ": unexpected ", what);
}

/// Past `end`, which must come.
Status XmlReader::Skip(std::string_view end, std::string_view* skipped) {
  const size_t found = xml_.find(end, at_);
  if (found == std::string_view::npos) return Unexpected("end");
  if (skipped != nullptr) *skipped = xml_.substr(at_, found - at_);
  at_ = found + end.size();
  return absl::OkStatus();
}

std::string_view XmlReader::Name() {
  const size_t begin = at_;
  while (at_ < xml_.size() && !IsXmlSpace(xml_[at_]) && xml_[at_] != '=' && xml_[at_] != '>' &&
         xml_[at_] != '/' && xml_[at_] != '<') {
    ++at_;
  }
  return xml_.substr(begin, at_ - begin);
}

void XmlReader::SkipSpace() {
  while (at_ < xml_.size() && IsXmlSpace(xml_[at_])) ++at_;
}

StatusOr<XmlPiece> XmlReader::Next() {
  XmlPiece piece;
  if (at_ == 0 && xml_.starts_with("\xef\xbb\xbf")) at_ = 3;
  if (closing_) {
    closing_ = false;
    piece.kind = XmlPiece::Kind::kEnd;
    piece.name = std::move(open_.back());
    open_.pop_back();
    return piece;
  }
  while (at_ < xml_.size()) {
    const size_t open = std::min(xml_.find('<', at_), xml_.size());
    const std::string_view between = xml_.substr(at_, open - at_);
    if (open_.empty() && !TrimWhitespace(between).empty()) return Unexpected("text");
    at_ = open;
    if (!open_.empty() && !between.empty()) {
      piece.kind = XmlPiece::Kind::kText;
      piece.text = UnescapeXml(between);
      return piece;
    }
    const std::string_view rest = xml_.substr(at_);
    if (rest.empty()) break;
    if (rest.starts_with("<?")) {
      RETURN_IF_ERROR(Skip("?>"));
    } else if (rest.starts_with("<!--")) {
      RETURN_IF_ERROR(Skip("-->"));
    } else if (rest.starts_with("<![CDATA[") && !open_.empty()) {
      std::string_view text;
      at_ += std::string_view("<![CDATA[").size();
      RETURN_IF_ERROR(Skip("]]>", &text));
      piece.kind = XmlPiece::Kind::kText;
      piece.text = text;
      return piece;
    } else if (rest.starts_with("<!")) {
      return Unexpected("document type");
    } else {
      RETURN_IF_ERROR(rest.starts_with("</") ? ReadEnd(&piece) : ReadBegin(&piece));
      return piece;
    }
  }
  if (!open_.empty()) return Unexpected("the end, with elements still open");
  if (!seen_root_) return Unexpected("end, without any element");
  return piece;
}

Status XmlReader::ReadEnd(XmlPiece* piece) {
  if (open_.empty()) return Unexpected("end of an element");
  at_ += 2;
  const std::string_view name = Name();
  SkipSpace();
  if (name != open_.back() || at_ >= xml_.size() || xml_[at_] != '>') {
    return Unexpected("end of an element");
  }
  ++at_;
  piece->kind = XmlPiece::Kind::kEnd;
  piece->name = name;
  open_.pop_back();
  return absl::OkStatus();
}

Status XmlReader::ReadBegin(XmlPiece* piece) {
  ++at_;
  const std::string_view name = Name();
  if (name.empty()) return Unexpected("<");
  for (;;) {
    SkipSpace();
    if (at_ >= xml_.size()) return Unexpected("end");
    if (xml_[at_] == '>' || xml_.substr(at_).starts_with("/>")) break;
    const std::string_view attribute = Name();
    SkipSpace();
    if (attribute.empty() || at_ >= xml_.size() || xml_[at_] != '=') return Unexpected("attribute");
    ++at_;
    SkipSpace();
    const char quote = at_ < xml_.size() ? xml_[at_] : '\0';
    if (quote != '"' && quote != '\'') return Unexpected("attribute");
    ++at_;
    std::string_view value;
    RETURN_IF_ERROR(Skip(std::string_view(&quote, 1), &value));
    piece->attributes[std::string(attribute)] = UnescapeXml(value);
  }
  closing_ = xml_[at_] == '/';
  at_ += closing_ ? 2 : 1;
  if (open_.empty() && seen_root_) return Unexpected(name);
  seen_root_ = true;
  if (open_.size() >= kDepthMax) return Unexpected("depth");
  piece->kind = XmlPiece::Kind::kBegin;
  piece->name = name;
  open_.emplace_back(name);
  return absl::OkStatus();
}

}  // namespace coditect
