// Percent-encoding, queries, dates, entity tags and error documents.
#include <string>
#include <vector>

#include "frontend/s3/error_xml.h"
#include "frontend/s3/etag.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"
#include "tests/catch.h"

namespace lode::frontend::s3 {
namespace {

result<std::string> decoded(std::string_view text, plus_sign plus = plus_sign::literal) {
    std::string out;
    const auto done = percent_decode(text, plus, out);
    if (!done) return std::unexpected(done.error());
    return out;
}

std::string encoded(std::string_view text, slash slashes) {
    std::string out;
    percent_encode(text, slashes, out);
    return out;
}

std::string escaped(std::string_view text) {
    std::string out;
    append_xml_escaped(text, out);
    return out;
}

std::int64_t unix_time(std::string_view date) {
    const auto when = parse_http_date(date);
    return when ? when->time_since_epoch().count() : -1;
}

}  // namespace

TEST_CASE("percent-decoding takes both cases of digits and any byte") {
    CHECK(decoded("a%2Fb%2fc") == "a/b/c");
    CHECK(decoded("%00%ff") == std::string("\0\xff", 2));
    CHECK(decoded("") == "");
    CHECK(decoded("a+b", plus_sign::literal) == "a+b");
    CHECK(decoded("a+b", plus_sign::space) == "a b");
}

TEST_CASE("a percent sign without two hexadecimal digits is refused and appends nothing") {
    for (const auto* broken : {"%", "a%", "%4", "a%4", "%g0", "%0g", "%%41", "% 41"}) {
        INFO(broken);
        std::string out = "kept";

        const auto done = percent_decode(broken, plus_sign::literal, out);

        CHECK(done.error() == error{errc::invalid});
        CHECK(out == "kept");
        CHECK(percent_recode(broken, plus_sign::literal, slash::keep, out).error() ==
              error{errc::invalid});
        CHECK(out == "kept");
    }
}

TEST_CASE("decoding into a buffer needs exactly as much room as the result") {
    std::array<char, 3> buffer{};

    CHECK(percent_decode("a%20b", plus_sign::literal, buffer) == "a b");
    CHECK(percent_decode("a%20bc", plus_sign::literal, buffer).error() == error{errc::too_large});
    CHECK(percent_decode("a%2", plus_sign::literal, buffer).error() == error{errc::invalid});
}

TEST_CASE("percent-encoding leaves only the unreserved bytes and, in a path, the slash") {
    CHECK(encoded("AZaz09-._~", slash::encode) == "AZaz09-._~");
    CHECK(encoded("a b/c+d*'%", slash::keep) == "a%20b/c%2Bd%2A%27%25");
    CHECK(encoded("a/b", slash::encode) == "a%2Fb");
    CHECK(encoded("\xc3\xa4", slash::keep) == "%C3%A4");
}

TEST_CASE("every string of bytes survives encoding and decoding") {
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);

    CHECK(decoded(encoded(every_byte, slash::keep)) == every_byte);
    CHECK(decoded(encoded(every_byte, slash::encode), plus_sign::space) == every_byte);
}

TEST_CASE("a query is walked in order and tells an empty value from none") {
    std::vector<std::string> seen;
    for (const query_parameter& p : query("acl&prefix=a%2Fb&&x==y&empty=&=v&")) {
        seen.push_back(std::string(p.name) + (p.has_value ? "=" : "") + std::string(p.value));
    }

    CHECK(seen == std::vector<std::string>{"acl", "prefix=a%2Fb", "x==y", "empty=", "=v"});
}

TEST_CASE("a query of nothing has no parameters") {
    CHECK(query("").begin() == query("").end());
    CHECK(query("&&&").begin() == query("&&&").end());
}

TEST_CASE("a parameter is found by its decoded name and given with its decoded value") {
    CHECK(find_parameter("a=1&%62=x%2By+z&b=3", "b").value() == "x+y z");
    CHECK(find_parameter("b", "b").value() == "");
    CHECK_FALSE(find_parameter("a=1&bb=2", "b").value().has_value());
    CHECK(find_parameter("b=%zz", "b").error() == error{errc::invalid});
    CHECK(find_parameter("%zz=1&b=2", "b").value() == "2");
}

