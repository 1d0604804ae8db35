// Objects under a customer's key (SSE-C), the whole way, and other encryption that needs nothing of us.
#include "engine/store/part_store.h"
#include "frontend/get_object.h"
#include "frontend/sealing/part_view.h"
#include "tests/catch.h"
#include "tests/frontend/sealing/keys.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;
using sealing::one_key;
using sealing::one_md5;
using sealing::other_key;
using sealing::other_md5;

namespace {

constexpr std::size_t slice = sealing::slice_size.count();
constexpr std::string_view range_is_signed =
    "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;range;x-amz-date, Signature=00\r\n";

std::string lines_of(std::string_view key, std::string_view md5) {
    std::string lines = "x-amz-server-side-encryption-customer-algorithm: AES256\r\n";
    lines.append("x-amz-server-side-encryption-customer-key: ").append(key).append("\r\n");
    return lines.append("x-amz-server-side-encryption-customer-key-MD5: ")
        .append(md5)
        .append("\r\n");
}

std::string with_one() { return lines_of(one_key, one_md5); }
std::string with_other() { return lines_of(other_key, other_md5); }

stored_object object_under(std::string_view md5, std::string body) {
    return {.body = std::move(body),
            .metadata =
                "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"
                "x-amz-server-side-encryption-customer-key-MD5: " +
                std::string(md5) + "\r\nx-amz-meta-colour: blue\r\n",
            .customer_key_md5 = std::string(md5)};
}

// Answers 304 to whoever names an ETag, and everything else as the origin would.
void be_happy_with_304(small_world& world) {
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.header("if-none-match").empty()) return std::nullopt;
        return "HTTP/1.1 304 Not Modified\r\n\r\n";
    };
}

// The part of "/data/k" under a key, as the store knows it.
engine::part_key stored_part(std::size_t length, const std::optional<sealing::customer_key>& key) {
    origin::object_name name{.scope = "", .bucket = "data", .key = "k", .version_id = ""};
    if (key) name.customer_key = key->fingerprint();
    const std::string size = std::to_string(length);
    std::vector<http::header> headers = {{"ETag", "\"v1\""},
                                         {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                         {"Content-Length", size}};
    if (key) headers.push_back({"x-amz-server-side-encryption-customer-algorithm", "AES256"});
    const auto version = origin::describe_version("http://origin:80", name, 200, headers);
    return sealing::part_view((*version)->part(0), key).stored();
}

engine::task<void> copy_chunk(engine::part_store& store, engine::part_key part, std::uint32_t chunk,
                              std::string& into) {
    auto lease = co_await store.read(part, chunk, engine::now() + std::chrono::seconds(1));
    if (!lease) co_return;
    into.assign(reinterpret_cast<const char*>(lease->data().data()), lease->data().size());
}

engine::task<void> put_nonsense(engine::part_store& store, engine::part_key part,
                                std::uint32_t chunk) {
    auto claim = co_await store.claim(part, chunk);
    LODE_ASSERT(claim.has_value());
    std::ranges::fill(claim->memory(), std::byte{'x'});
    (void)claim->publish();
}

}  // namespace

TEST_CASE("an object under a customer's key is a hit for whoever has the key") {
    small_world world;
    const std::string body = content(2 * slice + 12345);
    world.objects["/data/k"] = object_under(one_md5, body);

    const std::string first = world.get("/data/k", with_one());
    world.asked.clear();
    const std::string second = world.get("/data/k", with_one());

    CHECK(header_of(first, "X-Cache") == "MISS");
    CHECK((body_of(first) == body));
    CHECK(header_of(second, "X-Cache") == "HIT");
    CHECK((body_of(second) == body));
    CHECK(header_of(second, "Content-Length") == std::to_string(body.size()));
    CHECK(header_of(second, "x-amz-meta-colour") == "blue");
    for (const std::string& answer : {first, second}) {
        CHECK(header_of(answer, "x-amz-server-side-encryption-customer-algorithm") == "AES256");
        CHECK(header_of(answer, "x-amz-server-side-encryption-customer-key-MD5") == one_md5);
        CHECK(answer.find(one_key) == std::string::npos);
    }
    REQUIRE(world.asked.size() == 1);
    CHECK(world.asked[0].status == 304);
    CHECK(world.serving().sealed.opened.value() == 6);
}

