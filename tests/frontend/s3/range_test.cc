// Ranges and conditionals.
#include "frontend/s3/range.h"

#include <string>
#include <vector>

#include "frontend/s3/conditionals.h"
#include "tests/catch.h"

namespace lode::frontend::s3 {
namespace {

using http::header;

// "first-last", "whole" or "none", so that a table of cases can be read.
std::string resolved(std::string_view value, std::uint64_t size) {
    const auto r = resolve(parse_range(value), bytes(size));
    switch (r.outcome) {
        case range_outcome::whole: return "whole";
        case range_outcome::unsatisfiable: return "none";
        case range_outcome::part: break;
    }
    return std::to_string(r.range.first.value()) + "-" + std::to_string(r.range.last.value());
}

range_form form(std::string_view value) { return parse_range(value).form; }

constexpr std::string_view tag = R"("abc")";
constexpr std::string_view earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view same = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view later = "Sun, 06 Nov 1994 08:49:38 GMT";

validators current() { return {.etag = tag, .last_modified = parse_http_date(same)}; }

condition_verdict verdict(const std::vector<header>& headers, access how = access::read) {
    return evaluate(headers, current(), how);
}

constexpr auto proceed = condition_verdict::proceed;
constexpr auto not_modified = condition_verdict::not_modified;
constexpr auto failed = condition_verdict::precondition_failed;

}  // namespace

TEST_CASE("a range of first and last byte is cut at the end of the object") {
    CHECK(resolved("bytes=0-0", 10) == "0-0");
    CHECK(resolved("bytes=0-8", 10) == "0-8");
    CHECK(resolved("bytes=0-9", 10) == "0-9");
    CHECK(resolved("bytes=0-10", 10) == "0-9");
    CHECK(resolved("bytes=8-100", 10) == "8-9");
    CHECK(resolved("bytes=9-9", 10) == "9-9");
    CHECK(resolved("bytes=10-10", 10) == "none");
}

TEST_CASE("an open range reaches to the last byte") {
    CHECK(resolved("bytes=0-", 10) == "0-9");
    CHECK(resolved("bytes=9-", 10) == "9-9");
    CHECK(resolved("bytes=10-", 10) == "none");
}

TEST_CASE("a suffix takes as much as there is") {
    CHECK(resolved("bytes=-1", 10) == "9-9");
    CHECK(resolved("bytes=-9", 10) == "1-9");
    CHECK(resolved("bytes=-10", 10) == "0-9");
    CHECK(resolved("bytes=-11", 10) == "0-9");
    CHECK(resolved("bytes=-0", 10) == "none");
    CHECK(form("bytes=-0") == range_form::suffix_zero);
    CHECK(form("bytes=-00") == range_form::suffix_zero);
}

TEST_CASE("nothing of an empty object can be had by range") {
    CHECK(resolved("bytes=0-0", 0) == "none");
    CHECK(resolved("bytes=0-", 0) == "none");
    CHECK(resolved("bytes=-5", 0) == "none");
}

TEST_CASE("numbers beyond 64 bits are as large as numbers can be") {
    CHECK(resolved("bytes=5-18446744073709551615", 10) == "5-9");
    CHECK(resolved("bytes=5-18446744073709551616", 10) == "5-9");
    CHECK(resolved("bytes=5-99999999999999999999999999", 10) == "5-9");
    CHECK(resolved("bytes=18446744073709551616-", 10) == "none");
    CHECK(resolved("bytes=-99999999999999999999999999", 10) == "0-9");
    CHECK(parse_range("bytes=0-18446744073709551614").last == 18446744073709551614U);
    CHECK(resolved("bytes=000000000000000000000000001-2", 10) == "1-2");
}

TEST_CASE("white space around a range is allowed, inside it is not") {
    CHECK(resolved(" bytes=1-2\t", 10) == "1-2");
    CHECK(resolved("bytes= 1-2 ", 10) == "1-2");
    CHECK(form("bytes=1 -2") == range_form::malformed);
    CHECK(form("bytes=1- 2") == range_form::malformed);
    CHECK(form("bytes =1-2") == range_form::unknown_unit);
}

TEST_CASE("the unit's case does not matter, another unit is none of ours") {
    CHECK(resolved("Bytes=1-2", 10) == "1-2");
    CHECK(form("items=0-5") == range_form::unknown_unit);
    CHECK(resolved("items=0-5", 10) == "whole");
}

TEST_CASE("what origins disagree about is told apart and is not unambiguous") {
    for (const auto* several : {"bytes=0-1,3-4", "bytes=0-1,", "bytes=,", "bytes=0-1, -5"}) {
        INFO(several);
        CHECK(form(several) == range_form::multiple);
        CHECK(resolved(several, 10) == "whole");
        CHECK_FALSE(parse_range(several).unambiguous());
    }
    for (const auto* garbage :
         {"", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=1-2-3", "bytes=--1",
          "bytes=0x1-2", "bytes=+1-2", "0-5", "bytes=1.5-2"}) {
        INFO(garbage);
        CHECK(form(garbage) == range_form::malformed);
        CHECK(resolved(garbage, 10) == "whole");
        CHECK_FALSE(parse_range(garbage).unambiguous());
    }
    CHECK(parse_range("bytes=4-5").unambiguous());
    CHECK(parse_range("bytes=4-").unambiguous());
    CHECK(parse_range("bytes=-4").unambiguous());
    CHECK_FALSE(parse_range("bytes=-0").unambiguous());
}

TEST_CASE("ranges are written for answers and for requests") {
    const byte_range r{.first = object_offset(2), .last = object_offset(5)};

    CHECK(r.length() == bytes(4));
    CHECK(content_range(r, bytes(10)) == "bytes 2-5/10");
    CHECK(unsatisfied_content_range(bytes(10)) == "bytes */10");
    CHECK(range_header(r) == "bytes=2-5");
}

TEST_CASE("an origin's Content-Range is read, with and without its halves") {
    const auto full = parse_content_range("bytes 2-5/10").value();
    CHECK(full.range->first == object_offset(2));
    CHECK(full.range->last == object_offset(5));
    CHECK(full.object_size == bytes(10));

    CHECK_FALSE(parse_content_range("bytes */10").value().range.has_value());
    CHECK_FALSE(parse_content_range("bytes 2-5/*").value().object_size.has_value());
    CHECK(parse_content_range("bytes 9-9/10").has_value());
}

TEST_CASE("a Content-Range that cannot be true breaks the protocol") {
    for (const auto* wrong :
         {"", "bytes", "bytes ", "bytes */*", "bytes 5-2/10", "bytes 2-10/10", "bytes 2-5",
          "bytes 2/10", "bytes -5/10", "items 2-5/10", "bytes 0-0/0",
          "bytes 2-5/18446744073709551616", "bytes 0-18446744073709551616/*", "bytes=2-5/10"}) {
        INFO(wrong);
        CHECK(parse_content_range(wrong).error() == error{errc::protocol});
    }
}

TEST_CASE("without conditions a request proceeds") {
    CHECK(verdict({}) == proceed);
    CHECK(evaluate({}, std::nullopt, access::write) == proceed);
}

TEST_CASE("If-Match wants one of its tags, by strong comparison") {
    CHECK(verdict({{"If-Match", tag}}) == proceed);
    CHECK(verdict({{"If-Match", "abc"}}) == proceed);
    CHECK(verdict({{"If-Match", R"("x", "abc")"}}) == proceed);
    CHECK(verdict({{"If-Match", R"("x")"}, {"if-match", tag}}) == proceed);
    CHECK(verdict({{"If-Match", "*"}}) == proceed);
    CHECK(verdict({{"If-Match", R"("x")"}}) == failed);
    CHECK(verdict({{"If-Match", R"(W/"abc")"}}) == failed);
    CHECK(verdict({{"If-Match", ""}}) == failed);
    CHECK(evaluate(std::vector<header>{{"If-Match", "*"}}, std::nullopt, access::write) == failed);
}

TEST_CASE("If-None-Match answers 304 to a reader and 412 to a writer") {
    CHECK(verdict({{"If-None-Match", tag}}) == not_modified);
    CHECK(verdict({{"If-None-Match", R"(W/"abc")"}}) == not_modified);
    CHECK(verdict({{"If-None-Match", R"("x", "abc")"}}) == not_modified);
    CHECK(verdict({{"If-None-Match", "*"}}) == not_modified);
    CHECK(verdict({{"If-None-Match", R"("x")"}}) == proceed);
    CHECK(verdict({{"If-None-Match", "*"}}, access::write) == failed);
    CHECK(evaluate(std::vector<header>{{"If-None-Match", "*"}}, std::nullopt, access::write) ==
          proceed);
}

TEST_CASE("dates are compared to the second") {
    CHECK(verdict({{"If-Modified-Since", earlier}}) == proceed);
    CHECK(verdict({{"If-Modified-Since", same}}) == not_modified);
    CHECK(verdict({{"If-Modified-Since", later}}) == not_modified);
    CHECK(verdict({{"If-Unmodified-Since", earlier}}) == failed);
    CHECK(verdict({{"If-Unmodified-Since", same}}) == proceed);
    CHECK(verdict({{"If-Unmodified-Since", later}}) == proceed);
}

TEST_CASE("a date that cannot be read, or does not apply, is ignored") {
    CHECK(verdict({{"If-Modified-Since", "yesterday"}}) == proceed);
    CHECK(verdict({{"If-Unmodified-Since", "0"}}) == proceed);
    CHECK(verdict({{"If-Modified-Since", later}}, access::write) == proceed);
    CHECK(evaluate(std::vector<header>{{"If-Unmodified-Since", earlier}},
                   validators{.etag = tag, .last_modified = std::nullopt},
                   access::read) == proceed);
}

TEST_CASE("a tag outweighs the date beside it") {
    CHECK(verdict({{"If-Match", tag}, {"If-Unmodified-Since", earlier}}) == proceed);
    CHECK(verdict({{"If-None-Match", R"("x")"}, {"If-Modified-Since", later}}) == proceed);
    CHECK(verdict({{"If-None-Match", tag}, {"If-Modified-Since", earlier}}) == not_modified);
}

TEST_CASE("what must hold is checked before what may have changed") {
    CHECK(verdict({{"If-None-Match", tag}, {"If-Unmodified-Since", earlier}}) == failed);
    CHECK(verdict({{"If-None-Match", tag}, {"If-Unmodified-Since", same}}) == not_modified);
    CHECK(verdict({{"If-None-Match", tag}, {"If-Match", R"("x")"}}) == failed);
    CHECK(verdict({{"If-None-Match", tag}, {"If-Match", tag}}) == not_modified);
}

TEST_CASE("If-Range lets a range through for the same version only") {
    const auto applies = [](std::string_view value) {
        return range_applies(std::vector<header>{{"If-Range", value}}, current());
    };

    CHECK(range_applies({}, current()));
    CHECK(applies(tag));
    CHECK(applies(same));
    CHECK_FALSE(applies(R"("x")"));
    CHECK_FALSE(applies(R"(W/"abc")"));
    CHECK_FALSE(applies(earlier));
    CHECK_FALSE(applies(later));
    CHECK_FALSE(applies(""));
}

}  // namespace lode::frontend::s3
