// Who finds out how an object's parts lie, and what others believe of it.
#include <algorithm>
#include <functional>
#include <vector>

#include "engine/base/hash.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/message_reader.h"
#include "frontend/peer/layout_question.h"
#include "frontend/peer/part_exchange.h"
#include "tests/catch.h"
#include "tests/frontend/sealing/keys.h"
#include "tests/frontend/small_cluster.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

// The questions about parts that the origin was asked.
std::vector<std::string> part_numbers(const small_cluster& world) {
    std::vector<std::string> all;
    for (const origin_request& r : world.asked) {
        if (r.target.contains("partNumber=")) all.push_back(r.target);
    }
    return all;
}

bool none_twice(std::vector<std::string> all) {
    std::ranges::sort(all);
    return std::ranges::adjacent_find(all) == all.end();
}

std::size_t home_of(small_cluster& world, const std::string& target) {
    const auto slash = target.find('/', 1);
    const std::string text =
        origin::object_name{.bucket = target.substr(1, slash - 1), .key = target.substr(slash + 1)}
            .text();
    const auto& view = *world.cluster(0).peers.view();
    const auto first = view.candidates_of(xxh3_128(std::as_bytes(std::span(text))), 1)[0];
    return static_cast<std::size_t>(view[first].name.front() - 'a');
}

// Puts an object in place whose home is this node.
std::string put_at_home(small_cluster& world, std::size_t home, const stored_object& object) {
    for (std::size_t n = 0;; ++n) {
        const std::string target = "/data/k" + std::to_string(n);
        if (home_of(world, target) != home) continue;
        world.objects[target] = object;
        return target;
    }
}

std::uint64_t questions(small_cluster& world) {
    std::uint64_t sum = 0;
    for (std::size_t n = 0; n < world.size(); ++n) {
        sum += world.cluster(n).served.layouts.value();
    }
    return sum;
}

}  // namespace

TEST_CASE("an object that all nodes open at the same time is laid out by one of them") {
    small_cluster world(4);
    const stored_object object = in_parts(9);
    world.objects["/data/k"] = object;
    world.thinks = 20ms;

    const auto answers = world.get_all(from_everywhere(world, 8, "/data/k"));

    for (const std::string& answer : answers) CHECK((body_of(answer) == object.body));
    CHECK(part_numbers(world).size() >= 9);
    CHECK(none_twice(part_numbers(world)));
    CHECK(questions(world) >= 3);
}

TEST_CASE("a node that opens an object later learns its layout from the home node") {
    small_cluster world(3);
    const stored_object object = in_parts(5);
    const std::string target = put_at_home(world, 2, object);
    (void)world.get(0, target, range_line(0, 0));
    const std::size_t asked = part_numbers(world).size();

    for (const std::size_t node : {1U, 2U, 0U}) {
        CHECK((body_of(world.get(node, target)) == object.body));
    }

    CHECK(asked > 0);
    CHECK(part_numbers(world).size() == asked);
    CHECK(world.cluster(2).served.layouts.value() == 2);
    CHECK(world.node(0).serving().gateway.stats().told.value() == 1);
    CHECK(world.node(1).serving().gateway.stats().told.value() == 1);
}

