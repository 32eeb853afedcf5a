// Rules of addresses and of what is shown of them.
#include "src/app/config/address.h"

#include <doctest/doctest.h>

namespace coditect {

TEST_CASE("NodesAreHostAndPort") {
  CHECK_EQ(*ParseNode("redis-1", 6379), "redis-1:6379");
  CHECK_EQ(*ParseNode("redis_1.example.com:7000", 6379), "redis_1.example.com:7000");
  CHECK_EQ(*ParseNode("10.0.0.1:1", 0), "10.0.0.1:1");
  CHECK_EQ(*ParseNode("[2001:db8::1]:65535", 0), "[2001:db8::1]:65535");
  CHECK_EQ(*ParseNode("[::1]", 6379), "[::1]:6379");
  for (const char* bad : {"",      " a",        "a ",        "a:",     ":1",
                          "a:0",   "a:65536",   "a:-1",      "a:+1",   "a:1x",
                          "a:1:2", "a b",       "-a",        ".a",     "a..b",
                          "::1",   "[::1",      "[]:1",      "[g::1]", "a@b",
                          "a/b",   "redis://a", "h\xc3\xa9", "a\nb",   "99999999999999999999:1x"}) {
    CAPTURE(std::string(bad));
    CHECK_EQ(ParseNode(bad, 6379).status().code(), absl::StatusCode::kInvalidArgument);
  }
  CHECK_FALSE(ParseNode(std::string(300, 'a'), 0).ok());
}

TEST_CASE("UrlsHaveAKnownSchemeOrNone") {
  const KeyWords schemes = {"nats", "tls"};
  for (const char* good : {"nats://n:4222", "tls://u:p@n", "nats://[::1]:4222/x?y=z", "n:4222", "n",
                           "u:p@n:1", "nats://u%40x:p%2F@n"}) {
    CAPTURE(std::string(good));
    CHECK(CheckUrl(good, schemes).ok());
  }
  for (const char* bad : {"http://n", "://n", "nats://", "nats://:1", "nats://n:0",
                          "nats://n:65536", "nats://n n", "nats://u:p@", "nats://u:a/b@n",
                          "nats://u:a@b@n:x", "nats:///path", "nats://n\n", "nats://h\xc3\xa9"}) {
    CAPTURE(std::string(bad));
    CHECK_EQ(CheckUrl(bad, schemes).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("PasswordsAndQueriesAreNotShown") {
  CHECK_EQ(RedactUrl("nats://u:p@n:4222/x"), "nats://***@n:4222/x");
  CHECK_EQ(RedactUrl("nats://u:a@b@n"), "nats://***@n");
  CHECK_EQ(RedactUrl("http://n:1/x?password=p"), "http://n:1/x?***");
  CHECK_EQ(RedactUrl("u:p@n:1"), "***@n:1");
  CHECK_EQ(RedactUrl("token@n"), "***@n");
  CHECK_EQ(RedactUrl("nats://n:1"), "nats://n:1");
}

TEST_CASE("PasswordsAreNotShownInAnyText") {
  CHECK_EQ(RedactText("get http://u:p@h/x and mail a@b"), "get http://***@h/x and mail a@b");
  CHECK_EQ(RedactText("x=http://u:p@q@h 'ftp://u@h'"), "x=http://***@h 'ftp://***@h'");
  CHECK_EQ(RedactText("http://h/x"), "http://h/x");
  CHECK_EQ(RedactText("plain"), "plain");
  CHECK_EQ(RedactText(""), "");
  CHECK_EQ(RedactText("://"), "://");
}

}  // namespace coditect
