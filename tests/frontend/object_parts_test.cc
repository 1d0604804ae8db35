// Objects that were uploaded in parts, and what lode may find out about objects by its own right.
#include "engine/runtime/scope.h"
#include "engine/runtime/simulated_stream.h"
#include "frontend/connection.h"
#include "frontend/get_object.h"
#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;

namespace {

const s3::credentials& own = own_identity;

constexpr std::string_view match_signed =
    "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;if-match;range;x-amz-date, Signature=00\r\n";

stored_object three_parts(const std::string& body) {
    return {.body = body,
            .etag = "\"11111111111111111111111111111111-3\"",
            .parts = {5 * mib, 5 * mib, body.size() - 10 * mib}};
}

// Bytes of bodies, without what questions about versions cost.
std::size_t body_bytes(const small_world& world) {
    std::size_t sent = 0;
    for (const auto& question : world.asked) {
        const bool little = question.body_out <= origin::first_bytes::most;
        if (question.is_fetch() || !little) sent += question.body_out;
    }
    return sent;
}

engine::task<void> ask(engine::stream& stream, std::string request) {
    (void)co_await engine::send_all(stream, std::as_bytes(std::span(request)));
    (void)co_await stream.finish_sending();
}

// A client that pauses once it has so many bytes; what it does then may be looked at.
engine::task<void> pause_in_the_middle(serving& here, std::string request, std::size_t enough,
                                       std::function<void()> look, std::string& answer) {
    auto [ours, theirs] = engine::simulated_stream::make_pair({});
    connection server_side(here, std::move(theirs));
    engine::scope both;
    both.spawn(server_side.run());
    both.spawn(ask(*ours, std::move(request)));
    std::byte buffer[16384];
    for (;;) {
        auto got = co_await ours->receive(buffer);
        if (!got || *got == 0) break;
        const bool is_less = answer.size() < enough;
        answer.append(reinterpret_cast<const char*>(buffer), *got);
        if (!is_less || answer.size() < enough) continue;
        co_await engine::sleep_for(std::chrono::seconds(1));
        look();
    }
    ours->abort();
    co_await both.close();
    co_await ours->close();
}

}  // namespace

TEST_CASE("any range of an object in parts is cut from its parts") {
    small_world world(1, {}, own);
    const std::string body = content(11 * mib + 77);
    world.objects["/data/k"] = three_parts(body);

    CHECK((body_of(world.get("/data/k")) == body));
    CHECK(body_bytes(world) == body.size());
    world.asked.clear();
    for (const auto& [first, last] :
         std::vector<std::pair<std::size_t, std::size_t>>{{0, 0},
                                                          {5 * mib - 1, 5 * mib},
                                                          {5 * mib, 10 * mib - 1},
                                                          {4 * mib + 3, 10 * mib + 5},
                                                          {10 * mib, 11 * mib + 76},
                                                          {11 * mib + 76, 11 * mib + 76}}) {
        const std::string answer = world.get("/data/k", "Range: bytes=" + std::to_string(first) +
                                                            "-" + std::to_string(last) + "\r\n");
        CHECK(header_of(answer, "X-Cache") == "HIT");
        CHECK((body_of(answer) == body.substr(first, last - first + 1)));
    }
    CHECK(body_bytes(world) == 0);
}

TEST_CASE("a range brings in the parts that it touches and no other") {
    small_world world(1, {}, own);
    const std::string body = content(11 * mib);
    world.objects["/data/k"] = three_parts(body);

    world.get("/data/k", "Range: bytes=5242880-5242881\r\n");
    world.rest();

    CHECK(header_of(world.get("/data/k", "Range: bytes=6000000-6000001\r\n"), "X-Cache") == "HIT");
    CHECK(header_of(world.get("/data/k", "Range: bytes=10485759-10485759\r\n"), "X-Cache") ==
          "HIT");
    CHECK(body_bytes(world) == 5 * mib);
    CHECK(header_of(world.get("/data/k", "Range: bytes=0-1\r\n"), "X-Cache") == "MISS");
    CHECK(header_of(world.get("/data/k", "Range: bytes=11000000-11000001\r\n"), "X-Cache") ==
          "MISS");
}

TEST_CASE("a part asked for by its number comes from the cache as the origin would send it") {
    small_world world(1, {}, own);
    const std::string body = content(11 * mib + 5);
    world.objects["/data/k"] = three_parts(body);
    world.get("/data/k");
    world.asked.clear();

    for (std::size_t n = 1; n <= 3; ++n) {
        const std::string answer = world.get("/data/k?partNumber=" + std::to_string(n));
        const std::size_t first = (n - 1) * 5 * mib;
        const std::size_t length = n == 3 ? mib + 5 : 5 * mib;
        CHECK(status_of(answer) == 206);
        CHECK(header_of(answer, "X-Cache") == "HIT");
        CHECK(header_of(answer, "x-amz-mp-parts-count") == "3");
        CHECK(header_of(answer, "Content-Range") == "bytes " + std::to_string(first) + "-" +
                                                        std::to_string(first + length - 1) + "/" +
                                                        std::to_string(body.size()));
        CHECK((body_of(answer) == body.substr(first, length)));
    }
    CHECK(body_bytes(world) == 0);
    CHECK(status_of(world.get("/data/k?partNumber=4")) == 416);
}