TEST_CASE("the store never holds the plaintext of an object under a customer's key") {
    small_world world;
    const std::string body(3000, 'p');
    world.objects["/data/k"] = object_under(one_md5, body);
    world.get("/data/k", with_one());
    std::string stored;
    std::string plain;

    world.run(copy_chunk(world.serving().node.store, stored_part(3000, sealing::one()), 0, stored));
    world.run(copy_chunk(world.serving().node.store, stored_part(3000, std::nullopt), 0, plain));

    CHECK(stored.size() == 3028);
    CHECK(stored.find("ppp") == std::string::npos);
    CHECK(plain.empty());
}

TEST_CASE("every range of a sealed object is what it would be without a cache") {
    small_world world;
    const std::string body = content(3 * slice + 100);
    world.objects["/data/k"] = object_under(one_md5, body);
    world.get("/data/k", with_one());

    for (const auto& [first, last] :
         std::vector<std::pair<std::size_t, std::size_t>>{{0, 0},
                                                          {slice - 1, slice - 1},
                                                          {slice, slice},
                                                          {slice - 1, slice},
                                                          {0, slice - 1},
                                                          {slice, 2 * slice - 1},
                                                          {100, 3 * slice + 50},
                                                          {3 * slice + 99, 3 * slice + 99}}) {
        CAPTURE(first, last);
        const std::string answer =
            world.get("/data/k", with_one() + "Range: bytes=" + std::to_string(first) + "-" +
                                     std::to_string(last) + "\r\n");
        CHECK(status_of(answer) == 206);
        CHECK(header_of(answer, "X-Cache") == "HIT");
        CHECK((body_of(answer) == body.substr(first, last - first + 1)));
    }
}

TEST_CASE("a range of a cold sealed object brings in its part, each slice once") {
    small_world world;
    const std::string body = content(4 * slice);
    world.objects["/data/k"] = object_under(one_md5, body);

    const std::string answer =
        world.get("/data/k", with_one() + "Range: bytes=" + std::to_string(2 * slice + 5) + "-" +
                                 std::to_string(2 * slice + 9) + "\r\n");

    CHECK((body_of(answer) == body.substr(2 * slice + 5, 5)));
    world.rest();
    CHECK(world.fetched_bytes() == body.size());
}

TEST_CASE(
    "without the key, or with another one, the answer is the gateway's and has not one byte") {
    for (const bool happy : {false, true}) {
        small_world world;
        const std::string body = content(5000);
        world.objects["/data/k"] = object_under(one_md5, body);
        world.get("/data/k", with_one());
        REQUIRE(header_of(world.get("/data/k", with_one()), "X-Cache") == "HIT");
        if (happy) be_happy_with_304(world);
        world.asked.clear();

        for (int i = 0; i < 2; ++i) {
            for (const char* range : {"", "Range: bytes=0-9\r\n"}) {
                CAPTURE(happy, i, range);
                const std::string none = world.get("/data/k", range);
                const std::string wrong = world.get("/data/k", with_other() + range);
                CHECK(status_of(none) == 400);
                CHECK(body_of(none) == "refused");
                CHECK(status_of(wrong) == 403);
                CHECK(body_of(wrong) == "refused");
            }
        }
        // Not even the question was put that such a gateway answers in a wrong way.
        for (const auto& question : world.asked) CHECK(question.header("if-none-match").empty());
    }
}

TEST_CASE("a key that does not fit its MD5 is the gateway's to judge") {
    small_world world;
    world.objects["/data/k"] = object_under(one_md5, content(5000));
    world.get("/data/k", with_one());
    world.asked.clear();
    const std::string forged = lines_of(other_key, one_md5);

    // This origin looks at the MD5 only, and so is taken in: the bytes are its own.
    const std::string answer = world.get("/data/k", forged);

    CHECK(header_of(answer, "X-Cache") == "BYPASS");
    REQUIRE(world.asked.size() == 1);
    CHECK(world.asked[0].header("if-none-match").empty());
    CHECK(world.asked[0].header("range").empty());
    CHECK(world.asked[0].header("x-amz-server-side-encryption-customer-key") == other_key);
}

