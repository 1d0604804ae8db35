#include "frontend/get_object.h"

#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;

TEST_CASE("the second GET is served from memory after one 304 and no byte from the origin") {
    small_world world;
    const std::string body = content(3 * mib + 12345);
    world.objects["/data/k"] = {.body = body, .metadata = "x-amz-meta-a: b\r\n"};

    const std::string first = world.get("/data/k");
    world.asked.clear();
    const std::string second = world.get("/data/k");

    CHECK(status_of(first) == 200);
    CHECK(header_of(first, "X-Cache") == "MISS");
    CHECK(body_of(first) == body);
    CHECK(status_of(second) == 200);
    CHECK(header_of(second, "X-Cache") == "HIT");
    CHECK(header_of(second, "Cache-Status") == "\"n\"; hit; detail=memory");
    CHECK(header_of(second, "x-amz-meta-a") == "b");
    CHECK(header_of(second, "ETag") == "\"v1\"");
    CHECK(header_of(second, "Content-Length") == std::to_string(body.size()));
    CHECK(body_of(second) == body);
    REQUIRE(world.asked.size() == 1);
    CHECK(world.asked[0].status == 304);
    CHECK(world.asked[0].header("if-none-match") == "\"v1\"");
    CHECK(world.asked[0].header("if-unmodified-since") == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(world.asked[0].header("range") == "bytes=0-0");
}

TEST_CASE("any range of a cached object is cut from its chunks") {
    small_world world;
    const std::string body = content(2 * mib + 100);
    world.objects["/data/k"] = {.body = body};
    world.get("/data/k");
    world.asked.clear();
    struct wanted {
        std::string range;
        std::size_t first, length;
    };
    const auto cases = std::vector<wanted>{
        {"bytes=0-0", 0, 1},
        {"bytes=5-9", 5, 5},
        {"bytes=1048575-1048576", mib - 1, 2},
        {"bytes=1048576-", mib, mib + 100},
        {"bytes=-1", 2 * mib + 99, 1},
        {"bytes=2097252-99999999", 0, 0},  // beyond the end
        {"bytes=100-99999999", 100, 2 * mib},
        {"bytes=-99999999", 0, 2 * mib + 100},
    };

    for (const auto& c : cases) {
        CAPTURE(c.range);
        const std::string answer = world.get("/data/k", "Range: " + c.range + "\r\n");
        if (c.length == 0) {
            CHECK(status_of(answer) == 416);
            CHECK(header_of(answer, "Content-Range") == "bytes */2097252");
            continue;
        }
        CHECK(status_of(answer) == 206);
        CHECK(header_of(answer, "X-Cache") == "HIT");
        CHECK(header_of(answer, "Content-Range") == "bytes " + std::to_string(c.first) + "-" +
                                                        std::to_string(c.first + c.length - 1) +
                                                        "/2097252");
        CHECK((body_of(answer) == body.substr(c.first, c.length)));
    }
    for (const auto& question : world.asked) CHECK(question.status == 304);
}

TEST_CASE("a refusal of the gateway reaches the client although the bytes are here") {
    small_world world;
    world.objects["/data/k"] = {.body = content(1000)};
    world.get("/data/k");
    world.instead = [](const origin_request&) {
        return "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied";
    };

    for (const char* lines : {"", "Range: bytes=0-9\r\n"}) {
        const std::string answer = world.get("/data/k", lines);
        CHECK(status_of(answer) == 403);
        CHECK(body_of(answer) == "denied");
    }
}

TEST_CASE("a new content, new metadata and a deletion are seen by the very next GET") {
    small_world world;
    world.objects["/data/k"] = {.body = content(5000, 1)};
    world.get("/data/k");

    world.objects["/data/k"] = {
        .body = content(6000, 2), .etag = "\"v2\"", .modified = "Sun, 06 Nov 1994 08:49:38 GMT"};
    CHECK((body_of(world.get("/data/k")) == content(6000, 2)));

    world.objects["/data/k"].metadata = "x-amz-meta-new: yes\r\n";
    world.objects["/data/k"].modified = "Sun, 06 Nov 1994 08:49:39 GMT";
    const std::string touched = world.get("/data/k");
    CHECK(header_of(touched, "x-amz-meta-new") == "yes");
    CHECK(header_of(touched, "X-Cache") == "HIT");
    CHECK((body_of(touched) == content(6000, 2)));

    world.objects.clear();
    CHECK(status_of(world.get("/data/k")) == 404);
}

TEST_CASE("an overwrite within the same second is seen, because the ETag tells") {
    small_world world;
    world.objects["/data/k"] = {.body = "old"};
    world.get("/data/k");

    world.objects["/data/k"] = {.body = "new", .etag = "\"v2\""};

    CHECK(body_of(world.get("/data/k")) == "new");
}

TEST_CASE("a signed Range is never touched, and whole chunks of its answer are kept") {
    small_world world;
    const std::string body = content(3 * mib);
    world.objects["/data/k"] = {.body = body};
    const std::string lines = std::string(range_signed) + "Range: bytes=1048576-3145727\r\n";

    const std::string first = world.get("/data/k", lines);
    const std::string second = world.get("/data/k", lines);

    CHECK(header_of(first, "X-Cache") == "MISS");
    CHECK((body_of(first) == body.substr(mib)));
    CHECK(header_of(second, "X-Cache") == "HIT");
    CHECK((body_of(second) == body.substr(mib)));
    REQUIRE(world.asked.size() == 2);
    CHECK(world.asked[0].header("range") == "bytes=1048576-3145727");
    CHECK(world.asked[0].header("if-none-match").empty());
    CHECK(world.asked[1].header("range") == "bytes=1048576-3145727");
    CHECK(world.asked[1].status == 304);
}

TEST_CASE("conditions of the client are the gateway's to judge") {
    small_world world;
    world.objects["/data/k"] = {.body = content(100)};
    world.get("/data/k");

    CHECK(status_of(world.get("/data/k", "If-None-Match: \"v1\"\r\n")) == 304);
    CHECK(status_of(world.get("/data/k", "If-Match: \"other\"\r\n")) == 412);
    const std::string fresh = world.get("/data/k", "If-None-Match: \"other\"\r\n");
    CHECK(status_of(fresh) == 200);
    CHECK(header_of(fresh, "X-Cache") == "HIT");
    const std::string matched = world.get("/data/k", "If-Match: \"v1\"\r\nRange: bytes=0-9\r\n");
    CHECK(status_of(matched) == 206);
    CHECK(header_of(matched, "X-Cache") == "HIT");
}

TEST_CASE("an empty object is answered whole, and has no range") {
    small_world world;
    world.objects["/data/empty"] = {.body = ""};

    CHECK(status_of(world.get("/data/empty")) == 200);
    const std::string again = world.get("/data/empty");
    CHECK(status_of(again) == 200);
    CHECK(header_of(again, "Content-Length") == "0");
    CHECK(status_of(world.get("/data/empty", "Range: bytes=0-9\r\n")) == 416);
}

TEST_CASE("a GET whose body is said to be empty is served from the cache") {
    small_world world;
    world.objects["/data/k"] = {.body = "content"};
    (void)world.get("/data/k");

    const std::string answer = world.get("/data/k", "Content-Length: 0\r\n");
    const std::string with_body =
        world.talk("GET /data/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx");

    CHECK(header_of(answer, "X-Cache") == "HIT");
    CHECK(body_of(answer) == "content");
    CHECK(header_of(with_body, "X-Cache") == "BYPASS");
}

TEST_CASE("what the origin says of a delete marker reaches the client, cached or not") {
    small_world world;
    world.objects["/data/k"] = {.body = "content"};
    (void)world.get("/data/k");
    for (const unsigned status : {404U, 405U}) {
        world.instead = [&](const origin_request&) -> std::optional<std::string> {
            return "HTTP/1.1 " + std::to_string(status) +
                   " No\r\nx-amz-delete-marker: true\r\nx-amz-version-id: v2\r\nAllow: DELETE\r\n"
                   "Content-Length: 2\r\n\r\nno";
        };
        for (const auto* target : {"/data/k", "/data/k?versionId=v2"}) {
            INFO(status << " " << target);

            const std::string answer = world.get(target);

            CHECK(status_of(answer) == status);
            CHECK(header_of(answer, "x-amz-delete-marker") == "true");
            CHECK(header_of(answer, "x-amz-version-id") == "v2");
            CHECK(header_of(answer, "Allow") == "DELETE");
            CHECK(body_of(answer) == "no");
        }
    }
}

TEST_CASE("no-store neither looks nor stores, no-cache looks but does not store") {
    small_world world;
    world.objects["/data/k"] = {.body = content(100)};

    CHECK(header_of(world.get("/data/k", "Cache-Control: no-store\r\n"), "X-Cache") == "BYPASS");
    CHECK(header_of(world.get("/data/k", "Cache-Control: no-cache\r\n"), "X-Cache") != "HIT");
    CHECK(header_of(world.get("/data/k"), "X-Cache") == "MISS");
    CHECK(header_of(world.get("/data/k", "Cache-Control: no-cache\r\n"), "X-Cache") == "HIT");
    CHECK(header_of(world.get("/data/k", "Cache-Control: no-store\r\n"), "X-Cache") == "BYPASS");
}

TEST_CASE("a customer's key that cannot be read keeps an object out of the cache") {
    small_world world;
    world.objects["/data/k"] = {
        .body = content(100),
        .metadata = "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"};
    const std::string lines = "x-amz-server-side-encryption-customer-algorithm: AES256\r\n";

    CHECK(header_of(world.get("/data/k", lines), "X-Cache") == "BYPASS");
    CHECK(header_of(world.get("/data/k", lines), "X-Cache") == "BYPASS");
    // Also without the request's header: the answer's is enough.
    CHECK(header_of(world.get("/data/k"), "X-Cache") == "BYPASS");
    CHECK(header_of(world.get("/data/k"), "X-Cache") == "BYPASS");
}

TEST_CASE("sixteen clients of one cold object cost the origin its bytes once") {
    small_world world(3);
    const std::string body = content(4 * mib);
    world.objects["/data/k"] = {.body = body};
    const std::string request = "GET /data/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

    const auto answers = world.talk_all(std::vector<std::string>(16, request));

    for (const auto& answer : answers) CHECK((body_of(answer) == body));
    CHECK(world.fetched_bytes() == body.size());
}

TEST_CASE("an origin that breaks off in the middle is asked for the rest, and for nothing twice") {
    small_world world;
    const std::string body = content(3 * mib);
    world.objects["/data/k"] = {.body = body};
    world.break_body_after = 2 * mib + 5;

    const std::string answer = world.get("/data/k");

    CHECK((body_of(answer) == body));
    CHECK(world.fetched_bytes() == body.size());
    CHECK(world.serving().data.fetches().resumes.value() == 1);
}

TEST_CASE("an origin that breaks off and does not come back ends the response short, never wrong") {
    small_world world;
    const std::string body = content(4 * mib);
    world.objects["/data/k"] = {.body = body};
    world.break_body_after = mib + 5;
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.header("range").starts_with("bytes=0-")) return std::nullopt;
        return "HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    };

    const std::string broken = world.get("/data/k");
    world.instead = nullptr;
    world.break_body_after.reset();
    world.instead = nullptr;
    const std::string whole = world.get("/data/k");

    const std::string came = body_of(broken);
    CHECK(header_of(broken, "Content-Length") == std::to_string(body.size()));
    CHECK((came.size() >= mib && came.size() < body.size()));
    CHECK((came == body.substr(0, came.size())));
    CHECK((body_of(whole) == body));
}

