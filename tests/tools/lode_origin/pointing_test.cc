#include "tools/lode-origin/pointing.h"

#include "frontend/s3/query.h"
#include "frontend/s3/sigv4_verify.h"
#include "tests/catch.h"
#include "tools/lode-origin/faults.h"
#include "tools/lode-origin/operation.h"
#include "tools/lode-origin/storage/record.h"
#include "tools/lode-origin/users.h"

using namespace lode;
using namespace lode::dev_origin;

namespace {

pointing to_backend(point_by by) {
    return {.to = *frontend::http::endpoint::parse("http://127.0.0.1:8010"),
            .by = by,
            .signs = {.access_key = "AKOWNER", .secret_key = "secret", .session_token = {}},
            .region = "us-east-1"};
}

const wall_time some_day{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

}  // namespace

TEST_CASE("a redirect keeps the path and the query, but not the caller's signature") {
    const pointing plain = to_backend(point_by::redirect);

    CHECK(plain.location_of("/b/a%20b?partNumber=2", some_day) ==
          "http://127.0.0.1:8010/b/a%20b?partNumber=2");
    CHECK(plain.location_of("/b/k?X-Amz-Signature=00&x=1&X-Amz-Date=20260102T000000Z", some_day) ==
          "http://127.0.0.1:8010/b/k?x=1");
}

TEST_CASE("a signed redirect can be followed by whoever has it") {
    const auto location =
        to_backend(point_by::signed_redirect).location_of("/b/k?response-expires=1", some_day);
    user_table users;
    REQUIRE(users.add({.name = "owner", .access_key = "AKOWNER", .secret_key = "secret"}));
    frontend::s3::verifier backend(users, "us-east-1");

    REQUIRE(location);
    const std::string_view origin = "http://127.0.0.1:8010";
    REQUIRE(location->starts_with(origin));
    const std::string target = location->substr(origin.size());
    const std::vector<frontend::http::header> headers = {{"Host", "127.0.0.1:8010"}};
    CHECK(backend.verify({.method = "GET", .target = target, .headers = headers}, some_day));
}

TEST_CASE("the pause before each byte of a head is a fault in milliseconds") {
    const auto parse = [](std::string_view query) { return parse_fault_plan(*parse_query(query)); };

    CHECK(parse("slow_head=20")->happening.slow_head == std::chrono::milliseconds(20));
    CHECK_FALSE(parse("slow_head=600001").has_value());
}

TEST_CASE("the lock of a customer's key is part of an object's record") {
    object_record record{.key = "k", .etag = "e", .incarnation = "i", .lock = "00ff"};

    CHECK(decode(encode(record)) == record);
    record.lock.clear();
    CHECK(encode(record).find("lock") == std::string::npos);
}
