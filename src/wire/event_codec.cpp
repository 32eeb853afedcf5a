// Events and blocks as bytes.
#include "src/wire/event_codec.h"

#include <zstd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "src/base/sha256.h"
#include "src/wire/codec.h"
#include "src/wire/json.h"

namespace coditect::wire {
namespace {

constexpr uint32_t kMissionField = 100;
constexpr uint32_t kBatchField = 1;
constexpr uint32_t kCodecPlain = 0;
constexpr uint32_t kCodecZstd = 1;
constexpr size_t kRawBytesMax = 64 << 20;  // a frame that claims more is damaged or hostile

/// The stored form of a block: header and body in one message.
struct Frame {
  BlockHeader header;
  uint32_t codec = 0;
  uint64_t raw_bytes = 0;
  std::string body;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "format", self.header.format);
    visit(2, "min_reader", self.header.min_reader);
    visit(3, "shard", self.header.shard);
    visit(4, "incarnation", self.header.incarnation);
    visit(5, "first_sequence", self.header.first_sequence);
    visit(6, "last_sequence", self.header.last_sequence);
    visit(7, "block_id", self.header.block_id);
    visit(8, "previous_hash", self.header.previous_hash);
    visit(9, "build_id", self.header.build_id);
    visit(10, "wall_ms", self.header.wall_ms);
    visit(11, "codec", self.codec);
    visit(12, "raw_bytes", self.raw_bytes);
    visit(13, "body", self.body);
    visit(14, "snapshot_sequence", self.header.snapshot_sequence);
  }
};

template <size_t index = 0>
bool DecodeBody(uint32_t number, std::string_view bytes, EventBody* body) {
  if constexpr (index == std::variant_size_v<EventBody>) {
    return false;
  } else {
    using Body = std::variant_alternative_t<index, EventBody>;
    if (Body::kNumber == number) return DecodeMessage(bytes, &body->emplace<Body>(), 1);
    return DecodeBody<index + 1>(number, bytes, body);
  }
}

template <size_t... index>
constexpr bool KnownNumber(uint32_t number, std::index_sequence<index...>) {
  return ((std::variant_alternative_t<index, EventBody>::kNumber == number) || ...);
}

Status DecodeEvent(std::string_view bytes, Event* event) {
  Reader reader(bytes);
  bool has_body = false;
  while (!reader.AtEnd()) {
    uint32_t number = 0;
    uint32_t type = 0;
    std::string_view field;
    if (!reader.ReadTag(&number, &type) || type != kBytes || !reader.ReadBytes(&field)) {
      return DataLoss("malformed event");
    }
    if (number == kMissionField) {
      event->mission_id = std::string(field);
    } else if (!KnownNumber(number, std::make_index_sequence<std::variant_size_v<EventBody>>{})) {
      return FailedPrecondition("event type ", number, " is not known to this build");
    } else if (!DecodeBody(number, field, &event->body)) {
      return DataLoss("malformed event of type ", number);
    } else {
      has_body = true;
    }
  }
  return has_body ? absl::OkStatus() : DataLoss("event without a body");
}

StatusOr<Frame> DecodeFrame(std::string_view bytes) {
  auto frame = Decode<Frame>(bytes, "ledger block");
  if (!frame.ok()) return DataLoss(Message(frame.status()));
  if (frame->header.min_reader > kBlockFormat) {
    return FailedPrecondition("block at event ", frame->header.first_sequence,
                              " needs a newer coditect (written by ", frame->header.build_id, ")");
  }
  return frame;
}

StatusOr<std::string> Decompress(Frame& frame) {
  if (frame.raw_bytes > kRawBytesMax) return DataLoss("block claims ", frame.raw_bytes, " bytes");
  if (frame.codec == kCodecPlain) return std::move(frame.body);
  if (frame.codec != kCodecZstd) return FailedPrecondition("unknown block codec ", frame.codec);
  // One context per thread: making one costs more than a small block.
  thread_local std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(::ZSTD_createDCtx(),
                                                                          ::ZSTD_freeDCtx);
  std::string raw(frame.raw_bytes, '\0');
  const size_t size = ::ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(),
                                            frame.body.data(), frame.body.size());
  if (::ZSTD_isError(size) != 0 || size != raw.size()) return DataLoss("block does not decompress");
  return raw;
}

}  // namespace

void AppendEventBody(std::string& out, const EventBody& body) {
  std::visit([&](const auto& value) { Encoder(out).Element(value.kNumber, value); }, body);
}

void AppendEvent(std::string& batch, const Event& event) {
  Encoder encoder(batch);
  encoder.Nested(kBatchField, [&](std::string& out) {
    AppendEventBody(out, event.body);
    if (!event.mission_id.empty()) Encoder(out).Bytes(kMissionField, event.mission_id);
  });
}

std::string EncodeBlock(const BlockHeader& header, std::string_view batch) {
  // One context per thread: making one costs more than compressing a small block.
  thread_local std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(::ZSTD_createCCtx(),
                                                                          ::ZSTD_freeCCtx);
  Frame frame;
  frame.header = header;
  frame.raw_bytes = batch.size();
  frame.body.resize(::ZSTD_compressBound(batch.size()));
  const size_t size = ::ZSTD_compressCCtx(context.get(), frame.body.data(), frame.body.size(),
                                          batch.data(), batch.size(), 1);
  if (::ZSTD_isError(size) != 0 || size >= batch.size()) {
    frame.codec = kCodecPlain;
    frame.body = std::string(batch);
  } else {
    frame.codec = kCodecZstd;
    frame.body.resize(size);
  }
  return Encode(frame);
}

StatusOr<BlockHeader> DecodeBlockHeader(std::string_view bytes) {
  ASSIGN_OR_RETURN(Frame frame, DecodeFrame(bytes));
  return std::move(frame.header);
}

StatusOr<DecodedBlock> DecodeBlock(std::string_view bytes) {
  auto frame = DecodeFrame(bytes);
  RETURN_IF_ERROR(frame.status());
  DecodedBlock block;
  block.header = std::move(frame->header);
  ASSIGN_OR_RETURN(const std::string raw, Decompress(*frame));
  Reader reader(raw);
  uint64_t sequence = block.header.first_sequence;
  constexpr size_t kEventBytesMin = 4;  // a damaged header must not reserve more than there is
  block.events.reserve(std::min<uint64_t>(block.header.last_sequence - sequence + 1,
                                          raw.size() / kEventBytesMin + 1));
  while (!reader.AtEnd()) {
    uint32_t number = 0;
    uint32_t type = 0;
    std::string_view field;
    if (!reader.ReadTag(&number, &type) || type != kBytes || !reader.ReadBytes(&field)) {
      return DataLoss("malformed block at event ", sequence);
    }
    Event& event = block.events.emplace_back();
    event.sequence = sequence++;
    event.wall_ms = block.header.wall_ms;
    if (Status status = DecodeEvent(field, &event); !status.ok()) {
      return Annotate(status, StrCat("event ", event.sequence));
    }
  }
  if (sequence != block.header.last_sequence + 1) {
    return DataLoss("block at event ", block.header.first_sequence, " holds ", block.events.size(),
                    " events");
  }
  block.hash = FrameHash(bytes);
  return block;
}

std::string FrameHash(std::string_view frame) { return Sha256(frame); }

std::string EventBodyJson(const EventBody& body) {
  return std::visit([](const auto& value) { return ToJson(value); }, body);
}

}  // namespace coditect::wire
