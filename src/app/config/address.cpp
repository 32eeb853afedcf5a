// Network addresses in configuration values.
#include "src/app/config/address.h"

#include <algorithm>

#include "absl/strings/ascii.h"

#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr size_t kHostBytesMax = 253;
constexpr int kPortMax = 65535;
constexpr std::string_view kSchemeEnd = "://";

bool IsHostName(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax || host.front() == '.' || host.front() == '-') {
    return false;
  }
  if (host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

bool IsBracketedIpv6(std::string_view host) {
  if (host.size() < 4 || host.size() > 41 || host.front() != '[' || host.back() != ']')
    return false;
  const std::string_view inner = host.substr(1, host.size() - 2);
  return std::count(inner.begin(), inner.end(), ':') >= 2 &&
         std::all_of(inner.begin(), inner.end(), [](unsigned char c) {
           return absl::ascii_isxdigit(c) || c == ':' || c == '.';
         });
}

// host[:port], both checked.
Status CheckHostAndPort(std::string_view text, bool* has_port) {
  const size_t bracket = text.rfind(']');
  const size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = text.substr(0, colon);
  *has_port = colon != std::string_view::npos;
  if (host.empty()) return InvalidArgument("has no host name; write host:port");
  if (!IsHostName(host) && !IsBracketedIpv6(host)) {
    return InvalidArgument("has a host that is neither a name nor an address; write host:port");
  }
  long long port = 0;
  if (*has_port &&
      (!ParseInt(text.substr(colon + 1), 1, kPortMax, &port) || text[colon + 1] == '-')) {
    return InvalidArgument("has a port that is no number from 1 to ", kPortMax,
                           "; write host:port");
  }
  return absl::OkStatus();
}

// Where the authority (user, password, host, port) of `url` begins and how long it is.
std::string_view Authority(std::string_view url) {
  const size_t scheme = url.find(kSchemeEnd);
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + kSchemeEnd.size());
  return url.substr(0, url.find_first_of("/?#"));
}

}  // namespace

StatusOr<std::string> ParseNode(std::string_view text, int default_port) {
  if (text.empty()) return InvalidArgument("is empty; write host:port, without a comma at the end");
  if (TrimWhitespace(text) != text) {
    return InvalidArgument("has blanks around it; write host:port,host:port without blanks");
  }
  if (text.find('@') != std::string_view::npos) {
    return InvalidArgument("has a user or password; write host:port only");
  }
  bool has_port = false;
  RETURN_IF_ERROR(CheckHostAndPort(text, &has_port));
  if (has_port || default_port == 0) return std::string(text);
  return StrCat(text, ":", default_port);
}

Status CheckUrl(std::string_view text, const KeyWords& schemes) {
  if (!std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7F; })) {
    return InvalidArgument("has blanks or other characters that an address cannot have");
  }
  const size_t scheme_end = text.find(kSchemeEnd);
  if (scheme_end != std::string_view::npos) {
    const std::string_view scheme = text.substr(0, scheme_end);
    if (scheme.empty() || std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) {
      return InvalidArgument("has an unknown scheme; use ", JoinChoices(schemes));
    }
  }
  std::string_view authority = Authority(text);
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (text.find('@', authority.data() - text.data()) != std::string_view::npos) {
    return InvalidArgument(
        "has an @ after its host; a password with / ? # or @ in it needs percent-encoding");
  }
  bool has_port = false;
  return CheckHostAndPort(authority, &has_port);
}

std::string RedactUrl(std::string_view url) {
  const std::string_view authority = Authority(url);
  const size_t begin = authority.data() - url.data();
  const size_t at = authority.rfind('@');
  std::string out(url.substr(0, begin));
  if (at != std::string_view::npos) out += "***@";
  const std::string_view rest = url.substr(at == std::string_view::npos ? begin : begin + at + 1);
  const size_t query = rest.find_first_of("?#");
  out += rest.substr(0, query);
  if (query != std::string_view::npos) out += StrCat(rest[query], "***");
  return out;
}

std::string RedactText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t scheme = text.find(kSchemeEnd);
    if (scheme == std::string_view::npos) break;
    const size_t begin = scheme + kSchemeEnd.size();
    const size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    const size_t at = text.substr(begin, end - begin).rfind('@');
    out += text.substr(0, begin);
    if (at == std::string_view::npos) {
      out += text.substr(begin, end - begin);
    } else {
      out += "***";
      out += text.substr(begin + at, end - begin - at);
    }
    text.remove_prefix(end);
  }
  out += text;
  return out;
}

}  // namespace coditect
