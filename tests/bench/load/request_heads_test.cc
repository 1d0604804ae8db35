#include "bench/load/request_heads.h"

#include <string>

#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;

namespace {

const wall_time noon{std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) +
                     std::chrono::hours(12)};

target_options target() {
    target_options t;
    t.who = {.access_key = "AKEXAMPLE", .secret_key = "a secret", .session_token = {}};
    return t;
}

std::string field(const std::string& head, std::string_view name) {
    const std::string opening = "\r\n" + std::string(name) + ": ";
    const auto at = head.find(opening);
    if (at == std::string::npos) return "";
    const auto begin = at + opening.size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("a GET names its object and range, and is signed without the range") {
    const data_set data({.bucket = "bucket", .prefix = "a b/"});
    request_heads heads(target(), data, request_heads::ranges::unsigned_);
    std::string head;

    heads.get(3, extent{.begin = 100, .length = bytes(50)}, noon, head);

    CHECK(head.starts_with("GET /bucket/a%20b/0000000003 HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n"));
    CHECK(head.ends_with("\r\nRange: bytes=100-149\r\n\r\n"));
    CHECK(field(head, "x-amz-content-sha256") == "UNSIGNED-PAYLOAD");
    CHECK(field(head, "Authorization")
              .contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,"));
}

TEST_CASE("a range is signed where that is asked for") {
    const data_set data({});
    request_heads heads(target(), data, request_heads::ranges::signed_);
    std::string head;

    heads.get(3, extent{.begin = 0, .length = bytes(1)}, noon, head);

    CHECK(field(head, "Range") == "bytes=0-0");
    CHECK(field(head, "Authorization").contains("SignedHeaders=host;range;x-amz-"));
    CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("a signature is used again for five minutes, then made anew") {
    const data_set data({.objects = 10});
    request_heads heads(target(), data, request_heads::ranges::unsigned_);
    std::string first;
    std::string second;
    const auto signed_at = [&](wall_time when) {
        heads.get(1, std::nullopt, when, second);
        return field(second, "x-amz-date");
    };

    heads.get(1, std::nullopt, noon, first);

    CHECK(signed_at(noon + std::chrono::minutes(5)) == "20260301T120000Z");
    CHECK(second == first);
    CHECK(signed_at(noon + std::chrono::seconds(301)) == "20260301T120501Z");
    CHECK(signed_at(noon) == "20260301T120000Z");  // the clock was set back
}

TEST_CASE("objects that share a place among the kept heads do not share a signature") {
    const data_set data({.objects = request_heads::kept_most + 1});
    request_heads heads(target(), data, request_heads::ranges::unsigned_);
    std::string one;
    std::string other;

    heads.get(0, std::nullopt, noon, one);
    heads.get(request_heads::kept_most, std::nullopt, noon, other);

    CHECK(other.contains("/data/0000016384 "));
    CHECK(field(one, "Authorization") != field(other, "Authorization"));
    heads.get(0, std::nullopt, noon, other);
    CHECK(other == one);
}

TEST_CASE("who has no credentials signs nothing") {
    const data_set data({});
    request_heads heads({}, data, request_heads::ranges::signed_);
    std::string head;

    heads.get(1, std::nullopt, noon, head);
    CHECK(head == "GET /lode-bench/data/0000000001 HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n\r\n");
    heads.put(1, bytes(7), noon, head);
    CHECK(head ==
          "PUT /lode-bench/data/0000000001 HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n"
          "Content-Length: 7\r\n\r\n");
}
