// XML in pieces.
#include "src/base/xml_reader.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect {
namespace {

std::string All(std::string_view xml) {
  XmlReader reader(xml);
  std::string out;
  for (;;) {
    const auto piece = reader.Next();
    if (!piece.ok()) return Message(piece.status());
    if (piece->kind == XmlPiece::Kind::kDone) return out;
    if (piece->kind == XmlPiece::Kind::kBegin) StrAppend(out, "<", piece->name);
    for (const auto& [name, value] : piece->attributes) StrAppend(out, " ", name, "=", value);
    if (piece->kind == XmlPiece::Kind::kText) StrAppend(out, "[", piece->text, "]");
    if (piece->kind == XmlPiece::Kind::kEnd) StrAppend(out, ">");
  }
}

}  // namespace

TEST_CASE("ElementsAttributesAndTextComeInOrder") {
  CHECK_EQ(
      All("<?xml version='1.0'?><!-- x --><a b='1 &lt; &#65;'>t &amp; u<c/><![CDATA[<d>]]></a>\n"),
      "<a b=1 < A[t & u]<c>[<d>]>");
}

TEST_CASE("WhatIsNoXmlIsRefusedWithItsLine") {
  CHECK_EQ(All("<a>\n</b>"), "line 2: unexpected end of an element");
  CHECK_EQ(All("<!DOCTYPE a><a/>"), "line 1: unexpected document type");
  for (const char* xml : {"", "x", "<a", "<a>", "<a/><b/>", "<a b/>", "<a b='", "<a><![CDATA["}) {
    CAPTURE(xml);
    CHECK(Contains(All(xml), "unexpected"));
  }
}

}  // namespace coditect