TEST_CASE("an object of one piece has no layout to ask for") {
    small_cluster world(3);
    const std::string target = put_at_home(world, 1, {.body = content(300'000)});

    (void)world.get(0, target);

    CHECK(questions(world) == 0);
}

TEST_CASE("while an object's home is down, its layout is asked of the origin") {
    small_cluster world(2);
    const stored_object object = in_parts(4);
    const std::string target = put_at_home(world, 1, object);
    world.run(world.end(1));
    const time_point begun = world.now();

    const std::string answer = world.get(0, target);

    CHECK((body_of(answer) == object.body));
    CHECK(part_numbers(world).size() >= 4);
    CHECK(none_twice(part_numbers(world)));
    CHECK(world.now() - begun < 3s);
}

TEST_CASE("a home that waits too long for the origin is not thought to be ill") {
    small_cluster world(2);
    const stored_object object = in_parts(4);
    const std::string target = put_at_home(world, 1, object);
    world.thinks = 700ms;

    const std::string answer = world.get(0, target, range_line(0, 0));

    CHECK(status_of(answer) == 206);
    CHECK(world.cluster(1).served.layouts.value() == 1);
    CHECK(world.seen(0, 1).counts.failed.value() == 0);
    CHECK(world.seen(0, 1).health.state() == cluster::peer_state::up);
}

TEST_CASE("a home that may not ask the origin says that it does not know") {
    small_cluster world(2, {.adjust_node = [](std::size_t n, small_node::options& o) {
                            if (n == 1) o.identity.reset();
                        }});
    const stored_object object = in_parts(4);
    const std::string target = put_at_home(world, 1, object);

    const std::string answer = world.get(0, target, range_line(0, 0));

    CHECK(status_of(answer) == 206);
    CHECK(part_numbers(world).size() >= 4);
    CHECK(world.cluster(1).served.layouts.value() == 1);
    CHECK(world.node(0).serving().gateway.stats().told.value() == 0);
}

TEST_CASE("the layout of what a customer's key protects is asked of no peer") {
    small_cluster world(3);
    stored_object object = in_parts(4);
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
    }

    CHECK(questions(world) == 0);
}

namespace {

constexpr std::size_t liar = 1;

enum class lie : std::uint8_t {
    none,
    other_pieces,  // as many, and as long together, but not those of the upload
    changed_body,  // another body than the head speaks of
    no_digest,     // a body that nothing proves
    wrong_mac,     //
    more_parts,    // than the ETag counts
    other_size,    // than the object's
    another_one,   // the answer is about another version
    no_layout,     // anything but fields
    too_long,      // more than a body may have
    cut_off,       // less than the head promises
    not_known,     // 404
    silence,       //
};

struct script {
    explicit script(lie l)
        : says(l),
          door({.cluster = "lode",
                .node = small_cluster::name_of(liar),
                .secret = small_cluster::secret(),
                .describe =
                    [] {
                        return peer::description{.who = small_cluster::member_of(liar),
                                                 .state = peer::node_state::up};
                    }},
               {}) {}

    lie says;
    peer::greeter door;
    stored_object object = in_parts(4);
    std::uint64_t asked = 0;
};

std::vector<bytes> told_lengths(const script& s) {
    std::vector<bytes> lengths;
    for (const std::size_t p : s.object.parts) lengths.emplace_back(p);
    if (s.says == lie::other_pieces) {
        lengths.front() = lengths.front() - bytes(10);
        lengths.back() = lengths.back() + bytes(10);
    }
    if (s.says == lie::other_size) lengths.back() = lengths.back() + bytes(1);
    if (s.says == lie::more_parts) {
        lengths.back() = lengths.back() - bytes(10);
        lengths.emplace_back(10);
    }
    return lengths;
}

std::string answer_of(script& s, const peer::layout_question& q, peer::server_session& session) {
    peer::part_answer word{.part = q.id};
    std::string body;
    peer::write_layout(*origin::part_layout::of_lengths(told_lengths(s)), body);
    if (s.says == lie::no_layout) body = "known=perfectly";
    if (s.says == lie::too_long) body.resize(peer::layout_text_max + 1, '1');
    if (s.says == lie::not_known) body.clear();
    if (s.says != lie::no_digest && !body.empty()) word.body = s3::sha256_of(body);
    if (s.says == lie::another_one) word.part.low ^= 1;
    std::string head;
    (void)peer::write_reply_head(head, session, body.empty() ? 404 : 200, bytes(body.size()), word);
    if (s.says == lie::wrong_mac) {
        char& digit = head[head.find(peer::mac_field) + peer::mac_field.size() + 5];
        digit = digit == '0' ? '1' : '0';
    }
    if (s.says == lie::changed_body) body.back() = body.back() == '0' ? '1' : '0';
    if (s.says == lie::cut_off) body.pop_back();
    return head + body;
}

// Whatever else it is asked for, it hangs up.
engine::task<void> play(script& s, std::unique_ptr<engine::stream> stream) {
    http::message_reader reader(*stream, peer::wire_limits);
    auto guest = co_await s.door.greet(*stream, reader);
    stream->expire_at(engine::now() + 60s);
    while (guest) {
        auto head = co_await reader.read_request();
        if (!head || !guest->session.accepts(*head)) break;
        const auto path = peer::parse_path(head->target);
        std::string text;
        if (path && path->word == peer::layout_word) {
            ++s.asked;
            const auto q = peer::parse_layout_question(path->query);
            if (!q) break;
            text = answer_of(s, *q, guest->session);
            if (s.says == lie::silence) co_await engine::sleep_for(20s);
        } else if (path && path->word == peer::state_word) {
            (void)peer::write_reply_head(text, guest->session, 200, bytes(0), {});
        } else {
            break;
        }
        if (!co_await engine::send_all(*stream, std::as_bytes(std::span(text)))) break;
        if (s.says == lie::cut_off && path->word == peer::layout_word) break;
    }
    co_await stream->close();
}

}  // namespace

TEST_CASE("of what a home says about a layout, only what is proven and fits is believed") {
    for (const lie l :
         {lie::none, lie::other_pieces, lie::changed_body, lie::no_digest, lie::wrong_mac,
          lie::more_parts, lie::other_size, lie::another_one, lie::no_layout, lie::too_long,
          lie::cut_off, lie::not_known, lie::silence}) {
        script s(l);
        small_cluster world(
            2, {.impostor =
                    [&s](std::unique_ptr<engine::stream> from) { return play(s, std::move(from)); },
                .impostor_at = liar});
        const std::string target = put_at_home(world, liar, s.object);
        INFO("lie " << static_cast<int>(l));
        const time_point begun = world.now();

        const std::string answer = world.get(0, target);

        const bool believed = l == lie::none || l == lie::other_pieces;
        CHECK(status_of(answer) == 200);
        CHECK((body_of(answer) == s.object.body));
        CHECK(s.asked == 1);
        CHECK(part_numbers(world).empty() == believed);
        CHECK(world.node(0).serving().gateway.stats().told.value() == (believed ? 1 : 0));
        CHECK(world.now() - begun < 5s);
    }
}
