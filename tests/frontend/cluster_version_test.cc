// Who asks the origin which version of an object is current, and what others believe of it.
#include <algorithm>

#include "frontend/peer/fields.h"
#include "frontend/peer/version_question.h"
#include "tests/catch.h"
#include "tests/frontend/lying_home.h"
#include "tests/frontend/sealing/keys.h"
#include "tests/frontend/small_cluster.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view signed_range =
    "Range: bytes=0-9\r\nAuthorization: AWS4-HMAC-SHA256 "
    "Credential=K/20261123/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;range;x-amz-date, Signature=00\r\n";

// Where lode trusts its clients, it asks the origin in its own name for whoever signs at all.
constexpr std::string_view signature =
    "Authorization: AWS4-HMAC-SHA256 Credential=K/20261123/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=00\r\n";

std::string read(small_cluster& world, std::size_t node, const std::string& target,
                 std::string_view lines = {}) {
    return world.get(node, target, std::string(signature).append(lines));
}

settings trusting(duration max_stale = 0s) {
    settings s;
    s.auth.mode = auth_mode::trust;
    if (max_stale > 0s) s.consistency.mode = consistency_mode::bounded;
    s.consistency.max_stale = max_stale;
    return s;
}

// The questions about an object as a whole that the origin was asked.
std::size_t version_questions(const small_cluster& world) {
    return static_cast<std::size_t>(
        std::ranges::count_if(world.asked, [](const origin_request& r) { return !r.is_fetch(); }));
}

std::size_t heads(const small_cluster& world) {
    return static_cast<std::size_t>(
        std::ranges::count(world.asked, "HEAD", &origin_request::method));
}

std::uint64_t asked_of_homes(small_cluster& world) {
    std::uint64_t sum = 0;
    for (std::size_t n = 0; n < world.size(); ++n) {
        sum += world.cluster(n).served.versions.value();
    }
    return sum;
}

origin::object_name name_of(const std::string& target) {
    return {.bucket = "data", .key = target.substr(target.rfind('/') + 1)};
}

}  // namespace

