// The contract of ObjectStore, on every backend.
#include <doctest/doctest.h>

#include <functional>
#include <memory>

#include "src/adapters/localfs/object_store.h"
#include "src/adapters/memory/object_store.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/sha256.h"
#include "src/ports/object_store.h"

namespace coditect {
namespace {

void ForEachBackend(const std::function<void(ObjectStore&)>& test) {
  memory::MemoryObjectStore memory;
  test(memory);
  const std::string folder = StrCat("/tmp/coditect-test-", RandomHex(6));
  const auto local = localfs::OpenObjectStore(folder);
  REQUIRE(local.ok());
  test(**local);
  CHECK(RemoveTree(folder).ok());
}

}  // namespace

TEST_CASE("ABlobIsNamedByItsContentAndComesBackWhole") {
  ForEachBackend([](ObjectStore& store) {
    const Context ctx;
    for (const std::string& content :
         {std::string(), std::string("a\0b", 3), std::string(1 << 20, 'x')}) {
      const auto id = store.Put(ctx, content);
      REQUIRE(id.ok());
      CHECK_EQ(*id, Sha256Hex(content));
      CHECK_EQ(*store.Put(ctx, content), *id);
      CHECK(*store.Get(ctx, *id) == content);
    }
  });
}

TEST_CASE("ABlobIsListedUntilItIsDeleted") {
  ForEachBackend([](ObjectStore& store) {
    const Context ctx;
    CHECK(store.List(ctx)->empty());
    const BlobId one = *store.Put(ctx, "one");
    const BlobId two = *store.Put(ctx, "two");
    const auto all = *store.List(ctx);
    REQUIRE_EQ(all.size(), 2);
    CHECK_NE(all[0].id, all[1].id);
    CHECK_GT(all[0].stored_bytes, 0);
    const int64_t later = SystemClock().WallMs() + 60'000;
    CHECK_EQ(*store.Delete(ctx, one, later), true);
    CHECK_EQ(*store.Delete(ctx, one, later), false);
    CHECK_EQ(store.Get(ctx, one).status().code(), absl::StatusCode::kNotFound);
    REQUIRE_EQ(store.List(ctx)->size(), 1);
    CHECK_EQ(store.List(ctx)->front().id, two);
    CHECK_EQ(*store.Put(ctx, "one"), one);
    CHECK_EQ(*store.Get(ctx, one), "one");
  });
}

TEST_CASE("ABlobThatWasPutAgainMeanwhileIsNotDeleted") {
  ForEachBackend([](ObjectStore& store) {
    const Context ctx;
    const BlobId id = *store.Put(ctx, "content");
    const int64_t before = store.List(ctx)->front().put_wall_ms;
    CHECK_EQ(*store.Delete(ctx, id, before), false);
    while (SystemClock().WallMs() <= before) continue;
    CHECK_EQ(*store.Put(ctx, "content"), id);
    CHECK_GT(store.List(ctx)->front().put_wall_ms, before);
    CHECK_EQ(*store.Delete(ctx, id, before + 1), false);
    CHECK_EQ(*store.Get(ctx, id), "content");
  });
}

TEST_CASE("ADamagedBlobIsReplacedWhenItIsPutAgain") {
  const std::string folder = StrCat("/tmp/coditect-test-", RandomHex(6));
  const auto store = localfs::OpenObjectStore(folder);
  REQUIRE(store.ok());
  const std::string content(1000, 'a');
  const BlobId id = *(*store)->Put(Context{}, content);
  const std::string path = StrCat(folder, "/", id.substr(0, 2), "/", id, ".zst");
  for (const std::string& bad : {std::string(), std::string("no zstd"), *ReadFile(path) + "x"}) {
    CHECK(WriteFile(path, bad).ok());
    CHECK_EQ(*(*store)->Put(Context{}, content), id);
    CHECK_EQ(*(*store)->Get(Context{}, id), content);
  }
  CHECK(RemoveTree(folder).ok());
}

TEST_CASE("AnAbsentBlobIsNotFound") {
  ForEachBackend([](ObjectStore& store) {
    CHECK_EQ(store.Get(Context{}, Sha256Hex("absent")).status().code(),
             absl::StatusCode::kNotFound);
  });
}

TEST_CASE("AnIdThatIsAPathIsRefused") {
  const std::string folder = StrCat("/tmp/coditect-test-", RandomHex(6));
  const auto store = localfs::OpenObjectStore(folder);
  REQUIRE(store.ok());
  CHECK_EQ((*store)->Get(Context{}, "../../etc/passwd").status().code(),
           absl::StatusCode::kInvalidArgument);
  CHECK(RemoveTree(folder).ok());
}

TEST_CASE("ADamagedBlobIsNeverServed") {
  const std::string folder = StrCat("/tmp/coditect-test-", RandomHex(6));
  const auto store = localfs::OpenObjectStore(folder);
  REQUIRE(store.ok());
  const std::string id = *(*store)->Put(Context{}, std::string(1000, 'a') + "tail");
  const std::string path = StrCat(folder, "/", id.substr(0, 2), "/", id, ".zst");
  const std::string good = *ReadFile(path);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x10;
    CHECK(WriteFile(path, bad).ok());
    const auto read = (*store)->Get(Context{}, id);
    if (read.ok()) CHECK_EQ(Sha256Hex(*read), id);  // bits zstd does not look at
  }
  CHECK(WriteFile(path, good.substr(0, good.size() / 2)).ok());
  CHECK_EQ((*store)->Get(Context{}, id).status().code(), absl::StatusCode::kDataLoss);
  CHECK(RemoveTree(folder).ok());
}

}  // namespace coditect
