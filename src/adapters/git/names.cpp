// Which names may be written.
#include "src/adapters/git/names.h"

#include <limits.h>

#include <algorithm>

namespace coditect::git {
namespace {

constexpr char kBranches[] = "refs/heads/coditect/";
constexpr char kPins[] = "refs/coditect/";

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// NTFS takes ".git" and "git~1" with trailing spaces and dots, or with a stream name, for .git; a
// backslash ends a component there.
bool IsNtfsDotGit(std::string_view name) {
  const std::string lower = Lower(name);
  size_t at = StartsWith(lower, ".git") ? 4 : StartsWith(lower, "git~1") ? 5 : 0;
  if (at == 0) return false;
  while (at < lower.size() && (lower[at] == ' ' || lower[at] == '.')) ++at;
  return at == lower.size() || lower[at] == ':';
}

// HFS+ compares without these characters (U+200C-200F, 202A-202E, 206A-206F, FEFF).
bool IsHfsDotGit(std::string_view name) {
  std::string kept;
  for (size_t i = 0; i < name.size(); ++i) {
    const std::string_view three = name.substr(i, 3);
    const auto third = three.size() == 3 ? static_cast<unsigned char>(three[2]) : 0;
    const bool ignorable = three == "\xEF\xBB\xBF" ||
                           (StartsWith(three, "\xE2\x80") && ((third >= 0x8C && third <= 0x8F) ||
                                                              (third >= 0xAA && third <= 0xAE))) ||
                           (StartsWith(three, "\xE2\x81") && third >= 0xAA && third <= 0xAF);
    if (ignorable) {
      i += 2;
    } else {
      kept += name[i];
    }
  }
  return Lower(kept) == ".git";
}

bool IsDotGit(std::string_view name) {
  if (IsHfsDotGit(name)) return true;
  for (const std::string& part : Split(name, '\\')) {
    if (IsNtfsDotGit(part)) return true;
  }
  return false;
}

bool IsRefComponent(std::string_view part) {
  constexpr std::string_view kForbidden = " ~^:?*[\\\x7F";
  if (part.empty() || part.size() > kNameBytesMax || part.front() == '.') return false;
  if (part.back() == '.' || EndsWith(part, ".lock")) return false;
  if (part.find("..") != std::string_view::npos || part.find("@{") != std::string_view::npos) {
    return false;
  }
  return std::none_of(part.begin(), part.end(), [&](char c) {
    return static_cast<unsigned char>(c) < 0x20 || kForbidden.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string PathFault(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.size() > kPathBytesMax) return "is longer than 4095 bytes";
  if (path.front() == '/') return "is absolute";
  if (path.find('\0') != std::string_view::npos) return "contains a NUL byte";
  const std::vector<std::string> names = Split(path, '/');
  if (names.size() > kFolderDepthMax) return StrCat("is deeper than ", kFolderDepthMax, " folders");
  for (const std::string& name : names) {
    if (name.empty()) return "has an empty component";
    if (name == "." || name == "..") return StrCat("has the component ", name);
    if (name.size() > kNameBytesMax) return "has a name longer than 255 bytes";
    if (IsDotGit(name)) return "leads into the repository's .git folder";
  }
  return "";
}

std::string LinkFault(std::string_view path, std::string_view target) {
  if (target.empty()) return "has an empty target";
  if (target.size() > kPathBytesMax) return "has a target longer than 4095 bytes";
  if (target.find('\0') != std::string_view::npos) return "has a NUL byte in its target";
  if (target.front() == '/') return "points to an absolute path";
  auto depth = std::count(path.begin(), path.end(), '/');
  bool named = false;
  for (const std::string& part : Split(target, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (named) return "has '..' behind a name in its target";
      if (--depth < 0) return "points out of the repository";
      continue;
    }
    if (IsDotGit(part)) return "points into the repository's .git folder";
    named = true;
  }
  return "";
}

bool IsObjectId(std::string_view id, std::string_view object_format) {
  return id.size() == (object_format == "sha256" ? 64U : 40U) &&
         id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsRefName(std::string_view ref) {
  if (!StartsWith(ref, "refs/") || ref.size() > kPathBytesMax) return false;
  const std::vector<std::string> parts = Split(ref, '/');
  return std::all_of(parts.begin(), parts.end(), IsRefComponent);
}

Status CheckWritableRef(std::string_view ref, bool creates) {
  const std::string shown = EscapeForTerminal(ref.substr(0, kNameBytesMax));
  if (!IsRefName(ref)) return InvalidArgument("'", shown, "' is not a ref name");
  if (StartsWith(ref, kPins)) return absl::OkStatus();
  if (!StartsWith(ref, kBranches)) {
    return InvalidArgument("ref ", shown, " is not coditect's: only ", kPins, " and ", kBranches,
                           " are written");
  }
  if (!creates) return InvalidArgument("branch ", shown, " is created once and never moved");
  return absl::OkStatus();
}

StatusOr<Author> ParseAuthor(std::string_view text) {
  const size_t open = text.find(" <");
  const bool shaped = open != std::string_view::npos && open > 0 && text.back() == '>';
  if (!shaped) return InvalidArgument("author must be 'Name <mail>'");
  Author author{std::string(text.substr(0, open)),
                std::string(text.substr(open + 2, text.size() - open - 3))};
  // Characters git removes at the ends of names (ident.c, crud): kept out so that the stored
  // author is the given one.
  constexpr std::string_view kCrud = " .,:;<>\"\\'";
  for (const std::string& part : {author.name, author.mail}) {
    const bool control = std::any_of(part.begin(), part.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (part.empty() || control || part.find_first_of("<>") != std::string::npos ||
        kCrud.find(part.front()) != std::string_view::npos ||
        kCrud.find(part.back()) != std::string_view::npos) {
      return InvalidArgument("author must be 'Name <mail>' without control characters, angle ",
                             "brackets inside, or punctuation at the ends");
    }
  }
  return author;
}

std::string Shown(std::string_view text) { return EscapeForTerminal(text.substr(0, PATH_MAX)); }

}  // namespace coditect::git