TEST_CASE("a part's number means nothing to an origin that does not answer it") {
    small_world world(1, {}, own);
    stored_object object = three_parts(content(11 * mib));
    object.parts.clear();
    world.objects["/data/k"] = object;
    world.get("/data/k");

    const std::string answer = world.get("/data/k?partNumber=2");

    CHECK(status_of(answer) == 200);
    CHECK((body_of(answer) == object.body));
}

TEST_CASE("parts of unequal length are asked for one by one") {
    small_world world(1, {}, own);
    const std::string body = content(12 * mib);
    world.objects["/data/k"] = {.body = body,
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {2 * mib, 7 * mib, 3 * mib}};

    world.get("/data/k", "Range: bytes=9437183-9437183\r\n");  // the last byte of the second part
    world.rest();

    CHECK(body_bytes(world) == 7 * mib);
}

TEST_CASE("an upload through lode teaches its parts where the origin does not tell") {
    small_world world(1, {}, own);
    const std::string body = content(9 * mib);
    // MD5 of "a" and of "b", and of both digests together.
    const std::string etag = "\"96e024ba2074fe77e8e965ba43a704be-2\"";
    const auto answer_with = [&](std::string_view tag) {
        world.instead = [tag](const origin_request&) {
            return "HTTP/1.1 200 OK\r\nETag: \"" + std::string(tag) +
                   "\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        };
    };
    const auto put = [&](std::string_view query, std::size_t length) {
        return world.talk("PUT /data/k?" + std::string(query) +
                          " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
                          std::to_string(length) + "\r\n\r\n" + std::string(length, 'x'));
    };
    answer_with("0cc175b9c0f1b6a831c399e269772661");
    put("partNumber=1&uploadId=u", 2 * mib);
    answer_with("92eb5ffee6ae2fec3ad71c777531578f");
    put("partNumber=2&uploadId=u", 7 * mib);
    answer_with("");
    world.talk("POST /data/k?uploadId=u HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n");
    world.instead = nullptr;
    world.objects["/data/k"] = {.body = body, .etag = etag};
    world.asked.clear();

    world.get("/data/k", "Range: bytes=2097152-2097152\r\n");
    world.rest();

    CHECK(body_bytes(world) == 7 * mib);
}

TEST_CASE("a signed Range of an unknown object is served by a fill, once for all") {
    small_world world(1, {}, own);
    const std::string body = content(3 * mib);
    world.objects["/data/k"] = {.body = body};
    const std::string lines = std::string(range_signed) + "Range: bytes=1000-2097151\r\n";

    const std::string first = world.get("/data/k", lines);
    world.rest();
    const std::string second = world.get("/data/k", lines);

    CHECK(header_of(first, "X-Cache") == "MISS");
    CHECK((body_of(first) == body.substr(1000, 2 * mib - 1000)));
    CHECK(header_of(second, "X-Cache") == "HIT");
    CHECK((body_of(second) == body.substr(1000, 2 * mib - 1000)));
    CHECK(body_bytes(world) == body.size());
}

TEST_CASE("a signed Range is refused to whom the gateway refuses it, whatever lode may see") {
    small_world world(1, {}, own);
    world.objects["/data/k"] = {.body = content(3 * mib)};
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.header("authorization").find("Credential=LODESOWNKEY/") != std::string::npos) {
            return std::nullopt;
        }
        return "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied";
    };

    const std::string lines = std::string(range_signed) + "Range: bytes=0-9\r\n";

    CHECK(body_of(world.get("/data/k", lines)) == "denied");
    CHECK(body_of(world.get("/data/k", lines)) == "denied");
}

TEST_CASE("a HEAD teaches the version, so that a signed Range after it is validated at once") {
    small_world world;
    const std::string body = content(mib);
    world.objects["/data/k"] = {.body = body};
    world.get("/data/k");
    world.objects["/data/k"] = {
        .body = body, .etag = "\"v2\"", .modified = "Sun, 06 Nov 1994 08:49:38 GMT"};

    CHECK(status_of(world.ask("HEAD", "/data/k")) == 200);
    world.asked.clear();
    world.get("/data/k", std::string(range_signed) + "Range: bytes=0-9\r\n");

    REQUIRE(!world.asked.empty());
    CHECK(world.asked[0].header("if-none-match") == "\"v2\"");
}