TEST_CASE("where an older word is good enough, one node asks the origin for the whole cluster") {
    small_cluster world(4, {.config = trusting(1min)});
    const stored_object object{.body = content(100'000)};
    const std::string target = put_at_home(world, 2, object);

    for (const std::size_t node : {0U, 1U, 3U, 2U, 0U}) {
        CHECK((body_of(read(world, node, target)) == object.body));
    }

    CHECK(version_questions(world) == 1);
    CHECK(world.cluster(2).served.versions.value() == 3);
    CHECK(world.node(0).serving().gateway.stats().versions_told.value() == 1);
}

TEST_CASE("a word that a home gave is as old as the home's, and is asked for anew in time") {
    small_cluster world(2, {.config = trusting(10s)});
    const std::string target = put_at_home(world, 1, {.body = content(1000)});
    (void)read(world, 1, target);
    world.rest(6s);
    (void)read(world, 0, target);
    const std::size_t before = version_questions(world);
    REQUIRE(before == 1);
    const stored_object other{.body = content(2000), .etag = "\"v2\""};
    world.objects[target] = other;

    world.rest(6s);

    CHECK((body_of(read(world, 0, target)) == other.body));
}

TEST_CASE("a write that passed by a node is older than no word that it is told afterwards") {
    small_cluster world(2, {.config = trusting(1min)});
    const std::string target = put_at_home(world, 1, {.body = content(1000)});
    (void)read(world, 1, target);
    const stored_object other{.body = content(2000), .etag = "\"v2\""};
    world.objects[target] = other;
    world.rest(1s);
    world.run(world.node(0).serving().gateway.written(name_of(target)));

    CHECK((body_of(read(world, 0, target)) == other.body));
    CHECK(world.cluster(1).served.versions.value() == 1);
}

TEST_CASE("so does a write of nobody knows what") {
    small_cluster world(2, {.config = trusting(1min)});
    const std::string target = put_at_home(world, 1, {.body = content(1000)});
    (void)read(world, 1, target);
    const stored_object other{.body = content(2000), .etag = "\"v2\""};
    world.objects[target] = other;
    world.rest(1s);
    world.run(world.node(0).serving().gateway.written({.bucket = "data"}));

    CHECK((body_of(read(world, 0, target)) == other.body));
}

TEST_CASE("who wants a word confirmed is not content with the older one of those who came along") {
    small_cluster world(2, {.config = trusting(1min)});
    // Of what was written before they began, nodes know nothing.
    world.rest(1s);
    const std::string target = put_at_home(world, 1, {.body = content(1000)});
    (void)read(world, 1, target);
    const stored_object other{.body = content(2000), .etag = "\"v2\""};
    world.objects[target] = other;
    world.rest(1s);
    world.way(0, 1).delay = 5ms;
    const std::string confirmed = std::string(signature) + "Cache-Control: no-cache\r\n";

    const auto answers =
        world.get_all({{.node = 0, .target = target, .lines = std::string(signature)},
                       {.node = 0, .target = target, .lines = std::string(signature)},
                       {.node = 0, .target = target, .lines = confirmed}});

    CHECK(world.node(0).serving().gateway.stats().versions_told.value() > 0);
    CHECK((body_of(answers[0]) == content(1000)));
    CHECK((body_of(answers[2]) == other.body));
}

TEST_CASE("where no older word is good enough, a home asks the origin each time") {
    small_cluster world(3, {.config = trusting()});
    const std::string target = put_at_home(world, 2, {.body = content(1000)});
    (void)read(world, 2, target);
    (void)read(world, 1, target);
    const stored_object other{.body = content(2000), .etag = "\"v2\""};
    world.objects[target] = other;

    CHECK((body_of(read(world, 0, target)) == other.body));
    CHECK((body_of(read(world, 1, target)) == other.body));
}

TEST_CASE("an object that all nodes open at the same time is asked about by its home") {
    small_cluster world(4, {.config = trusting()});
    const stored_object object{.body = content(100'000)};
    world.objects["/data/k"] = object;
    world.thinks = 20ms;

    auto questions = from_everywhere(world, 8, "/data/k");
    for (auto& q : questions) q.lines = signature;

    const auto answers = world.get_all(questions);

    for (const std::string& answer : answers) CHECK((body_of(answer) == object.body));
    CHECK(version_questions(world) <= 6);
}

TEST_CASE("a signed Range of an object that a node does not know is asked about at its home") {
    small_cluster world(4);
    const stored_object object{.body = content(100'000)};
    const std::string target = put_at_home(world, 3, object);

    for (std::size_t n = 0; n < world.size(); ++n) {
        CHECK((body_of(world.get(n, target, signed_range)) == object.body.substr(0, 10)));
    }

    CHECK(heads(world) == 1);
    CHECK(world.cluster(3).served.versions.value() == 3);
}

TEST_CASE("a guess that is out of date costs a question, and no wrong byte") {
    small_cluster world(2);
    const std::string target = put_at_home(world, 1, {.body = content(1000)});
    (void)read(world, 1, target);
    const stored_object other{.body = content(2000), .etag = "\"v2\""};
    world.objects[target] = other;

    CHECK((body_of(world.get(0, target, signed_range)) == other.body.substr(0, 10)));
}

TEST_CASE("the stored checksums of an object are asked of the origin once for all nodes") {
    small_cluster world(3);
    const stored_object object{.body = content(1000),
                               .checksum = "x-amz-checksum-crc32: AAAAAA==\r\n"};
    const std::string target = put_at_home(world, 0, object);

    for (const std::size_t n : {1U, 2U, 0U}) {
        const std::string answer = world.get(n, target, "x-amz-checksum-mode: ENABLED\r\n");
        CHECK(header_of(answer, "x-amz-checksum-crc32") == "AAAAAA==");
        CHECK((body_of(answer) == object.body));
    }

    CHECK(heads(world) == 1);
}

TEST_CASE("while an object's home is down, the origin is asked") {
    small_cluster world(2, {.config = trusting(1min)});
    const stored_object object{.body = content(1000)};
    const std::string target = put_at_home(world, 1, object);
    world.run(world.end(1));
    const time_point begun = world.now();

    CHECK((body_of(read(world, 0, target)) == object.body));
    CHECK(world.now() - begun < 3s);
}

TEST_CASE("who wants to have it confirmed is not answered by a home's older word") {
    small_cluster world(2, {.config = trusting(1min)});
    const std::string target = put_at_home(world, 1, {.body = content(1000)});
    (void)read(world, 1, target);
    const stored_object other{.body = content(2000), .etag = "\"v2\""};
    world.objects[target] = other;

    CHECK((body_of(read(world, 0, target, "Cache-Control: no-cache\r\n")) == other.body));
}

TEST_CASE("nobody is asked about what a customer's key protects") {
    small_cluster world(3, {.config = trusting(1min)});
    const std::string lines =
        "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"
        "x-amz-server-side-encryption-customer-key: " +
        std::string(sealing::one_key) +
        "\r\nx-amz-server-side-encryption-customer-key-MD5: " + std::string(sealing::one_md5) +
        "\r\n";
    stored_object object{.body = content(1000)};
    object.customer_key_md5 = sealing::one_md5;
    object.metadata =
        "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"
        "x-amz-server-side-encryption-customer-key-MD5: " +
        std::string(sealing::one_md5) + "\r\n";
    world.objects["/data/k"] = object;

    for (std::size_t n = 0; n < world.size(); ++n) {
        CHECK((body_of(read(world, n, "/data/k", lines)) == object.body));
    }

    CHECK(asked_of_homes(world) == 0);
}

namespace {

enum class version_lie : std::uint8_t {
    none,
    too_old,     // an older word than was asked for
    no_version,  // a head that describes none
    no_head,     // something else
    too_long,    // more than a body may have
};

std::string told_version(const stored_object& object, const peer::version_question& q,
                         version_lie says) {
    if (says == version_lie::too_long) return std::string(peer::version_text_max + 1, '1');
    const auto asked = static_cast<std::uint64_t>(q.wish.age / 1ms);
    std::string head = "Content-Length: " + std::to_string(object.body.size()) + "\r\n" +
                       "Last-Modified: " + object.modified + "\r\n";
    if (says != version_lie::no_version) head += "ETag: " + object.etag + "\r\n";
    if (says == version_lie::no_head) head = "ETag\n: nonsense";
    std::string body;
    peer::field_writer(body)
        .add("age", says == version_lie::too_old ? asked + 1 : 0)
        .add("sums", "0")
        .add("head", head);
    return body;
}

void check_version_is_believed(bool believed, version_lie lie, spoiling how, duration thinks = 0s) {
    lying_home home(peer::version_word);
    const stored_object object{.body = content(5000)};
    home.answer = [&](std::string_view query, peer::server_session& session) {
        const auto q = peer::parse_version_question(query);
        return q ? spoiled_answer(how, q->id, told_version(object, *q, lie), session)
                 : std::string();
    };
    home.thinks = thinks;
    home.cuts_off = how == spoiling::cut_off;
    small_cluster world(2, home.beside_it(trusting(1min)));
    const std::string target = put_at_home(world, lying_home::place, object);
    const time_point begun = world.now();

    const std::string answer = read(world, 0, target);

    CHECK(status_of(answer) == 200);
    CHECK((body_of(answer) == object.body));
    CHECK(home.asked == 1);
    CHECK((version_questions(world) == 0) == believed);
    CHECK(world.node(0).serving().gateway.stats().versions_told.value() == (believed ? 1 : 0));
    CHECK(world.now() - begun < 5s);
}

}  // namespace

TEST_CASE("of what a home says about a version, only what describes one is believed") {
    for (const version_lie lie : {version_lie::none, version_lie::too_old, version_lie::no_version,
                                  version_lie::no_head, version_lie::too_long}) {
        INFO("lie " << static_cast<int>(lie));
        check_version_is_believed(lie == version_lie::none, lie, spoiling::none);
    }
}

TEST_CASE("of what a home says about a version, only what is proven is believed") {
    for (const spoiling how : {spoiling::changed_body, spoiling::no_digest, spoiling::wrong_mac,
                               spoiling::another_one, spoiling::cut_off, spoiling::not_known}) {
        INFO("spoiling " << static_cast<int>(how));
        check_version_is_believed(false, version_lie::none, how);
    }
}

TEST_CASE("a home that is silent about a version is not waited for") {
    check_version_is_believed(false, version_lie::none, spoiling::none, 20s);
}
