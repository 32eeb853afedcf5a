// The field tables of the domain are those of proto/coditect/v1, in the protobuf library's eyes.
#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <memory>

#include "src/domain/event.h"
#include "src/domain/snapshot.h"
#include "src/domain/world_model.h"
#include "src/wire/codec.h"
#include "src/wire/event_codec.h"

#include "coditect/v1/agent.pb.h"
#include "coditect/v1/event.pb.h"
#include "coditect/v1/mission.pb.h"
#include "coditect/v1/snapshot.pb.h"

namespace coditect::wire {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

/// Sets every field to something that is not its default.
struct Filler {
  template <typename T>
  void operator()(uint32_t number, const char*, T& value) {
    Fill(number, value);
  }
  template <typename T>
  static void Fill(uint32_t number, T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      value = StrCat("text ", number);
    } else if constexpr (std::is_same_v<T, TaskId>) {
      value.ordinal = 7 + number;
    } else if constexpr (std::is_same_v<T, Role>) {
      value = Role::kTester;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(1);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = true;
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(300 + number);
    } else {
      T::Fields(value, Filler{});
    }
  }
  template <typename T>
  static void Fill(uint32_t number, std::vector<T>& values) {
    values.resize(2);
    for (T& value : values) Fill(number, value);
  }
  template <typename T>
  static void Fill(uint32_t number, std::optional<T>& value) {
    Fill(number, value.emplace());
  }
  template <typename T>
  static void Fill(uint32_t number, std::set<T>& values) {
    T value{};
    Fill(number, value);
    values.insert(value);
  }
  template <size_t size>
  static void Fill(uint32_t number, std::array<uint32_t, size>& values) {
    values.fill(number);
  }
  template <typename Enum>
  static void Fill(uint32_t number, std::map<Enum, uint32_t>& values) {
    values = {{static_cast<Enum>(1), number}, {static_cast<Enum>(2), 0}};
  }
  static void Fill(uint32_t, std::map<std::string, std::string>& values) {
    values = {{"a", "1"}, {"b", ""}};
  }
};

/// Compares names and numbers with a message's descriptor.
struct Comparer {
  const Descriptor* descriptor;
  int* fields;

  template <typename T>
  void operator()(uint32_t number, const char* name, T&) {
    const FieldDescriptor* field = descriptor->FindFieldByNumber(static_cast<int>(number));
    CAPTURE(descriptor->full_name());
    CAPTURE(name);
    REQUIRE(field != nullptr);
    CHECK_EQ(field->name(), name);
    ++*fields;
  }
};

std::string Reserialized(const Descriptor* descriptor, const std::string& bytes) {
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(descriptor)->New());
  REQUIRE(message->ParseFromString(bytes));
  CHECK(message->GetReflection()->GetUnknownFields(*message).empty());
  std::string out;
  {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    REQUIRE(message->SerializeToCodedStream(&coded));
  }
  return out;
}

/// True when nothing is set in it but messages in which nothing is set.
bool IsBare(const google::protobuf::Message& message) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  return std::all_of(set.begin(), set.end(), [&](const FieldDescriptor* field) {
    return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated() &&
           IsBare(message.GetReflection()->GetMessage(message, field));
  });
}

template <typename T>
void ExpectZeroDefaults(const Descriptor* descriptor) {
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(descriptor)->New());
  REQUIRE(message->ParseFromString(Encode(T())));
  CHECK(IsBare(*message));
}

template <typename T>
void ExpectSame(const Descriptor* descriptor) {
  CAPTURE(descriptor->full_name());
  // Zero is not written, so a default that is not zero would come back instead of it.
  ExpectZeroDefaults<T>(descriptor);
  T value;
  int fields = 0;
  T::Fields(value, Comparer{descriptor, &fields});
  CHECK_EQ(fields, descriptor->field_count());
  T::Fields(value, Filler{});
  const std::string bytes = Encode(value);
  CHECK_EQ(Reserialized(descriptor, bytes), bytes);
  const auto decoded = Decode<T>(bytes, "message");
  REQUIRE(decoded.ok());
  CHECK_EQ(Encode(*decoded), bytes);
}

template <size_t... index>
void ExpectSameEvents(std::index_sequence<index...>) {
  const Descriptor* event = v1::Event::descriptor();
  (
      [&] {
        using Body = std::variant_alternative_t<index, EventBody>;
        const FieldDescriptor* field = event->FindFieldByNumber(Body::kNumber);
        REQUIRE(field != nullptr);
        CHECK_EQ(field->name(), Body::kName);
        ExpectSame<Body>(field->message_type());
      }(),
      ...);
  CHECK_EQ(event->field_count(), static_cast<int>(sizeof...(index)) + 1);
}

template <typename Enum>
void ExpectSameEnum(const google::protobuf::EnumDescriptor* descriptor) {
  constexpr auto names = EnumNames(Enum{});
  REQUIRE_EQ(static_cast<size_t>(descriptor->value_count()), names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    CHECK_EQ(descriptor->FindValueByNumber(static_cast<int>(i))->name(), names[i]);
  }
}

}  // namespace

