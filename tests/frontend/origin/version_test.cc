#include "frontend/origin/object_version.h"
#include "frontend/origin/own_request.h"
#include "frontend/origin/version_cache.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::origin;

namespace {

const object_name some_name{.scope = "", .bucket = "data", .key = "a/b", .version_id = ""};

std::vector<http::header> good_headers() {
    return {{"Content-Length", "1"},
            {"Content-Range", "bytes 0-0/1234"},
            {"ETag", "\"abc\""},
            {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
            {"x-amz-meta-colour", "blue"},
            {"Content-Type", "text/plain"},
            {"x-amz-request-id", "tx01"},
            {"Date", "Sun, 06 Nov 1994 08:49:38 GMT"},
            {"x-amz-checksum-crc32", "AAAAAA=="},
            {"Connection", "Keep-Alive"}};
}

std::vector<http::header> without(std::string_view name) {
    auto headers = good_headers();
    std::erase_if(headers, [&](const auto& h) { return h.name == name; });
    return headers;
}

hash128 part_of(std::string_view origin, const object_name& name,
                std::vector<http::header> headers) {
    return (*describe_version(origin, name, 206, headers))->part(0).id;
}

object_name named(std::string key) {
    return {.scope = "", .bucket = "b", .key = std::move(key), .version_id = ""};
}

time_point at(int seconds) { return time_point(std::chrono::seconds(seconds)); }

}  // namespace

TEST_CASE("a version keeps the headers that belong to the object and drops those of the answer") {
    const auto version = describe_version("http://o", some_name, 206, good_headers());

    REQUIRE(version);
    CHECK((*version)->size == bytes(1234));
    CHECK((*version)->etag == "\"abc\"");
    CHECK((*version)->part(0).length == bytes(1234));
    CHECK((*version)->headers ==
          "ETag: \"abc\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "x-amz-meta-colour: blue\r\nContent-Type: text/plain\r\n");
}

TEST_CASE("a whole answer's size is its Content-Length") {
    const auto version = describe_version("http://o", some_name, 200, without("Content-Range"));
    REQUIRE(version);
    CHECK((*version)->size == bytes(1));
}

TEST_CASE("an answer that does not say what it is about is not remembered") {
    CHECK(!describe_version("o", some_name, 206, without("ETag")));
    CHECK(!describe_version("o", some_name, 206, without("Last-Modified")));
    CHECK(!describe_version("o", some_name, 206, without("Content-Range")));

    for (const http::header bad :
         {http::header{"ETag", "W/\"abc\""}, http::header{"Last-Modified", "yesterday"},
          http::header{"Content-Range", "bytes 0-0/*"}, http::header{"Set-Cookie", "a=b"},
          http::header{"x-amz-server-side-encryption-customer-algorithm", "AES256"}}) {
        CAPTURE(bad.name);
        auto headers = without(bad.name);
        headers.push_back(bad);
        CHECK(!describe_version("o", some_name, 206, headers));
    }
}

TEST_CASE("a part's id depends on everything that tells one content from another") {
    const auto base = part_of("o", some_name, good_headers());
    const auto changed = [&](std::string_view name, std::string_view value) {
        auto headers = without(name);
        headers.push_back({name, value});
        return part_of("o", some_name, headers);
    };
    object_name other = some_name;
    other.key = "a/c";
    object_name other_bucket = some_name;
    other_bucket.bucket = "datb";
    object_name other_scope = some_name;
    other_scope.scope = "b2.store";

    CHECK(part_of("o", some_name, good_headers()) == base);
    CHECK(part_of("p", some_name, good_headers()) != base);
    CHECK(part_of("o", other, good_headers()) != base);
    CHECK(part_of("o", other_bucket, good_headers()) != base);
    CHECK(part_of("o", other_scope, good_headers()) != base);
    CHECK(changed("ETag", "\"abd\"") != base);
    CHECK(changed("Content-Range", "bytes 0-0/1235") != base);
    CHECK(changed("x-amz-version-id", "v2") != base);
    // Metadata may change without the bytes changing.
    CHECK(changed("x-amz-meta-colour", "red") == base);
}

TEST_CASE("a version's identity can be computed by whoever knows what it is of") {
    auto headers = good_headers();
    headers.push_back({"x-amz-version-id", "v2"});

    const auto version = describe_version("o", some_name, 206, headers);

    REQUIRE(version);
    CHECK((*version)->version_id == "v2");
    CHECK(identity_of("o", some_name, "\"abc\"", "v2", bytes(1234)) == (*version)->identity);
    CHECK(identity_of("o", some_name, "\"abc\"", "", bytes(1234)) != (*version)->identity);
    CHECK((*describe_version("o", some_name, 206, good_headers()))->version_id.empty());
}

TEST_CASE(
    "a customer's key is part of a version's name and of its part's id, and of nothing else") {
    object_name keyed = some_name;
    keyed.customer_key = "00112233445566778899aabbccddeeff";
    object_name keyed_otherwise = some_name;
    keyed_otherwise.customer_key = "ff112233445566778899aabbccddeeff";
    auto headers = good_headers();
    headers.push_back({"x-amz-server-side-encryption-customer-algorithm", "AES256"});
    headers.push_back(
        {"x-amz-server-side-encryption-customer-key-MD5", "tP/LI3N87DFaSk0aoqYgzg=="});

    const auto version = describe_version("o", keyed, 206, headers);

    REQUIRE(version);
    // The request says these, each time.
    CHECK((*version)->headers.find("customer") == std::string::npos);
    CHECK((*version)->headers.find("x-amz-meta-colour: blue") != std::string::npos);
    CHECK(part_of("o", keyed, headers) != part_of("o", keyed_otherwise, headers));
    CHECK(part_of("o", keyed, headers) != part_of("o", some_name, good_headers()));
    version_cache cache(10);
    cache.remember(keyed, *version, at(1));
    CHECK(cache.find(some_name).version == nullptr);
    CHECK(cache.find(keyed_otherwise).version == nullptr);
    CHECK(cache.find(keyed).version != nullptr);
    // A request with a key and an answer that knows of none do not mean the same.
    CHECK(!describe_version("o", keyed, 206, good_headers()));
    CHECK(!describe_version("o", some_name, 206, headers));
}

TEST_CASE("a request of our own signs the customer's key and sends it") {
    s3::signer who({.access_key = "A", .secret_key = "S", .session_token = ""}, "us-east-1");
    const std::vector<http::header> key = {
        {"x-amz-server-side-encryption-customer-algorithm", "AES256"},
        {"x-amz-server-side-encryption-customer-key", "k"},
        {"x-amz-server-side-encryption-customer-key-MD5", "m"}};

    const auto fields =
        signature_fields(who, "h", "GET", own_request(some_name).target, key, wall_time{});

    REQUIRE(fields);
    std::string all;
    for (const auto& [name, value] : *fields) all += name + ": " + value + "\n";
    CHECK(all.find("SignedHeaders=host;x-amz-content-sha256;x-amz-date;"
                   "x-amz-server-side-encryption-customer-algorithm;"
                   "x-amz-server-side-encryption-customer-key;"
                   "x-amz-server-side-encryption-customer-key-md5,") != std::string::npos);
    for (const auto& h : key) {
        CHECK(all.find("\n" + std::string(h.name) + ": " + std::string(h.value) + "\n") !=
              std::string::npos);
    }
}

TEST_CASE("the version cache forgets what was used least recently") {
    version_cache cache(2);
    const version_ptr version = *describe_version("o", some_name, 206, good_headers());
    cache.remember(named("1"), version, at(1));
    cache.remember(named("2"), version, at(1));
    CHECK(cache.find(named("1")).version == version);

    cache.remember(named("3"), version, at(1));

    CHECK(cache.find(named("2")).version == nullptr);
    CHECK(cache.find(named("1")).version == version);
    CHECK(cache.find(named("3")).version == version);
    CHECK(cache.size() == 2);
    const std::size_t memory = cache.memory();
    cache.forget(named("1"), at(9));
    cache.forget(named("3"), at(9));
    CHECK(cache.find(named("1")).version == nullptr);
    CHECK(cache.find(named("3")).version == nullptr);
    CHECK(cache.memory() < memory);
}

TEST_CASE("forgetting a version does not let an older answer back in") {
    version_cache cache(10);
    const version_ptr version = *describe_version("o", some_name, 206, good_headers());
    cache.written(named("1"), at(5));
    cache.forget(named("1"), at(6));
    cache.remember(named("1"), version, at(4));
    CHECK(cache.find(named("1")).version == nullptr);

    cache.remember(named("1"), version, at(7));
    cache.forget(named("1"), at(9));
    cache.remember(named("1"), version, at(8));

    CHECK(cache.find(named("1")).version == nullptr);
    CHECK(cache.written_last(named("1")) == at(9));
}

TEST_CASE("nothing is told to be unwritten since a time of which nothing is known") {
    version_cache cache(2, at(3));
    const version_ptr version = *describe_version("o", some_name, 206, good_headers());
    CHECK(cache.written_last(named("1")) == at(3));

    cache.written(named("1"), at(5));
    cache.remember(named("1"), version, at(6));
    CHECK(cache.written_last(named("1")) == at(6));
    cache.remember(named("2"), version, at(7));
    cache.remember(named("3"), version, at(8));

    // The mark of its write has gone with it.
    CHECK(cache.find(named("1")).version == nullptr);
    CHECK(cache.written_last(named("1")) == at(6));
    CHECK(cache.written_last(named("4")) == at(6));
    CHECK(cache.written_last(named("2")) == at(7));
}

TEST_CASE("an object that is larger than any can be is no version") {
    for (const char* size : {"18446744073709551615", "9223372036854775808", "2251799813685249"}) {
        const std::array<http::header, 3> headers = {{
            {.name = "Content-Length", .value = size},
            {.name = "ETag", .value = "\"0123456789abcdef0123456789abcdef-2\""},
            {.name = "Last-Modified", .value = "Mon, 02 Nov 2026 10:00:00 GMT"},
        }};
        CHECK_FALSE(describe_version("o", some_name, 200, headers));
    }
}

TEST_CASE("a write of objects that nobody knows makes every older word doubtful") {
    version_cache cache(10);
    const version_ptr version = *describe_version("o", some_name, 206, good_headers());
    cache.remember(named("1"), version, at(4));
    cache.remember(named("2"), version, at(5));
    CHECK_FALSE(cache.find(named("1")).doubted);

    cache.something_written(at(5));
    cache.remember(named("3"), version, at(6));

    CHECK(cache.find(named("1")).doubted);
    CHECK(cache.find(named("2")).doubted);
    CHECK(cache.find(named("2")).version == version);
    CHECK_FALSE(cache.find(named("3")).doubted);
}

TEST_CASE("an answer to a question from before a write is not remembered") {
    version_cache cache(10);
    const version_ptr version = *describe_version("o", some_name, 206, good_headers());
    cache.remember(named("1"), version, at(1));

    cache.written(named("1"), at(5));
    CHECK(cache.find(named("1")).version == nullptr);
    cache.remember(named("1"), version, at(4));
    CHECK(cache.find(named("1")).version == nullptr);
    cache.remember(named("1"), version, at(6));

    CHECK(cache.find(named("1")).version == version);
    CHECK(cache.find(named("1")).confirmed == at(6));
}

TEST_CASE("an older word does not replace a younger one") {
    version_cache cache(10);
    const version_ptr old = *describe_version("o", some_name, 206, good_headers());
    const version_ptr young = with_checksums(*old, "");
    cache.remember(named("1"), young, at(6));

    cache.remember(named("1"), old, at(5));

    CHECK(cache.find(named("1")).version == young);
}

TEST_CASE("a version id asked for is part of the name") {
    version_cache cache(10);
    object_name old = some_name;
    old.version_id = "v1";
    cache.remember(old, *describe_version("o", old, 206, good_headers()), at(1));

    CHECK(cache.find(some_name).version == nullptr);
    CHECK(cache.find(old).version != nullptr);
}