TEST_CASE("an object that is overwritten under another key is lost for the old one") {
    small_world world;
    world.objects["/data/k"] = object_under(one_md5, content(5000, 1));
    world.get("/data/k", with_one());

    // The same content too, so that the ETag does not change: only the time does.
    world.objects["/data/k"] = object_under(other_md5, content(5000, 1));
    world.objects["/data/k"].modified = "Sun, 06 Nov 1994 08:49:38 GMT";
    CHECK(status_of(world.get("/data/k", with_one())) == 403);
    CHECK(header_of(world.get("/data/k", with_other()), "X-Cache") == "MISS");
    CHECK(header_of(world.get("/data/k", with_other()), "X-Cache") == "HIT");

    world.objects["/data/k"] = object_under(one_md5, content(6000, 2));
    world.objects["/data/k"].etag = "\"v2\"";
    CHECK(status_of(world.get("/data/k", with_other())) == 403);
    CHECK((body_of(world.get("/data/k", with_one())) == content(6000, 2)));
}

TEST_CASE("an object that was public to the cache is refused as soon as it is under a key") {
    small_world world;
    world.objects["/data/k"] = {.body = content(5000)};
    world.get("/data/k");
    world.objects["/data/k"] = object_under(one_md5, content(5000));
    world.objects["/data/k"].modified = "Sun, 06 Nov 1994 08:49:38 GMT";

    CHECK(status_of(world.get("/data/k")) == 400);
    CHECK((body_of(world.get("/data/k", with_one())) == content(5000)));
}

TEST_CASE("an object without encryption that is asked for with a key is the gateway's to answer") {
    small_world world;
    world.objects["/data/k"] = {.body = content(5000)};
    world.get("/data/k");

    const std::string answer = world.get("/data/k", with_one());

    CHECK(status_of(answer) == 400);
    CHECK(header_of(world.get("/data/k"), "X-Cache") == "HIT");
}

TEST_CASE("with a signed Range a sealed object is read from the cache, and not into it") {
    small_world world;
    const std::string body = content(2 * slice);
    world.objects["/data/k"] = object_under(one_md5, body);
    const std::string lines =
        with_one() + std::string(range_is_signed) + "Range: bytes=5-1048999\r\n";

    for (int i = 0; i < 2; ++i) {
        const std::string cold = world.get("/data/k", lines);
        CHECK(header_of(cold, "X-Cache") == "BYPASS");
        CHECK((body_of(cold) == body.substr(5, 1048995)));
    }
    world.get("/data/k", with_one());
    const std::string warm = world.get("/data/k", lines);

    CHECK(header_of(warm, "X-Cache") == "HIT");
    CHECK((body_of(warm) == body.substr(5, 1048995)));
}

TEST_CASE("a sealed chunk that does not open is a miss, and is filled anew") {
    small_world world;
    const std::string body = content(2 * slice);
    world.objects["/data/k"] = object_under(one_md5, body);
    const auto part = stored_part(body.size(), sealing::one());
    for (const std::uint32_t chunk : {0, 1}) {
        CAPTURE(chunk);
        world.run(world.serving().node.store.purge(part));
        world.run(put_nonsense(world.serving().node.store, part, chunk));

        const std::string first = world.get("/data/k", with_one());

        CHECK((body_of(first) == body));
        CHECK(world.serving().sealed.damaged.value() == chunk + 1);
        world.get("/data/k", with_one());
        const std::string again = world.get("/data/k", with_one());
        CHECK(header_of(again, "X-Cache") == "HIT");
        CHECK((body_of(again) == body));
        CHECK(world.serving().sealed.damaged.value() == chunk + 1);
    }
}

