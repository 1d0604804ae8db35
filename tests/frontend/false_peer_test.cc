// A node that knows the secret, exchanges hellos as it should, and then says what no node says.
#include "frontend/http/head_writer.h"
#include "frontend/http/message_reader.h"
#include "tests/catch.h"
#include "tests/frontend/small_cluster.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t body_size = 200'000;
constexpr std::size_t liar = 1;

enum class lie : std::uint8_t {
    none,
    too_much,
    too_little,
    longer,         // the head promises more than was asked for
    shorter,        // ... or less
    another_part,   // the answer is about a part that nobody asked for
    wrong_mac,      // nothing proves that the head is its own
    no_mac,         //
    old_mac,        // the proof of another number
    no_word,        // nothing about itself
    whole,          // 200 in place of 206
    chunked,        // a length that nothing proves
    no_http,        // anything but an answer
    long_head,      // more than an answer may have
    silence,        // a question is heard and not answered
    hangs_up,       // ... and the connection closed
    wrong_refusal,  // a refusal of no protocol
};

struct script {
    explicit script(lie l, peer::protocol_range spoken = peer::spoken_protocols)
        : says(l),
          door({.cluster = "lode",
                .node = small_cluster::name_of(liar),
                .secret = small_cluster::secret(),
                .describe =
                    [] {
                        return peer::description{.who = small_cluster::member_of(liar),
                                                 .state = peer::node_state::up};
                    },
                .protocols = spoken},
               {}) {}

    lie says;
    peer::greeter door;
    std::string body = content(body_size);
    std::uint64_t asked = 0;
};

std::string answer_of(script& s, const peer::part_question& q, peer::server_session& session) {
    peer::part_answer word{.word = cache_word::hit, .detail = cache_detail::memory, .part = q.id};
    if (s.says == lie::another_part) word.part.low ^= 1;
    std::string said;
    peer::write_answer(word, said);
    const std::size_t first = q.first.value();
    std::string body = s.body.substr(first, q.end.value() - first);
    std::size_t length = body.size();
    if (s.says == lie::longer) length += 7, body += "garbage";
    if (s.says == lie::shorter) length -= 7, body.resize(length);
    if (s.says == lie::too_much) body += "HTTP/1.1 206 Partial Content\r\n";
    if (s.says == lie::too_little) body.resize(body.size() / 2);
    const unsigned status = s.says == lie::whole ? 200 : s.says == lie::wrong_refusal ? 418 : 206;
    auto mac = session.sign(status, bytes(length), said);
    if (s.says == lie::wrong_mac) mac[5] = mac[5] == '0' ? '1' : '0';
    std::string head;
    http::head_writer writer(head);
    writer.response(status);
    if (s.says == lie::chunked) {
        writer.field("Transfer-Encoding", "chunked");
        body = "5\r\nwrong\r\n0\r\n\r\n";
    } else {
        writer.content_length(bytes(length));
    }
    if (s.says != lie::no_word) writer.field(peer::answer_field, said);
    if (s.says == lie::old_mac) {
        const peer::session_key key(*small_cluster::secret(), {}, {});
        mac = key.of_answer(1, status, bytes(length), said);
    }
    if (s.says != lie::no_mac)
        writer.field(peer::mac_field, std::string_view(mac.data(), mac.size()));
    if (s.says == lie::long_head) writer.field("X-Long", std::string(9000, 'a'));
    writer.end();
    return head + body;
}

engine::task<void> play(script& s, std::unique_ptr<engine::stream> stream) {
    http::message_reader reader(*stream, peer::wire_limits);
    auto guest = co_await s.door.greet(*stream, reader);
    stream->expire_at(engine::now() + 60s);
    while (guest) {
        auto head = co_await reader.read_request();
        if (!head || !guest->session.accepts(*head)) break;
        const auto path = peer::parse_path(head->target);
        std::string text;
        if (path && path->word == peer::part_word) {
            ++s.asked;
            const auto q =
                peer::parse_question(path->query, http::find_header(head->headers, "range"));
            if (!q || s.says == lie::hangs_up) break;
            text = answer_of(s, *q, guest->session);
            if (s.says == lie::no_http) text = std::string(3000, '\x7f');
            if (s.says == lie::silence) co_await engine::sleep_for(20s);
        } else {
            std::string said;
            peer::write_answer({}, said);
            http::head_writer writer(text);
            const auto mac = guest->session.sign(200, bytes(0), said);
            writer.response(200).content_length(bytes(0)).field(peer::answer_field, said);
            writer.field(peer::mac_field, std::string_view(mac.data(), mac.size()));
            writer.end();
        }
        if (!co_await engine::send_all(*stream, std::as_bytes(std::span(text)))) break;
        if (s.says == lie::too_little && path->word == peer::part_word) break;
    }
    co_await stream->close();
}

}  // namespace

TEST_CASE("whatever a false peer says, clients get the right bytes in time") {
    for (const lie l :
         {lie::none, lie::too_much, lie::too_little, lie::longer, lie::shorter, lie::another_part,
          lie::wrong_mac, lie::no_mac, lie::old_mac, lie::no_word, lie::whole, lie::chunked,
          lie::no_http, lie::long_head, lie::silence, lie::hangs_up, lie::wrong_refusal}) {
        script s(l);
        small_cluster world(
            3, {.impostor =
                    [&s](std::unique_ptr<engine::stream> from) { return play(s, std::move(from)); },
                .impostor_at = liar});
        const std::string target = world.put_at(liar, {.body = s.body});
        INFO("lie " << static_cast<int>(l));

        for (int round = 0; round < 3; ++round) {
            for (const std::size_t node : {0U, 2U}) {
                const time_point begun = world.now();

                const std::string answer = world.get(node, target);

                CHECK(status_of(answer) == 200);
                CHECK((body_of(answer) == s.body));
                CHECK(world.now() - begun < 3s);
            }
        }
        const auto& counts = world.seen(0, liar).counts;
        CHECK(s.asked > 0);
        if (l == lie::none) {
            CHECK(counts.bytes_in.value() == 3 * body_size);
            CHECK(counts.failed.value() == 0);
        } else if (l == lie::too_much) {
            CHECK(counts.bytes_in.value() >= body_size);
        } else if (l == lie::too_little) {
            CHECK(counts.broken_off.value() > 0);
        } else {
            CHECK(counts.failed.value() > 0);
            CHECK(counts.bytes_in.value() == 0);
        }
    }
}

TEST_CASE("a node that speaks other protocols only is asked for nothing") {
    script s(lie::none, {.oldest = 7, .newest = 8});
    small_cluster world(
        3, {.impostor =
                [&s](std::unique_ptr<engine::stream> from) { return play(s, std::move(from)); },
            .impostor_at = liar});
    const std::string target = world.put_at(liar, {.body = s.body});

    const std::string answer = world.get(0, target);

    CHECK((body_of(answer) == s.body));
    CHECK(s.asked == 0);
    CHECK(s.door.stats().refused.of(peer::refusal::protocol).value() > 0);
    CHECK(world.seen(0, liar).counts.probes_failed.value() > 0);
}
