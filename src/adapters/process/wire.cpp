// Frames over a stream socket: magic, length, body; the descriptors travel with the header.
#include "src/adapters/process/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

namespace coditect::process {
namespace {

constexpr uint32_t kMagic = 0xc0d17ec7;

struct Header {
  uint32_t magic;
  uint32_t length;
};

Status WaitReadable(int socket, MonotonicTime deadline) {
  for (;;) {
    int timeout_ms = -1;
    if (deadline != MonotonicTime::max()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return DeadlineExceeded("the peer did not answer in time");
      timeout_ms = static_cast<int>(std::min<int64_t>(left.count(), 1 << 30));
    }
    pollfd entry{socket, POLLIN, 0};
    const int ready = ::poll(&entry, 1, timeout_ms);
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "cannot wait for the peer");
  }
}

Status ReadAll(int socket, char* out, size_t size, MonotonicTime deadline) {
  while (size > 0) {
    RETURN_IF_ERROR(WaitReadable(socket, deadline));
    const ssize_t count = ::recv(socket, out, size, 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return Unavailable("the peer is gone");
    out += count;
    size -= static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

}  // namespace

Status SendFrame(int socket, std::string_view body, const std::vector<int>& descriptors) {
  if (body.size() > kFrameBytesMax || descriptors.size() > kDescriptorsMax) {
    return ResourceExhausted("message of ", body.size(), " bytes is too large");
  }
  Header header{kMagic, static_cast<uint32_t>(body.size())};
  alignas(cmsghdr) char control[CMSG_SPACE(kDescriptorsMax * sizeof(int))] = {};
  iovec piece{&header, sizeof header};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    ::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size() * sizeof(int));
  }
  ssize_t count;
  do {
    count = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof header) return Unavailable("the peer is gone");
  while (!body.empty()) {
    count = ::send(socket, body.data(), body.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Unavailable("the peer is gone");
    body.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

StatusOr<Frame> ReceiveFrame(int socket, MonotonicTime deadline) {
  RETURN_IF_ERROR(WaitReadable(socket, deadline));
  Header header{};
  alignas(cmsghdr) char control[CMSG_SPACE(kDescriptorsMax * sizeof(int))] = {};
  iovec piece{&header, sizeof header};
  msghdr incoming{};
  incoming.msg_iov = &piece;
  incoming.msg_iovlen = 1;
  incoming.msg_control = control;
  incoming.msg_controllen = sizeof control;
  ssize_t count;
  do {
    count = ::recvmsg(socket, &incoming, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  Frame frame;
  for (cmsghdr* part = count > 0 ? CMSG_FIRSTHDR(&incoming) : nullptr; part != nullptr;
       part = CMSG_NXTHDR(&incoming, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t descriptors = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < descriptors; ++i) {
      int fd;
      ::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      frame.descriptors.emplace_back(fd);
    }
  }
  if (count <= 0) return Unavailable("the peer is gone");
  if (count < static_cast<ssize_t>(sizeof header)) {
    RETURN_IF_ERROR(ReadAll(socket, reinterpret_cast<char*>(&header) + count,
                            sizeof header - static_cast<size_t>(count), deadline));
  }
  if (header.magic != kMagic || header.length > kFrameBytesMax ||
      (incoming.msg_flags & MSG_CTRUNC) != 0) {
    return DataLoss("malformed message");
  }
  frame.body.resize(header.length);
  RETURN_IF_ERROR(ReadAll(socket, frame.body.data(), frame.body.size(), deadline));
  return frame;
}

}  // namespace coditect::process