TEST_CASE("a signed If-Match is served from the cache while content and metadata are the same") {
    small_world world(1, {}, own);
    const std::string body = content(mib);
    world.objects["/data/k"] = {.body = body};
    const std::string lines =
        std::string(match_signed) + "If-Match: \"v1\"\r\nRange: bytes=0-9\r\n";
    world.get("/data/k");

    const std::string hit = world.get("/data/k", lines);
    CHECK(status_of(hit) == 206);
    CHECK(header_of(hit, "X-Cache") == "HIT");
    CHECK((body_of(hit) == body.substr(0, 10)));

    world.objects["/data/k"].metadata = "x-amz-meta-new: yes\r\n";
    world.objects["/data/k"].modified = "Sun, 06 Nov 1994 08:49:39 GMT";
    CHECK(header_of(world.get("/data/k", lines), "x-amz-meta-new") == "yes");

    world.objects["/data/k"].etag = "\"v2\"";
    CHECK(status_of(world.get("/data/k", lines)) == 412);
}

TEST_CASE("headers that the client wants replaced are replaced for it alone") {
    small_world world(1, {}, own);
    world.objects["/data/k"] = {.body = content(100), .metadata = "Content-Type: text/plain\r\n"};
    const std::string lines =
        "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=00\r\n";

    const std::string first = world.get("/data/k?response-content-type=image%2Fpng", lines);
    const std::string second = world.get("/data/k?response-content-type=image%2Fpng", lines);
    const std::string plain = world.get("/data/k", lines);

    CHECK(header_of(first, "Content-Type") == "image/png");
    CHECK(header_of(second, "Content-Type") == "image/png");
    CHECK(header_of(second, "X-Cache") == "HIT");
    CHECK(second.find("text/plain") == std::string::npos);
    CHECK(header_of(plain, "Content-Type") == "text/plain");
    CHECK(header_of(plain, "X-Cache") == "HIT");
    // Who does not sign may not: the origin says so.
    CHECK(header_of(world.get("/data/k?response-content-type=a"), "X-Cache") == "BYPASS");
}

TEST_CASE("stored checksums are sent with the whole object to those who want them") {
    small_world world(1, {}, own);
    const std::string body = content(mib);
    world.objects["/data/k"] = {.body = body, .checksum = "x-amz-checksum-crc32: AAAAAA==\r\n"};
    const std::string wants = "x-amz-checksum-mode: ENABLED\r\n";

    for (int i = 0; i < 2; ++i) {
        const std::string answer = world.get("/data/k", wants);
        CHECK(header_of(answer, "x-amz-checksum-crc32") == "AAAAAA==");
        CHECK((body_of(answer) == body));
        CHECK(header_of(answer, "X-Cache") == (i == 0 ? "MISS" : "HIT"));
    }
    CHECK(header_of(world.get("/data/k"), "x-amz-checksum-crc32").empty());
    const std::string range = world.get("/data/k", wants + "Range: bytes=0-9\r\n");
    CHECK(status_of(range) == 206);
    CHECK(header_of(range, "x-amz-checksum-crc32").empty());
    CHECK(body_bytes(world) == body.size());
}

TEST_CASE("without an identity of its own lode passes checksums on, and remembers them") {
    small_world world;
    const std::string body = content(mib);
    world.objects["/data/k"] = {.body = body, .checksum = "x-amz-checksum-crc32: AAAAAA==\r\n"};
    const std::string wants = "x-amz-checksum-mode: ENABLED\r\n";

    world.get("/data/k", wants);
    const std::string answer = world.get("/data/k", wants);

    CHECK(header_of(answer, "x-amz-checksum-crc32") == "AAAAAA==");
    CHECK(header_of(answer, "X-Cache") == "HIT");
    CHECK(body_bytes(world) == body.size());
}

TEST_CASE("where a store's dates mislead, all that it tells is compared") {
    for (const bool signed_range : {false, true}) {
        CAPTURE(signed_range);
        small_world world(1, {}, own);
        world.keeps_fractions = true;
        const std::string body = content(mib);
        world.objects["/data/k"] = {.body = body};
        const std::string lines =
            std::string(signed_range ? range_signed : "") + "Range: bytes=0-99\r\n";
        world.get("/data/k", lines);
        world.get("/data/k", lines);
        world.rest();
        world.asked.clear();

        const std::string hit = world.get("/data/k", lines);

        CHECK(header_of(hit, "X-Cache") == "HIT");
        CHECK(body_bytes(world) == 0);
        CHECK(world.asked.size() == (signed_range ? 2 : 1));
        // A change shows although ETag and date stay.
        world.objects["/data/k"].metadata = "x-amz-meta-new: yes\r\n";
        CHECK(header_of(world.get("/data/k", lines), "x-amz-meta-new") == "yes");
    }
}

