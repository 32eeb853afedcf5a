// A fixed head and a ring for the tail.
#include "src/adapters/process/output_buffer.h"

#include <algorithm>

#include "src/base/strings.h"

namespace coditect::process {

void OutputBuffer::Append(std::string_view bytes) {
  total_ += bytes.size();
  const size_t to_head = std::min<size_t>(head_max_ - head_.size(), bytes.size());
  head_.append(bytes.substr(0, to_head));
  bytes.remove_prefix(to_head);
  if (bytes.size() > tail_max_) bytes.remove_prefix(bytes.size() - tail_max_);
  const size_t grow = std::min<size_t>(tail_max_ - tail_.size(), bytes.size());
  tail_.append(bytes.substr(0, grow));
  bytes.remove_prefix(grow);
  while (!bytes.empty()) {
    const size_t part = std::min<size_t>(tail_.size() - tail_next_, bytes.size());
    tail_.replace(tail_next_, part, bytes.substr(0, part));
    tail_next_ = (tail_next_ + part) % tail_.size();
    bytes.remove_prefix(part);
  }
}

std::string OutputBuffer::Text() const {
  std::string out = head_;
  const uint64_t elided = total_ - head_.size() - tail_.size();
  if (elided > 0) out += StrCat("\n[... ", elided, " bytes left out ...]\n");
  out += tail_.substr(tail_next_);
  out += tail_.substr(0, tail_next_);
  return out;
}

}  // namespace coditect::process
