#include "frontend/origin/object_listing.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::origin;

namespace {

std::string page(std::string_view inside) {
    return R"(<?xml version="1.0" encoding="UTF-8"?>)"
           R"(<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)" +
           std::string(inside) + "</ListBucketResult>";
}

std::string entry(std::string_view key, std::string_view size) {
    return "<Contents><Key>" + std::string(key) + "</Key><Size>" + std::string(size) +
           "</Size></Contents>";
}

errc code_of(const std::string& xml) {
    const auto parsed = parse_listing(xml);
    return parsed ? errc::io : parsed.error().code;
}

}  // namespace

TEST_CASE("a listing has keys with their sizes, and where the next page begins") {
    const auto read = parse_listing(page("<IsTruncated>true</IsTruncated>" + entry("a/b", "12") +
                                         entry("c", "0") +
                                         "<NextContinuationToken>t=&amp;</NextContinuationToken>"));

    REQUIRE(read);
    CHECK(read->objects == std::vector<object_listing::entry>{{"a/b", bytes(12)}, {"c", bytes(0)}});
    CHECK(read->next == "t=&");
}

TEST_CASE("keys are decoded only where the store says that it encoded them") {
    const std::string key = entry("a+b%20c%2B&amp;", "1");

    CHECK(parse_listing(page("<EncodingType>url</EncodingType>" + key))->objects.front().key ==
          "a b c+&");
    CHECK(parse_listing(page(key))->objects.front().key == "a+b%20c%2B&");
}

TEST_CASE("keys of blanks and names with a prefix are read as they are") {
    CHECK(parse_listing(page(entry("  ", "1")))->objects.front().key == "  ");
    const auto prefixed = parse_listing(
        "<s3:ListBucketResult xmlns:s3=\"x\"><s3:Contents><s3:Key>k</s3:Key><s3:Size>5</s3:Size>"
        "</s3:Contents></s3:ListBucketResult>");
    REQUIRE(prefixed);
    CHECK(prefixed->objects == std::vector<object_listing::entry>{{"k", bytes(5)}});
}

TEST_CASE("the last page has no next one, and may be empty") {
    const auto read =
        parse_listing(page("<IsTruncated>false</IsTruncated>"
                           "<NextContinuationToken>t</NextContinuationToken>"));
    REQUIRE(read);
    CHECK(read->objects.empty());
    CHECK(read->next.empty());
}

TEST_CASE("what is no listing, or one with a gap, is refused") {
    CHECK(code_of("") == errc::protocol);
    CHECK(code_of("<Error/>") == errc::protocol);
    CHECK(code_of(page("").substr(0, 80)) == errc::protocol);
    CHECK(code_of(page(entry("", "1"))) == errc::protocol);
    CHECK(code_of(page(entry("k", ""))) == errc::protocol);
    CHECK(code_of(page(entry("k", "-1"))) == errc::protocol);
    CHECK(code_of(page(entry("k", "18446744073709551616"))) == errc::protocol);
    CHECK(code_of(page("<EncodingType>url</EncodingType>" + entry("%zz", "1"))) == errc::protocol);
    CHECK(code_of(page("<IsTruncated>true</IsTruncated>" + entry("k", "1"))) == errc::protocol);
}
