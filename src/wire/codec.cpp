// Protobuf wire format: reading.
#include "src/wire/codec.h"

namespace coditect::wire {

bool Reader::ReadLongVarint(uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (rest_.empty()) return false;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    *value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool Reader::Skip(uint32_t type) {
  const size_t fixed = type == 1 ? 8 : type == 5 ? 4 : 0;
  if (fixed == 0 || fixed > rest_.size()) return false;  // groups are not used
  rest_.remove_prefix(fixed);
  return true;
}

bool FieldDecoder::Take(std::map<std::string, std::string>& values) {
  struct Entry {
    std::string key;
    std::string value;
    static void Fields(Entry& self, FieldDecoder& visit) {
      visit(1, "key", self.key);
      visit(2, "value", self.value);
    }
  };
  Entry entry;
  if (type_ != kBytes || !DecodeMessage(bytes_, &entry, depth_ + 1)) return false;
  values[std::move(entry.key)] = std::move(entry.value);
  return true;
}

}  // namespace coditect::wire