TEST_CASE("EveryEventIsTheProtobufMessageOfItsNumber") {
  ExpectSameEvents(std::make_index_sequence<std::variant_size_v<EventBody>>{});
}

TEST_CASE("ValuesAreTheProtobufMessagesOfTheContract") {
  ExpectSame<MissionRequest>(v1::MissionRequest::descriptor());
  ExpectSame<TaskSpec>(v1::Task::descriptor());
  ExpectSame<PlanDocument>(v1::PlanResponse::descriptor());
  ExpectSame<Proposal>(v1::Proposal::descriptor());
  ExpectSame<TaskResult>(v1::TaskResult::descriptor());
  ExpectSame<Evidence>(v1::Evidence::descriptor());
  ExpectSame<BaselineSummary>(v1::BaselineSummary::descriptor());
  ExpectSame<Usage>(v1::Usage::descriptor());
  ExpectSame<Action>(v1::Action::descriptor());
  ExpectSame<WorldModel>(v1::WorldModel::descriptor());
  ExpectSame<Epoch>(v1::Epoch::descriptor());
}

TEST_CASE("SnapshotsAreTheProtobufMessagesOfTheContract") {
  ExpectSame<LeaseState>(v1::LeaseState::descriptor());
  ExpectSame<TaskState>(v1::TaskState::descriptor());
  ExpectSame<Verdict>(v1::Verdict::descriptor());
  ExpectSame<ApprovalState>(v1::ApprovalState::descriptor());
  ExpectSame<MissionState>(v1::MissionState::descriptor());
  ExpectSame<MissionChunk>(v1::MissionChunk::descriptor());
  ExpectSame<HostSnapshot>(v1::HostSnapshot::descriptor());
  ExpectSame<ForgottenMission>(v1::ForgottenMission::descriptor());
  ExpectSame<StateSnapshot>(v1::StateSnapshot::descriptor());
  ExpectSame<ArchiveSegment>(v1::ArchiveSegment::descriptor());
  ExpectSame<ArchiveIndex>(v1::ArchiveIndex::descriptor());
  ExpectSame<ArchivedBlocks>(v1::ArchivedBlocks::descriptor());
}

TEST_CASE("EnumsHaveTheNamesOfTheContract") {
  ExpectSameEnum<Outcome>(v1::Outcome_descriptor());
  ExpectSameEnum<DependencyMode>(v1::DependencyMode_descriptor());
  ExpectSameEnum<ProposalKind>(v1::ProposalKind_descriptor());
  ExpectSameEnum<TaskStatus>(v1::TaskStatus_descriptor());
  ExpectSameEnum<ResultOutcome>(v1::ResultOutcome_descriptor());
  ExpectSameEnum<LeaseEnd>(v1::LeaseEnd_descriptor());
  ExpectSameEnum<ApprovalStatus>(v1::ApprovalStatus_descriptor());
  ExpectSameEnum<MissionStatus>(v1::MissionStatus_descriptor());
}

TEST_CASE("ABlockIsTheProtobufMessageBlock") {
  Event event;
  event.mission_id = "r-1";
  event.body = MissionResumed{};
  std::string batch;
  AppendEvent(batch, event);
  BlockHeader header;
  header.first_sequence = header.last_sequence = 1;
  header.block_id = "0123456789abcdef";
  header.build_id = "test";
  const std::string frame = EncodeBlock(header, batch);
  CHECK_EQ(Reserialized(v1::Block::descriptor(), frame), frame);
  v1::EventBatch events;
  REQUIRE(events.ParseFromString(batch));
  CHECK_EQ(events.events(0).mission_id(), "r-1");
  CHECK(events.events(0).has_mission_resumed());
}

TEST_CASE("TheSourceDesignsMessagesKeepTheirFields") {
  const auto expect = [](const Descriptor* message, int number, const char* name) {
    const FieldDescriptor* field = message->FindFieldByNumber(number);
    REQUIRE(field != nullptr);
    CHECK_EQ(field->name(), name);
  };
  expect(v1::PlanRequest::descriptor(), 3, "timeout_ms");
  expect(v1::StateUpdate::descriptor(), 5, "trace_id");
  expect(v1::ConsistencyViolation::descriptor(), 5, "investigation_results");
  const auto* pool = v1::WantedSet::descriptor()->file()->pool();
  for (const char* method :
       {"coditect.v1.TaskQueue.AssignTask", "coditect.v1.TaskQueue.ReportResult",
        "coditect.v1.TaskQueue.GetWorldModel", "coditect.v1.TaskQueue.ReportConsistencyViolation",
        "coditect.v1.Agent.ExecuteTask", "coditect.v1.Agent.GetCapabilities",
        "coditect.v1.Agent.Ping"}) {
    CAPTURE(method);
    CHECK(pool->FindMethodByName(method) != nullptr);
  }
}

}  // namespace coditect::wire
