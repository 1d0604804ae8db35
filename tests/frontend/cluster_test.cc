// Nodes that are well: who fetches what, and who asks whom.
#include "tests/catch.h"
#include "tests/frontend/sealing/keys.h"
#include "tests/frontend/small_cluster.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

std::uint64_t questions(small_cluster& world) {
    std::uint64_t sum = 0;
    for (std::size_t n = 0; n < world.size(); ++n) sum += world.cluster(n).served.asked.value();
    return sum;
}

}  // namespace

TEST_CASE("twelve clients of three nodes cost the origin an object once") {
    small_cluster world(3);
    const std::string body = content(2 * mebibyte + 777);
    const std::string target = world.put_at(1, {.body = body});

    const auto answers = world.get_all(from_everywhere(world, 4, target));

    for (const std::string& answer : answers) {
        CHECK(status_of(answer) == 200);
        CHECK((body_of(answer) == body));
    }
    CHECK(world.fetched() == body.size());
}

TEST_CASE("sixty-four clients of four nodes cost the origin an object in parts once") {
    small_cluster world(4);
    const stored_object object = in_parts(9);
    world.objects["/data/k"] = object;
    world.thinks = 20ms;

    const auto answers = world.get_all(from_everywhere(world, 16, "/data/k"));

    for (const std::string& answer : answers) CHECK((body_of(answer) == object.body));
    CHECK(world.fetched() == object.body.size());
}

TEST_CASE("a part is fetched by its owner, whoever asks for it") {
    small_cluster world(3);
    const std::string body = content(mebibyte + 5);
    const std::string target = world.put_at(2, {.body = body});

    const std::string first = world.get(0, target);
    const std::string second = world.get(1, target);
    const std::string third = world.get(2, target);

    CHECK(header_of(first, "X-Cache") == "MISS");
    CHECK(header_of(first, "Cache-Status") ==
          "\"c\"; fwd=miss; stored, \"a\"; fwd=miss; detail=peer");
    CHECK(header_of(second, "X-Cache") == "HIT");
    CHECK(header_of(second, "Cache-Status") ==
          "\"c\"; hit; detail=memory, \"b\"; fwd=miss; detail=peer");
    CHECK(header_of(third, "X-Cache") == "HIT");
    CHECK(header_of(third, "Cache-Status") == "\"c\"; hit; detail=memory");
    CHECK((body_of(first) == body));
    CHECK((body_of(second) == body));
    CHECK((body_of(third) == body));
    CHECK(world.fetched() == body.size());
    CHECK(world.cluster(2).served.asked.value() == 2);
    CHECK(world.cluster(2).served.filled.value() == 1);
    CHECK(world.cluster(2).served.in_flight.value() == 0);
    CHECK(world.cluster(2).served.bytes_out.value() == 2 * body.size());
    CHECK(world.seen(0, 2).counts.bytes_in.value() == body.size());
}

