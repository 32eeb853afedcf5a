// JSON strings.
#include "src/wire/json.h"

#include <cstdio>

#include "src/base/strings.h"

namespace coditect::wire {

void AppendJsonString(std::string& out, std::string_view text) {
  std::string clean;
  if (!IsValidUtf8(text)) {
    clean = ReplaceInvalidUtf8(text);
    text = clean;
  }
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          char buffer[8];
          std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned char>(c));
          out += buffer;
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace coditect::wire
