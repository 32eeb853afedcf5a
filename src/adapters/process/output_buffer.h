// The head and the tail of a stream of any length.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coditect::process {

/// Keeps the first and the last `keep_bytes` / 2 bytes of what is appended; memory is bounded by
/// `keep_bytes`.
class OutputBuffer {
 public:
  explicit OutputBuffer(uint64_t keep_bytes)
      : head_max_(keep_bytes / 2), tail_max_(keep_bytes - keep_bytes / 2) {}

  void Append(std::string_view bytes);
  uint64_t total_bytes() const { return total_; }
  /// All of it, or head, a line with the count of bytes left out, and tail.
  std::string Text() const;

 private:
  const uint64_t head_max_;
  const uint64_t tail_max_;
  uint64_t total_ = 0;
  uint64_t tail_next_ = 0;  // where the ring's oldest byte is, once it is full
  std::string head_;
  std::string tail_;
};

}  // namespace coditect::process