TEST_CASE("an origin that breaks off before anything was sent on is a 503") {
    small_world world;
    world.objects["/data/k"] = {.body = content(3 * mib)};
    world.break_body_after = 0;

    const std::string answer = world.get("/data/k");

    CHECK(status_of(answer) == 503);
    CHECK(header_of(answer, "Retry-After") == "1");
}

TEST_CASE("an origin that cannot be reached is a 503 that asks to come back") {
    small_world world;
    world.objects["/data/k"] = {.body = content(100)};
    world.get("/data/k");
    world.reachable = false;
    // The kept connection is gone too.
    world.instead = [](const origin_request&) { return std::string(); };

    world.get("/data/k");
    const std::string answer = world.get("/data/k");

    CHECK(status_of(answer) == 503);
    CHECK(header_of(answer, "Retry-After") == "1");
    CHECK(body_of(answer).find("<Code>ServiceUnavailable</Code>") != std::string::npos);
}

TEST_CASE("an answer for other bytes than were asked for is never used") {
    small_world world;
    const std::string body = content(1000);
    world.objects["/data/k"] = {.body = body};
    // The probe is answered well; the fetch gets another version's bytes.
    world.instead = [&](const origin_request& r) -> std::optional<std::string> {
        if (r.header("range") != "bytes=0-999") return std::nullopt;
        return "HTTP/1.1 206 P\r\nETag: \"other\"\r\nContent-Range: bytes 0-999/1000\r\n"
               "Content-Length: 1000\r\n\r\n" +
               std::string(1000, 'X');
    };

    const std::string answer = world.get("/data/k");

    CHECK((body_of(answer) == body));
}

