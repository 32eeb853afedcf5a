// Frames on the local socket.
#include "src/app/protocol.h"

#include <cstring>

namespace coditect {

std::string Frame(std::string_view payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  std::string out(sizeof size, '\0');
  std::memcpy(out.data(), &size, sizeof size);
  out += payload;
  return out;
}

StatusOr<bool> TakeFrame(std::string& buffer, std::string* payload) {
  uint32_t size = 0;
  if (buffer.size() < sizeof size) return false;
  std::memcpy(&size, buffer.data(), sizeof size);
  if (size > kFrameBytesMax) return InvalidArgument("a frame of ", size, " bytes");
  if (buffer.size() < sizeof size + size) return false;
  *payload = buffer.substr(sizeof size, size);
  buffer.erase(0, sizeof size + size);
  return true;
}

}  // namespace coditect