TEST_CASE("a part of an object that was uploaded in one piece says no number of parts") {
    small_world world(1, {}, own);
    world.objects["/data/many"] = three_parts(content(11 * mib));
    world.objects["/data/k"] = {.body = content(mib), .parts = {mib}};
    world.get("/data/many");
    world.get("/data/k");

    const std::string answer = world.get("/data/k?partNumber=1");

    CHECK(status_of(answer) == 206);
    CHECK(header_of(answer, "X-Cache") == "HIT");
    CHECK(header_of(answer, "x-amz-mp-parts-count").empty());
}

TEST_CASE("what is smaller than the limit is not cached") {
    settings s;
    s.cache.object_min = bytes(1000);
    small_world world(1, s);
    world.objects["/data/small"] = {.body = content(999)};
    world.objects["/data/large"] = {.body = content(1000)};

    for (const char* key : {"/data/small", "/data/large"}) {
        CHECK(status_of(world.get(key)) == 200);
        CHECK(header_of(world.get(key), "X-Cache") ==
              (std::string(key) == "/data/small" ? "BYPASS" : "HIT"));
    }
}

TEST_CASE(
    "a part that may not be filled just now comes from the origin, and the next ones follow") {
    small_world world(1, {}, own, 1);
    const std::string body = content(6 * mib);
    world.objects["/data/k"] = {.body = body,
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {2 * mib, 2 * mib, 2 * mib}};
    world.objects["/data/other"] = {.body = content(mib)};
    world.get("/data/k", "Range: bytes=0-0\r\n");
    world.rest();
    // Another object's fill takes the only place while this one's first part is sent.
    world.thinks = std::chrono::seconds(5);

    const auto answers = world.talk_all({"GET /data/other HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                                         "GET /data/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"});

    CHECK(status_of(answers[0]) == 200);
    CHECK(status_of(answers[1]) == 200);
    CHECK((body_of(answers[1]) == body));
}

TEST_CASE("the first part of an empty object is for the origin to tell") {
    small_world world(1, {}, own);
    world.objects["/data/k"] = three_parts(content(11 * mib));
    world.objects["/data/empty"] = {.body = ""};
    world.get("/data/k");  // the origin answers part numbers, as is now known
    world.ask("HEAD", "/data/empty");

    const std::string answer = world.get("/data/empty?partNumber=1");

    CHECK(status_of(answer) == 200);
    CHECK(header_of(answer, "Content-Range").empty());
    CHECK(header_of(answer, "Content-Length") == "0");
}

TEST_CASE("of an object that was not uploaded in parts no count of parts is told") {
    small_world world(1, {}, own);
    world.objects["/data/k"] = three_parts(content(11 * mib));
    world.objects["/data/plain"] = {.body = content(1000)};
    world.get("/data/k");
    world.get("/data/plain");

    const std::string answer = world.get("/data/plain?partNumber=1");

    CHECK(header_of(answer, "X-Cache") == "HIT");
    CHECK(header_of(answer, "Content-Range") == "bytes 0-999/1000");
    CHECK(header_of(answer, "x-amz-mp-parts-count").empty());
}

TEST_CASE("asking for the part of an object without parts does not hide those of others") {
    small_world world(1, {}, own);
    const std::string body = content(12 * mib);
    world.objects["/data/plain"] = {.body = content(1000)};
    world.objects["/data/k"] = {.body = body,
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {2 * mib, 7 * mib, 3 * mib}};
    world.get("/data/plain");
    world.get("/data/plain?partNumber=1");
    world.asked.clear();

    world.get("/data/k", "Range: bytes=9437183-9437183\r\n");  // the last byte of the second part
    world.rest();

    CHECK(body_bytes(world) == 7 * mib);
}

TEST_CASE("a part longer than what is read ahead is begun before the client has come to it") {
    settings s;
    s.cache.read_ahead = bytes(2 * mib);
    small_world world(1, s, own);
    const std::string body = content(12 * mib);
    world.objects["/data/k"] = {.body = body,
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {4 * mib, 4 * mib, 4 * mib}};
    std::vector<std::string> ranges;
    std::string answer;

    world.run(pause_in_the_middle(
        world.serving(), "GET /data/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 3 * mib,
        [&] {
            for (const auto& question : world.asked) ranges.push_back(question.header("range"));
        },
        answer));

    CHECK((body_of(answer) == body));
    CHECK(std::ranges::find(ranges, "bytes=4194304-8388607") != ranges.end());
    CHECK(std::ranges::find(ranges, "bytes=8388608-12582911") == ranges.end());
}