TEST_CASE("a length that was a lie is forgotten as soon as the origin tells the truth") {
    small_world world;
    const std::string body = content(2 * mib + 10);
    world.objects["/data/k"] = {.body = body};
    // Says one byte more than it sends, to every question, and closes.
    world.instead = [&](const origin_request&) {
        return "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
               "Content-Length: " +
               std::to_string(body.size() + 1) + "\r\n\r\n" + body;
    };
    const std::string cut = world.get("/data/k");
    world.instead = nullptr;

    const std::string answer = world.get("/data/k");

    CHECK(body_of(cut).size() <= body.size());
    CHECK(header_of(answer, "Content-Length") == std::to_string(body.size()));
    CHECK((body_of(answer) == body));
}

TEST_CASE("the same path under two unknown hosts is two objects") {
    small_world world;
    world.objects["/data/k"] = {.body = content(100)};
    const auto get_from = [&](const std::string& host) {
        return world.talk("GET /data/k HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    };
    get_from("b1.store.example");

    CHECK(header_of(get_from("b2.store.example"), "X-Cache") == "MISS");
    CHECK(header_of(get_from("b1.store.example"), "X-Cache") == "HIT");
    CHECK(header_of(get_from("127.0.0.1"), "X-Cache") == "MISS");
    CHECK(header_of(get_from("[::1]:80"), "X-Cache") == "HIT");
}

TEST_CASE("what an origin allows one web site is not told to another") {
    small_world world;
    world.objects["/data/k"] = {.body = content(1000)};
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        const std::string site = r.header("origin");
        if (!r.header("if-none-match").empty()) return "HTTP/1.1 304 Not Modified\r\n\r\n";
        std::string head =
            "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\n"
            "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Range: bytes 0-0/1\r\nContent-Length: 1\r\n";
        if (!site.empty()) head += "Access-Control-Allow-Origin: " + site + "\r\nVary: Origin\r\n";
        return head + "\r\nx";
    };

    world.ask("HEAD", "/data/k", "Origin: https://one.example\r\n");
    const std::string one = world.get("/data/k", "Origin: https://one.example\r\n");
    const std::string other = world.get("/data/k", "Origin: https://other.example\r\n");
    const std::string none = world.get("/data/k");
    const std::string again = world.get("/data/k");

    CHECK(header_of(one, "Access-Control-Allow-Origin") == "https://one.example");
    CHECK(header_of(other, "Access-Control-Allow-Origin") != "https://one.example");
    CHECK(header_of(none, "Access-Control-Allow-Origin").empty());
    CHECK(header_of(again, "Access-Control-Allow-Origin").empty());
}

TEST_CASE("an answer to lode's own range is never sent to a client that asked for another") {
    small_world world;
    world.objects["/data/k"] = {.body = content(1000)};
    world.get("/data/k");
    world.objects["/data/k"] = {.body = content(1000, 2), .etag = "\"v2\""};
    // An origin that does not say which bytes it sends.
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.header("range") != "bytes=0-0") return std::nullopt;
        return "HTTP/1.1 206 Partial Content\r\nETag: \"v2\"\r\nContent-Length: 1\r\n\r\nx";
    };

    const std::string answer = world.get("/data/k", "Range: bytes=5-9\r\n");

    CHECK(status_of(answer) == 206);
    CHECK(body_of(answer) == content(1000, 2).substr(5, 5));
}
