// Heads that come again byte for byte: they are recognised, and are let in no longer than any other.
#include "frontend/known_requests.h"

#include <chrono>
#include <memory>

#include "tests/catch.h"
#include "tests/frontend/access/local_world.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

std::string presigned_text(std::string target, std::chrono::seconds lifetime = 60s) {
    client_request r{.target = std::move(target)};
    r.target = presigned_by(writer_key, r, lifetime);
    return as_text(r, "");
}

std::string presigned_over_headers(client_request r) {
    s3::signer signer(writer_key, r.region);
    const auto query = signer.presign({.method = r.method,
                                       .raw_path = r.target,
                                       .raw_query = {},
                                       .host = r.host,
                                       .headers = r.headers},
                                      60s, world_time());
    LODE_ASSERT(query.has_value());
    r.target += "?" + *query;
    return as_text(r, "");
}

bool is_known(local_world& w, std::string_view text) {
    serving& here = w.world.serving();
    return here.known->find(text, world_time(), here.gate.changes()) != nullptr;
}

std::string head_number(int number) { return "GET /" + std::to_string(number) + "\r\n\r\n"; }

// Head number 0, judged by keys 1, good for a minute.
std::shared_ptr<const known_request> known_for_a_minute() {
    auto known = std::make_shared<known_request>();
    known->text = head_number(0);
    known->keys = 1;
    known->as_admitted.passage.good = {.from = world_time(), .until = world_time() + 60s};
    return known;
}

// Often enough to be known.
void ask_often(local_world& w, const std::string& text) {
    for (int i = 0; i < 3; ++i) (void)w.world.talk(text);
}

}  // namespace

TEST_CASE("a head that comes again is known, answered as before, and counted as admitted") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "0123456789"};
    const std::string text = presigned_text("/data/k");

    (void)w.world.talk(text);
    const bool known_at_once = is_known(w, text);
    (void)w.world.talk(text);
    const bool known_then = is_known(w, text);
    w.world.asked.clear();
    const std::string answer = w.world.talk(text);

    CHECK_FALSE(known_at_once);
    CHECK(known_then);
    CHECK(status_of(answer) == 200);
    CHECK(header_of(answer, "X-Cache") == "HIT");
    CHECK(body_of(answer) == "0123456789");
    CHECK(w.world.asked.empty());
    CHECK(w.count(access::verdict::admitted) == 3);
}

TEST_CASE("a known head is refused as soon as its signature has expired") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "bytes"};
    const std::string text = presigned_text("/data/k", 60s);
    ask_often(w, text);

    w.world.pass(61s);
    const std::string answer = w.world.talk(text);

    CHECK(status_of(answer) == 403);
    CHECK(error_code_of(answer) == "AccessDenied");
    CHECK(w.count(access::verdict::expired) == 1);
}

TEST_CASE("a known head is judged anew when the keys are others") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "bytes"};
    const std::string text = presigned_text("/data/k");
    ask_often(w, text);

    auto fewer = access::parse_key_file(R"(
[[key]]
name = "writer"
access_key = "WRITERKEY"
secret_key = "writer-secret"
rules = [ { buckets = ["runs-*"], allow = "read" } ]
)");
    REQUIRE(fewer.has_value());
    w.world.serving().gate.use(*fewer);
    const std::string answer = w.world.talk(text);

    CHECK(status_of(answer) == 403);
    CHECK(w.count(access::verdict::no_right) == 1);
}

TEST_CASE("a head that is not good any more goes when any other is looked for in its place") {
    const auto stays = [](wall_time when, std::uint64_t keys) {
        known_requests all;
        std::weak_ptr<const known_request> kept;
        {
            auto known = known_for_a_minute();
            kept = known;
            all.keep(std::move(known));
        }
        for (int i = 1; i < 16 * static_cast<int>(known_requests::places); ++i) {
            (void)all.find(head_number(i), when, keys);
        }
        const bool left = !kept.expired();
        CHECK((all.find(head_number(0), when, keys) != nullptr) == left);
        return left;
    };

    CHECK(stays(world_time(), 1));
    CHECK(stays(world_time() + 60s, 1));
    CHECK_FALSE(stays(world_time() + 61s, 1));
    CHECK_FALSE(stays(world_time(), 2));
}

TEST_CASE("a head with the key of a copy's source is not kept, though it is answered") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "bytes"};
    client_request r{.target = "/data/k"};
    for (const char* name :
         {"x-amz-meta-a", "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key"}) {
        r.headers = {{name, "c2VjcmV0"}};
        const std::string text = presigned_over_headers(r);
        ask_often(w, text);
        CHECK(status_of(w.world.talk(text)) == 200);
        CHECK(is_known(w, text) == std::string_view(name).starts_with("x-amz-meta"));
    }
}

TEST_CASE("a head that differs from a known one in its signature alone is verified") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "bytes"};
    std::string text = presigned_text("/data/k");
    ask_often(w, text);

    char& digit = text[text.find("X-Amz-Signature=") + 20];
    digit = digit == '0' ? '1' : '0';
    const std::string answer = w.world.talk(text);

    CHECK(status_of(answer) == 403);
    CHECK(error_code_of(answer) == "SignatureDoesNotMatch");
}

TEST_CASE("a known request is signed by lode when the origin has to be asked") {
    local_world w(bounded(10s));
    w.world.objects["/data/k"] = {.body = "old"};
    const std::string text = presigned_text("/data/k");
    ask_often(w, text);
    w.world.objects["/data/k"] = {.body = "newer", .etag = "\"v2\""};

    w.world.pass(11s);
    w.world.asked.clear();
    const std::string answer = w.world.talk(text);

    CHECK(body_of(answer) == "newer");
    REQUIRE_FALSE(w.world.asked.empty());
    CHECK(local_world::origin_verifies(w.world.asked.front()).has_value());
}

TEST_CASE("a known head is found where another request follows it, and not before it is complete") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "bytes"};
    const std::string text = presigned_text("/data/k");
    ask_often(w, text);

    CHECK(is_known(w, text + text));
    CHECK_FALSE(is_known(w, std::string_view(text).substr(0, text.size() - 1)));
    const std::string answers = w.world.talk(text + text);
    CHECK(answers.find("HTTP/1.1 200", 1) != std::string::npos);
}

TEST_CASE("heads with a body, another method or a customer's key are not kept") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "bytes"};
    client_request r{.target = "/data/k"};
    r.target = presigned_by(writer_key, r);

    r.unsigned_lines = "Content-Length: 0\r\n";
    const std::string empty_body = as_text(r, "");
    r.unsigned_lines = "Cookie: " + std::string(known_requests::length_max, 'c') + "\r\n";
    const std::string long_one = as_text(r, "");
    r = {.method = "HEAD", .target = "/data/k"};
    r.target = presigned_by(writer_key, r);
    const std::string head = as_text(r, "");
    for (const std::string* text : {&long_one, &head}) ask_often(w, *text);

    CHECK_FALSE(is_known(w, long_one));
    CHECK_FALSE(is_known(w, head));
    CHECK(status_of(w.world.talk(empty_body)) == 200);
}
