// What operators and clients read: cache words, the access log, and when a Host is part of a name.
#include "engine/base/units.h"
#include "frontend/access_log.h"
#include "frontend/cache_status.h"
#include "frontend/http/relay_buffers.h"
#include "frontend/object_scope.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;

TEST_CASE("a cache status names the node as a quoted string and says what happened") {
    std::string head;
    http::head_writer writer(head);
    writer.response(200);

    std::string scratch;

    add_cache_status(writer, cache_name_of("node \"a\\"), cache_word::hit, cache_detail::memory,
                     scratch);

    CHECK(head.find("X-Cache: HIT\r\n") != std::string::npos);
    CHECK(head.find("Cache-Status: \"node \\\"a\\\\\"; hit; detail=memory\r\n") !=
          std::string::npos);
}

TEST_CASE("each cache word has its own RFC 9211 parameters") {
    const auto status_of = [](cache_word w, cache_detail d) {
        std::string head;
        http::head_writer writer(head);
        writer.response(200);
        const std::size_t start = head.size();
        std::string scratch;
        add_cache_status(writer, "\"n\"", w, d, scratch);
        return head.substr(start);
    };
    CHECK(status_of(cache_word::miss, cache_detail::filling) ==
          "X-Cache: MISS\r\nCache-Status: \"n\"; fwd=miss; stored; detail=filling\r\n");
    CHECK(status_of(cache_word::filling, cache_detail::filling) ==
          "X-Cache: FILLING\r\nCache-Status: \"n\"; fwd=miss; collapsed; detail=filling\r\n");
    CHECK(status_of(cache_word::bypass, cache_detail::none) ==
          "X-Cache: BYPASS\r\nCache-Status: \"n\"; fwd=bypass\r\n");
}

TEST_CASE("an access line is one JSON object whatever bytes a key has") {
    access_record r;
    r.when = wall_time(std::chrono::milliseconds(1'700'000'000'123));
    r.client = "127.0.0.1:5";
    r.method = "GET";
    r.bucket = "data";
    r.key = std::string_view("a\"b\\c\n\x01\xc3\xa9\xff", 10);
    r.status = 206;
    r.cache = cache_word::hit;
    r.detail = cache_detail::disk;
    r.bytes_out = 42;
    r.total = std::chrono::microseconds(1500);
    std::string line;

    append_access_line(r, "node-a", line);

    CHECK(line ==
          "{\"time\":\"2023-11-14T22:13:20.123Z\",\"node\":\"node-a\",\"client\":\"127.0.0.1:5\","
          "\"method\":\"GET\",\"bucket\":\"data\",\"key\":"
          "\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa9\\u00ff\","
          "\"status\":206,\"cache\":\"HIT\",\"detail\":\"disk\",\"bytes\":42,\"bytes_in\":0,"
          "\"total_us\":1500,\"first_byte_us\":0,\"origin_us\":0,\"complete\":true}\n");
}

TEST_CASE("a host is part of an object's name unless it is an address or below a known domain") {
    const std::vector<std::string> domains = {"lode.internal"};

    CHECK(object_scope("127.0.0.1:9000", domains).empty());
    CHECK(object_scope("[::1]:9000", domains).empty());
    CHECK(object_scope("", domains).empty());
    CHECK(object_scope("lode.internal", domains).empty());
    CHECK(object_scope("LODE.Internal:9000", domains).empty());
    CHECK(object_scope("bucket.lode.internal", domains).empty());
    CHECK(object_scope("xlode.internal", domains) == "xlode.internal");
    CHECK(object_scope("B.Store.example:80", domains) == "b.store.example");
}

TEST_CASE("relay buffers are large until the limit and small beyond it, and come back") {
    http::relay_buffers pool;
    std::vector<http::relay_buffers::buffer> taken;
    for (std::size_t i = 0; i < http::relay_buffers::large_max; ++i) taken.push_back(pool.take());
    CHECK(taken.back().memory().size() == http::relay_buffers::large_size);

    CHECK(pool.take().memory().size() == http::relay_buffers::small_size);

    taken.pop_back();
    CHECK(pool.take().memory().size() == http::relay_buffers::large_size);
}