TEST_CASE("a target is cut at its first question mark") {
    CHECK(split("/a?b?c").path == "/a");
    CHECK(split("/a?b?c").query == "b?c");
    CHECK(split("/a").query.empty());
    CHECK(split("/a?").path == "/a");
}

TEST_CASE("a date is read in all three forms of HTTP") {
    CHECK(unix_time("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
    CHECK(unix_time("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
    CHECK(unix_time("Sun Nov  6 08:49:37 1994") == 784111777);
    CHECK(unix_time("Sun Nov 16 08:49:37 1994") == 784111777 + 10 * 86400);
    CHECK(unix_time("Thu, 29 Feb 2024 23:59:60 GMT") == 1709251200);
}

TEST_CASE("a two-digit year lies between 1970 and 2069") {
    CHECK(unix_time("Thursday, 01-Jan-70 00:00:00 GMT") == 0);
    CHECK(unix_time("Tuesday, 31-Dec-69 00:00:00 GMT") == 3155673600);
}

TEST_CASE("what is not a date is not read as one") {
    for (const auto* text : {"", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
                             "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 31 Feb 1994 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Fri, 06 nov 1994 08:49:37 GMT", "Xyz, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 0000 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:60 GMT",
                             "Thu, 29 Feb 2023 00:00:00 GMT", "Sun, -6 Nov 1994 08:49:37 GMT"}) {
        INFO(text);
        CHECK_FALSE(parse_http_date(text).has_value());
    }
}

TEST_CASE("a date that is written is read back, over leap years and centuries") {
    CHECK(format_http_date(http_seconds(std::chrono::seconds(784111777))) ==
          "Sun, 06 Nov 1994 08:49:37 GMT");
    for (std::int64_t second = 0; second < 8'000'000'000; second += 86400 * 13 + 4711) {
        const http_seconds when{std::chrono::seconds(second)};
        REQUIRE(parse_http_date(format_http_date(when)) == when);
    }
}

TEST_CASE("an entity tag is read quoted, weak or bare") {
    CHECK(parse_entity_tag(R"("abc")")->opaque == "abc");
    CHECK(parse_entity_tag(R"( "abc" )")->opaque == "abc");
    CHECK(parse_entity_tag("abc-2")->opaque == "abc-2");
    CHECK(parse_entity_tag(R"(W/"abc")")->opaque == "abc");
    CHECK(parse_entity_tag(R"(W/"abc")")->strength == tag_strength::weak);
    CHECK(parse_entity_tag(R"("abc")")->strength == tag_strength::strong);
    for (const auto* broken :
         {"", " ", R"(")", R"("")", R"("abc)", R"(abc")", R"("a"b")", "a b", "a\x01"}) {
        INFO(broken);
        CHECK_FALSE(parse_entity_tag(broken).has_value());
    }
}

TEST_CASE("strong comparison wants two strong tags, weak comparison only the same name") {
    const entity_tag strong{.opaque = "x", .strength = tag_strength::strong};
    const entity_tag weak{.opaque = "x", .strength = tag_strength::weak};
    const entity_tag other{.opaque = "X", .strength = tag_strength::strong};

    CHECK(equal_strong(strong, strong));
    CHECK_FALSE(equal_strong(strong, weak));
    CHECK_FALSE(equal_strong(weak, weak));
    CHECK(equal_weak(strong, weak));
    CHECK_FALSE(equal_weak(strong, other));
}

TEST_CASE("a tag list is cut at commas outside quotes and unreadable members are skipped") {
    entity_tag_list list(R"(, "a" ,W/"b,c", "bro ken", d , "e)");
    std::vector<std::string> seen;
    while (const auto tag = list.next()) seen.emplace_back(tag->opaque);

    CHECK(seen == std::vector<std::string>{"a", "b,c", "d"});
}

TEST_CASE("quotes are put on once and taken off whole") {
    CHECK(quoted("abc") == R"("abc")");
    CHECK(quoted(R"("abc")") == R"("abc")");
    CHECK(quoted(R"(W/"abc")") == R"(W/"abc")");
    CHECK(unquoted(R"("abc")") == "abc");
    CHECK(unquoted("abc") == "abc");
}

TEST_CASE("the number of parts stands behind 32 hexadecimal digits") {
    const std::string md5 = "0123456789abcdefABCDEF0123456789";

    CHECK(part_count_of(md5 + "-1") == 1);
    CHECK(part_count_of('"' + md5 + "-10000\"") == 10'000);
    CHECK_FALSE(part_count_of(md5 + "-10001"));
    CHECK_FALSE(part_count_of(md5 + "-100000"));
    CHECK_FALSE(part_count_of(md5 + "-0"));
    CHECK_FALSE(part_count_of(md5 + "-01"));
    CHECK_FALSE(part_count_of(md5 + "-"));
    CHECK_FALSE(part_count_of(md5 + "-2x"));
    CHECK_FALSE(part_count_of(md5));
    CHECK_FALSE(part_count_of(md5 + "0-2"));
    CHECK_FALSE(part_count_of("g123456789abcdefABCDEF0123456789-2"));
}

TEST_CASE("an error document is the one that S3 clients parse") {
    const auto xml = render_error_xml(
        {.error = s3_error::no_such_key, .resource = "/bucket/a<b>&\"c'", .request_id = "tx01"});

    CHECK(xml == R"(<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code>)"
                 R"(<Message>The specified key does not exist.</Message>)"
                 R"(<Resource>/bucket/a&lt;b&gt;&amp;&quot;c&apos;</Resource>)"
                 R"(<RequestId>tx01</RequestId></Error>)");
    CHECK(render_error_xml({.error = s3_error::slow_down, .message = "Busy"})
              .find("<Message>Busy</Message>") != std::string::npos);
}

TEST_CASE("bytes that XML cannot carry become replacement characters") {
    const std::string mark = "\xEF\xBF\xBD";

    CHECK(escaped("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") ==
          "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK(escaped("a\tb\nc\rd") == "a\tb\nc&#13;d");
    CHECK(escaped(std::string_view("\0\x01\x1f", 3)) == mark + mark + mark);
    CHECK(escaped("\xff"
                  "a") == mark + "a");
    CHECK(escaped("\xc0\xaf") == mark + mark);                        // overlong
    CHECK(escaped("\xe0\x80\xaf") == mark + mark + mark);             // overlong
    CHECK(escaped("\xed\xa0\x80") == mark + mark + mark);             // a surrogate
    CHECK(escaped("\xef\xbf\xbf") == mark + mark + mark);             // U+FFFF
    CHECK(escaped("\xf4\x90\x80\x80") == mark + mark + mark + mark);  // beyond U+10FFFF
    CHECK(escaped("\xc3") == mark);
    CHECK(escaped("\xe2\x82") == mark + mark);
}

TEST_CASE("each kind of failure has its S3 answer") {
    const auto status = [](errc code) { return describe(s3_error_of(error{code})).status; };

    CHECK(status(errc::overloaded) == 503);
    CHECK(s3_error_of(error{errc::overloaded}) == s3_error::slow_down);
    CHECK(status(errc::unavailable) == 503);
    CHECK(status(errc::timed_out) == 503);
    CHECK(status(errc::closed) == 503);
    CHECK(status(errc::protocol) == 502);
    CHECK(status(errc::invalid) == 400);
    CHECK(status(errc::too_large) == 400);
    CHECK(status(errc::not_found) == 404);
    CHECK(status(errc::denied) == 403);
    CHECK(status(errc::io) == 500);
    CHECK(status(errc::corrupt) == 500);
}

TEST_CASE("every answer of 503 says when to come back, and no other does") {
    for (int e = 0; e <= static_cast<int>(s3_error::x_amz_content_sha256_mismatch); ++e) {
        const auto error = static_cast<s3_error>(e);
        INFO(describe(error).code);
        CHECK(retry_after(error).has_value() == (describe(error).status == 503));
        CHECK_FALSE(describe(error).code.empty());
        CHECK_FALSE(describe(error).message.empty());
    }
}

}  // namespace lode::frontend::s3