TEST_CASE("when there is no memory to open chunks in, the origin answers") {
    small_world world;
    const std::string body = content(slice);
    world.objects["/data/k"] = object_under(one_md5, body);
    world.get("/data/k", with_one());
    {
        std::vector<sealing::plaintext_buffers::buffer> taken;
        while (auto got = world.serving().plaintext.take(sealing::slice_size)) {
            taken.push_back(std::move(*got));
        }
        const std::string answer = world.get("/data/k", with_one());
        CHECK(header_of(answer, "X-Cache") == "BYPASS");
        CHECK((body_of(answer) == body));
        CHECK(world.serving().sealed.no_memory.value() == 1);
    }
    CHECK(header_of(world.get("/data/k", with_one()), "X-Cache") == "HIT");
    CHECK(world.serving().plaintext.taken() == 0);
}

TEST_CASE("sixteen clients with the key cost the origin a sealed object once") {
    small_world world(3);
    const std::string body = content(3 * slice);
    world.objects["/data/k"] = object_under(one_md5, body);
    const std::string request = "GET /data/k HTTP/1.1\r\nHost: 127.0.0.1\r\n" + with_one() + "\r\n";

    const auto answers = world.talk_all(std::vector<std::string>(16, request));

    for (const auto& answer : answers) CHECK((body_of(answer) == body));
    CHECK(world.fetched_bytes() == body.size());
}

TEST_CASE("an empty object under a key is passed through") {
    small_world world;
    world.objects["/data/k"] = object_under(one_md5, "");
    for (int i = 0; i < 2; ++i) {
        const std::string answer = world.get("/data/k", with_one());
        CHECK(status_of(answer) == 200);
        CHECK(header_of(answer, "Content-Length") == "0");
    }
    CHECK(status_of(world.get("/data/k")) == 400);
}

TEST_CASE("encryption with the store's own keys needs nothing: its headers are repeated") {
    for (const std::string metadata :
         {"x-amz-server-side-encryption: AES256\r\n",
          "x-amz-server-side-encryption: aws:kms\r\n"
          "x-amz-server-side-encryption-aws-kms-key-id: arn:aws:kms:key/1\r\n"
          "x-amz-server-side-encryption-bucket-key-enabled: true\r\n"}) {
        small_world world;
        world.objects["/data/k"] = {.body = content(5000), .metadata = metadata};
        world.get("/data/k");

        const std::string hit = world.get("/data/k");

        CHECK(header_of(hit, "X-Cache") == "HIT");
        CHECK((body_of(hit) == content(5000)));
        CHECK(hit.find(metadata) != std::string::npos);
    }
}

TEST_CASE(
    "a range goes on from a part's last, short chunk into the next part under a customer's key") {
    small_world world;
    // No layout can be asked for under a key: two parts of 2 MiB and of the rest are computed.
    const std::size_t part = std::size_t{2} << 20U;
    const std::string body = content(part + slice + 12345);
    world.objects["/data/k"] = object_under(one_md5, body);
    world.objects["/data/k"].etag = "\"11111111111111111111111111111111-2\"";
    const std::string range = "Range: bytes=" + std::to_string(part - 10) + "-" +
                              std::to_string(body.size() - 1) + "\r\n";

    for (const std::string_view word : {"MISS", "HIT"}) {
        const std::string answer = world.get("/data/k", with_one() + range);
        CHECK(status_of(answer) == 206);
        CHECK(header_of(answer, "X-Cache") == word);
        CHECK((body_of(answer) == body.substr(part - 10)));
    }
}

TEST_CASE("a customer's key that came to the gateway under TLS goes nowhere without it") {
    const std::string body = content(slice + 100);
    for (const bool direct : {false, true}) {
        settings s;
        s.origin.gateway = "https://origin";
        small_world world(1, s, own_identity);
        world.objects["/data/k"] = object_under(one_md5, body);
        if (direct) {
            world.objects["/data/k"].metadata += "x-lode-direct-path: http://near:1\r\n";
        } else {
            world.instead = [](const origin_request& r) -> std::optional<std::string> {
                if (r.place != "origin" || r.header("range") == "bytes=0-0") return std::nullopt;
                return "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://near:1/data/k\r\n"
                       "Content-Length: 0\r\n\r\n";
            };
        }

        const std::string answer = world.get("/data/k", with_one());

        CHECK(std::ranges::find(world.dialled, "near:1") == world.dialled.end());
        if (direct) CHECK((body_of(answer) == body));
        if (!direct) CHECK(header_of(answer, "Location") == "http://near:1/data/k");
    }
}