TEST_CASE("a range over parts of several owners comes together") {
    small_cluster world(4);
    const stored_object object = in_parts(12);
    world.objects["/data/k"] = object;

    for (const auto& [first, last] : std::vector<std::pair<std::size_t, std::size_t>>{
             {0, 0},
             {299'999, 300'000},
             {299'999, 1'200'003},
             {5, 3'000'000},
             {0, object.body.size() - 1},
             {object.body.size() - 1, object.body.size() - 1}}) {
        for (std::size_t node = 0; node < world.size(); ++node) {
            const std::string answer = world.get(node, "/data/k", range_line(first, last));
            CHECK(status_of(answer) == 206);
            CHECK((body_of(answer) == object.body.substr(first, last - first + 1)));
        }
    }
    CHECK(world.fetched() == object.body.size());
}

TEST_CASE("the parts that come next are brought in by their owners meanwhile") {
    small_cluster world(4);
    const stored_object object = in_parts(8);
    world.objects["/data/k"] = object;
    world.get(0, "/data/k", range_line(0, 0));
    world.rest();
    world.asked.clear();
    world.thinks = 1s;
    const time_point begun = world.now();

    const std::string answer = world.get(0, "/data/k");

    CHECK((body_of(answer) == object.body));
    CHECK(world.fetched() == object.body.size() - 300'000);
    // One word of the gateway and one fetch after the other, not seven.
    CHECK(world.now() - begun < 3s);
}

TEST_CASE("what a customer's key protects is asked of no peer") {
    small_cluster world(3);
    stored_object object{.body = content(mebibyte + 10)};
    object.customer_key_md5 = sealing::one_md5;
    object.metadata =
        "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"
        "x-amz-server-side-encryption-customer-key-MD5: " +
        std::string(sealing::one_md5) + "\r\n";
    world.objects["/data/k"] = object;
    const std::string lines =
        "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"
        "x-amz-server-side-encryption-customer-key: " +
        std::string(sealing::one_key) +
        "\r\nx-amz-server-side-encryption-customer-key-MD5: " + std::string(sealing::one_md5) +
        "\r\n";

    for (std::size_t n = 0; n < world.size(); ++n) {
        CHECK((body_of(world.get(n, "/data/k", lines)) == object.body));
        CHECK(header_of(world.get(n, "/data/k", lines), "X-Cache") == "HIT");
    }

    CHECK(questions(world) == 0);
}

TEST_CASE("a client that wants nothing stored makes no peer store it") {
    small_cluster world(3);
    const std::string body = content(mebibyte);
    const std::string target = world.put_at(1, {.body = body});

    for (std::size_t n = 0; n < world.size(); ++n) {
        CHECK((body_of(world.get(n, target, "Cache-Control: no-cache\r\n")) == body));
        CHECK((body_of(world.get(n, target, "Cache-Control: no-store\r\n")) == body));
    }

    CHECK(questions(world) == 0);
}

TEST_CASE("a node serves what it does not own, and asks nobody for it") {
    small_cluster world(3);
    const std::string body = content(mebibyte + 1);
    const std::string target = world.put_at(2, {.body = body});
    world.publish(0, {0, 1});
    // Between these two, it belongs to the one who is asked, or to the one who asks.
    const bool away = world.cluster(0).peers.choose(world.id_of(target)) != nullptr;

    const std::string answer = world.get(0, target);

    CHECK((body_of(answer) == body));
    CHECK(world.cluster(1).served.asked.value() == (away ? 1 : 0));
    CHECK(world.cluster(2).served.asked.value() == 0);
    CHECK(world.fetched() == body.size());
}

TEST_CASE("nodes that see different clusters serve the right bytes") {
    small_cluster world(4);
    const stored_object object = in_parts(10);
    world.objects["/data/k"] = object;
    world.publish(0, {0, 1});
    world.publish(1, {1, 2, 3});
    world.publish(2, {0, 2});

    const auto answers = world.get_all(from_everywhere(world, 3, "/data/k"));

    for (const std::string& answer : answers) {
        CHECK(status_of(answer) == 200);
        CHECK((body_of(answer) == object.body));
    }
}

TEST_CASE("a node that leaves the view is asked no more, and what it is sending arrives") {
    small_cluster world(3);
    const std::string body = content(3 * mebibyte);
    const std::string target = world.put_at(1, {.body = body});
    world.thinks = 100ms;
    struct leave {
        static engine::task<void> soon(small_cluster& w) {
            co_await engine::sleep_for(250ms);
            w.publish(0, {0, 2});
        }
    };

    const auto answers = world.get_all({{.node = 0, .target = target}}, leave::soon(world));
    const std::uint64_t asked = world.cluster(1).served.asked.value();
    const std::string again = world.get(0, target);

    CHECK((body_of(answers[0]) == body));
    CHECK((body_of(again) == body));
    CHECK(asked == 1);
    CHECK(world.cluster(1).served.asked.value() == 1);
}

TEST_CASE("a hot part is read from more and more of its candidates") {
    small_cluster world(4);
    const std::string body = content(20'000);
    const std::string target = world.put_at(1, {.body = body});
    const auto order = world.candidates_of(target);
    world.get(0, target);

    for (int round = 0; round < 30; ++round) {
        for (const std::string& answer : world.get_all(from_everywhere(world, 20, target))) {
            CHECK((body_of(answer) == body));
        }
    }

    CHECK(world.cluster(order[3]).peers.spread_of(world.id_of(target)) == 4);
    for (std::size_t n = 0; n + 1 < order.size(); ++n) {
        CHECK(world.cluster(order[n]).served.asked.value() > 10);
    }
    // Each of them has a copy of its own.
    CHECK(world.fetched() <= 4 * body.size());
}

TEST_CASE("a part that is still being fetched is not spread") {
    small_cluster world(
        4, {.adjust_peers = [](std::size_t, clustering::options& o) { o.pool.connections = 512; }});
    const std::string body = content(20'000);
    const std::string target = world.put_at(1, {.body = body});
    for (std::size_t n = 0; n < world.size(); ++n) world.get(n, target, range_line(0, 0));
    world.objects[target].body = content(20'000, 2);
    world.objects[target].etag = "\"v2\"";
    world.asked.clear();
    world.thinks = 500ms;

    auto all = from_everywhere(world, 250, target);
    for (std::size_t n = 0; n < all.size(); ++n) all[n].after = n * 400us;

    const auto answers = world.get_all(all);

    for (const std::string& answer : answers) CHECK((body_of(answer) == content(20'000, 2)));
    CHECK(world.fetched() == body.size());
}
