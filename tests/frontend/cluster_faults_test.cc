// Nodes that are down, break off, fall silent or are strangers, and an origin that is in trouble.
#include <array>

#include "frontend/peer/part_reading.h"
#include "tests/catch.h"
#include "tests/frontend/small_cluster.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;
using conduct = peer_way::conduct;

namespace {

// An object whose owner, next candidate and last one are known; the last one is asked by clients.
struct placed {
    explicit placed(small_cluster& world, std::size_t size = 2 * mebibyte + 99)
        : body(content(size)), target(world.put_at(1, {.body = body})) {
        const auto order = world.candidates_of(target);
        owner = order[0];
        next = order[1];
        asker = order[2];
    }

    std::string body;
    std::string target;
    std::size_t owner;
    std::size_t next;
    std::size_t asker;
};

engine::task<void> spoil_later(small_cluster& world, duration when, std::size_t node, conduct how) {
    co_await engine::sleep_for(when);
    world.spoil(node, [how](peer_way& w) { w.how = how; });
}

engine::task<void> end_later(small_cluster& world, duration when, std::size_t node) {
    co_await engine::sleep_for(when);
    co_await world.end(node);
}

engine::task<void> replace_later(small_cluster& world, duration when, std::string target,
                                 stored_object by) {
    co_await engine::sleep_for(when);
    world.objects[target] = std::move(by);
}

engine::task<void> abort_later(peer::peers& all, duration when) {
    co_await engine::sleep_for(when);
    all.abort();
}

// Of a node that ceases to be a member before its answer ends; then the asker stops.
engine::task<void> read_of_one_who_left(small_cluster& world, std::string key, duration& took,
                                        bool& answered, errc& end) {
    serving& here = world.node(0).serving();
    const origin::object_name name{.scope = {}, .bucket = "data", .key = std::move(key)};
    const auto version = co_await here.gateway.describe(name);
    world.thinks = 30s;
    peer::part_question question = peer::question_about(name, *version, 0);
    question.end = part_offset(1000);
    peer::peers& all = here.cluster->peers;
    peer::part_reading reading(all, question, all.all().at(small_cluster::name_of(1)));
    answered = (co_await reading.open()).has_value();
    world.publish(0, {0});
    engine::scope meanwhile;
    meanwhile.spawn(abort_later(all, 100ms));
    const time_point begun = engine::now();
    std::array<std::byte, 1000> into{};
    const auto got = co_await reading.read(into);
    took = engine::now() - begun;
    end = got ? errc::io : got.error().code;
    co_await meanwhile.close();
}

peer::refusal_counters const& refusals_at(small_cluster& world, std::size_t node) {
    return world.cluster(node).greeter.stats().refused;
}

}  // namespace

TEST_CASE("when the owner is down, the next candidate has the part for everybody") {
    small_cluster world(4);
    const placed at(world);
    world.run(world.end(at.owner));
    world.rest();
    world.asked.clear();
    std::vector<small_cluster::asking> all;
    for (std::size_t n = 0; n < 12; ++n) {
        const std::size_t node = n % world.size();
        if (node != at.owner) all.push_back({.node = node, .target = at.target});
    }

    const auto answers = world.get_all(all);

    for (const std::string& answer : answers) CHECK((body_of(answer) == at.body));
    CHECK(world.fetched() == at.body.size());
    CHECK(world.cluster(at.next).served.asked.value() >= 6);
}

TEST_CASE("an owner that has just died costs a moment and no answer") {
    for (const conduct how : {conduct::refusing, conduct::mute, conduct::cut}) {
        small_cluster world(3);
        const placed at(world);
        world.spoil(at.owner, [how](peer_way& w) {
            w.how = how;
            if (how == conduct::refusing) w.reset();
        });
        const time_point begun = world.now();

        const std::string answer = world.get(at.asker, at.target);

        CHECK(status_of(answer) == 200);
        CHECK((body_of(answer) == at.body));
        CHECK(world.now() - begun < 2s);
        CHECK(world.seen(at.asker, at.owner).counts.failed.value() == 1);
        CHECK(world.seen(at.asker, at.next).counts.bytes_in.value() == at.body.size());
        CHECK(world.fetched() == at.body.size());
    }
}

TEST_CASE("when no peer is left, a node fetches the part itself, and once") {
    for (const conduct how : {conduct::refusing, conduct::cut}) {
        small_cluster world(2);
        const std::string body = content(2 * mebibyte + 5);
        const std::string target = world.put_at(1, {.body = body});
        world.spoil(1, [how](peer_way& w) {
            w.how = how;
            if (how == conduct::refusing) w.reset();
        });

        const auto answers =
            world.get_all(std::vector<small_cluster::asking>(8, {.node = 0, .target = target}));
        const std::string again = world.get(0, target);

        for (const std::string& answer : answers) {
            CHECK((body_of(answer) == body));
            CHECK(!header_of(answer, "Cache-Status").contains("\"b\""));
        }
        CHECK(header_of(again, "X-Cache") == "HIT");
        CHECK((body_of(again) == body));
        CHECK(world.fetched() == body.size());
    }
}

TEST_CASE("an answer that breaks off goes on at the byte that was reached") {
    small_cluster world(3);
    const placed at(world);
    world.way(at.asker, at.owner).reset();
    world.way(at.asker, at.owner).reset_after = 700'000;

    const std::string answer = world.get(at.asker, at.target);

    const auto& first = world.seen(at.asker, at.owner).counts;
    const auto& second = world.seen(at.asker, at.next).counts;
    CHECK(status_of(answer) == 200);
    CHECK((body_of(answer) == at.body));
    CHECK(first.broken_off.value() == 1);
    CHECK(first.bytes_in.value() > 600'000);
    CHECK(first.bytes_in.value() + second.bytes_in.value() == at.body.size());
}

TEST_CASE("what two candidates break off is read here, from the byte that was reached") {
    small_cluster world(3);
    const placed at(world);
    for (const std::size_t peer : {at.owner, at.next}) {
        world.way(at.asker, peer).reset();
        world.way(at.asker, peer).reset_after = 500'000;
    }

    const std::string answer = world.get(at.asker, at.target);
    const auto again = world.get_all({{.node = at.asker, .target = at.target}});

    CHECK((body_of(answer) == at.body));
    CHECK((body_of(again[0]) == at.body));
}

TEST_CASE("a node that falls silent in the middle of an answer is left within a second or so") {
    small_cluster world(3);
    const placed at(world, 8 * mebibyte);
    world.get(at.owner, at.target);
    world.get(at.next, at.target);
    world.way(at.asker, at.owner).delay = 1ms;
    const time_point begun = world.now();

    const auto answers = world.get_all({{.node = at.asker, .target = at.target}},
                                       spoil_later(world, 100ms, at.owner, conduct::mute));

    CHECK((body_of(answers[0]) == at.body));
    CHECK(world.now() - begun < 3s);
    CHECK(world.seen(at.asker, at.owner).counts.bytes_in.value() > 0);
    CHECK(world.seen(at.asker, at.owner).counts.broken_off.value() == 1);
    CHECK(world.seen(at.asker, at.next).counts.bytes_in.value() > 0);
}

TEST_CASE("a node that falls silent while it fetches is not waited for like an origin") {
    small_cluster world(3);
    const placed at(world);
    world.thinks = 20s;
    const time_point begun = world.now();

    // The gateway's word is there after 20 s, and the owner's announcement at once.
    const auto answers = world.get_all({{.node = at.asker, .target = at.target}},
                                       spoil_later(world, 22s, at.owner, conduct::cut));

    CHECK((body_of(answers[0]) == at.body));
    CHECK(world.seen(at.asker, at.owner).counts.broken_off.value() == 1);
    // Another 20 s are the next candidate's fetch.
    CHECK(world.now() - begun < 45s);
}

TEST_CASE("a node that leaves the cluster while it fetches, and falls silent, is not waited for") {
    small_cluster world(3);
    const placed at(world);
    world.fetch_thinks = 20s;
    struct leave {
        static engine::task<void> later(small_cluster& w, std::size_t asker, std::size_t owner,
                                        std::size_t next) {
            co_await engine::sleep_for(1s);
            w.publish(asker, {asker, next});
            co_await engine::sleep_for(1s);
            w.spoil(owner, [](peer_way& way) { way.how = conduct::cut; });
        }
    };
    const time_point begun = world.now();

    const auto answers = world.get_all({{.node = at.asker, .target = at.target}},
                                       leave::later(world, at.asker, at.owner, at.next));

    CHECK((body_of(answers[0]) == at.body));
    CHECK(world.now() - begun < 25s);
}

TEST_CASE("a node that leaves the cluster ends what it has begun") {
    small_cluster world(3);
    const placed at(world);
    world.fetch_thinks = 20s;
    struct leave {
        static engine::task<void> later(small_cluster& w, std::size_t asker, std::size_t next) {
            co_await engine::sleep_for(1s);
            w.publish(asker, {asker, next});
        }
    };
    auto& owner = world.seen(at.asker, at.owner);
    const auto keep = world.cluster(at.asker).peers.all().at(small_cluster::name_of(at.owner));

    const auto answers = world.get_all({{.node = at.asker, .target = at.target}},
                                       leave::later(world, at.asker, at.next));

    CHECK((body_of(answers[0]) == at.body));
    CHECK(owner.counts.bytes_in.value() == at.body.size());
    CHECK(world.fetched() == at.body.size());
}

TEST_CASE("a node is acquainted with a peer that has answered, or let its first chance pass") {
    for (const conduct how : {conduct::open, conduct::refusing, conduct::mute, conduct::cut}) {
        small_cluster world(2);
        world.run(world.end(0));
        world.way(0, 1).how = how;

        world.run(world.begin(0));
        const bool at_once = world.cluster(0).peers.are_acquainted();
        world.rest(800ms);

        CHECK_FALSE(at_once);
        CHECK(world.cluster(0).peers.are_acquainted());
        const bool is_up = world.seen(0, 1).health.state() == cluster::peer_state::up;
        CHECK(is_up == (how == conduct::open));
    }
}

TEST_CASE(
    "a node that dies in the middle of an answer is noticed, and its part read on elsewhere") {
    small_cluster world(3);
    const placed at(world, 8 * mebibyte);
    world.way(at.asker, at.owner).delay = 1ms;

    const auto answers =
        world.get_all({{.node = at.asker, .target = at.target}}, end_later(world, 100ms, at.owner));
    world.rest();

    CHECK((body_of(answers[0]) == at.body));
    CHECK(world.seen(at.asker, at.owner).counts.broken_off.value() == 1);
    CHECK(world.seen(at.asker, at.owner).health.state() != cluster::peer_state::up);
}

TEST_CASE("an old connection that the peer has left costs no answer and no reputation") {
    small_cluster world(3);
    const placed at(world, 100'000);
    world.get(at.asker, at.target);
    world.way(at.asker, at.owner).reset();

    const std::string answer = world.get(at.asker, at.target);

    CHECK(header_of(answer, "X-Cache") == "HIT");
    CHECK((body_of(answer) == at.body));
    CHECK(world.seen(at.asker, at.owner).counts.failed.value() == 0);
}

TEST_CASE("a node that begins again with nothing is asked again") {
    small_cluster world(3);
    const placed at(world);
    world.get(at.asker, at.target);
    world.run(world.end(at.owner));
    CHECK((body_of(world.get(at.asker, at.target)) == at.body));
    world.run(world.begin(at.owner));
    world.rest(15s);

    const std::string answer = world.get(at.asker, at.target);

    CHECK((body_of(answer) == at.body));
    CHECK(header_of(answer, "X-Cache") == "MISS");
    CHECK(world.cluster(at.owner).served.asked.value() == 1);
}

TEST_CASE("a slow origin makes no peer look dead") {
    small_cluster world(3);
    const placed at(world);
    world.get(at.asker, at.target, range_line(0, 0));
    world.rest();
    world.objects[at.target].etag = "\"v2\"";
    world.thinks = 8s;

    const std::string answer = world.get(at.asker, at.target);

    CHECK((body_of(answer) == at.body));
    const auto& owner = world.seen(at.asker, world.candidates_of(at.target).front());
    CHECK(owner.counts.failed.value() == 0);
    CHECK(owner.health.state() == cluster::peer_state::up);
    CHECK(world.fetched() == 2 * at.body.size());
}

TEST_CASE("what is brought in ahead is brought in once, however late its owner answers") {
    small_cluster world(3);
    const placed at(world);
    const std::string known = world.put_at(at.owner, {.body = content(1000)});
    for (int n = 0; n < 120; ++n) world.get(at.asker, known);
    const std::uint64_t before = world.cluster(at.next).served.asked.value();
    // Beyond the patience that it has taught its readers, and beyond the head start before rivals.
    world.way(at.asker, at.owner).delay = 80ms;

    std::string answer;
    world.run(
        world.node(at.asker).talk(request_text("HEAD", at.target, "Range: bytes=0-0\r\n"), answer));
    world.rest();

    CHECK(status_of(answer) / 100 == 2);
    CHECK(world.fetched() == at.body.size() + 1000);
    CHECK(world.cluster(at.owner).served.filled.value() == 2);
    CHECK(world.cluster(at.next).served.asked.value() == before);
}

TEST_CASE("an owner that is cut off from the origin is passed over soon, and for nothing else") {
    for (const conduct how : {conduct::cut, conduct::refusing}) {
        settings s;
        s.origin.answer_timeout = 15s;
        small_cluster world(3, {.config = s});
        const placed at(world);
        const std::string held = world.put_at(at.owner, {.body = content(100'000, 7)});
        world.get(at.asker, held);
        // Over the connection that carries this, nothing more will come.
        world.get(at.owner, "/data/nothing");
        world.asked.clear();
        world.to_origin(at.owner).how = how;
        if (how == conduct::refusing) world.to_origin(at.owner).reset();
        const time_point begun = world.now();

        const std::string first = world.get(at.asker, at.target);
        const duration took = world.now() - begun;
        // A fetch that is refused ends before it is known that nobody will accept.
        world.rest(1s);
        const std::string next = world.put_at(at.owner, {.body = content(100'000, 3)});
        const time_point again = world.now();
        const std::string second = world.get(at.asker, next);
        const duration took_again = world.now() - again;
        const std::string known = world.get(at.asker, held);

        CHECK((body_of(first) == at.body));
        CHECK(took < 2s);
        CHECK(world.node(at.owner).serving().way.cut_off());
        CHECK((body_of(second) == content(100'000, 3)));
        CHECK(took_again < 50ms);
        CHECK(header_of(known, "X-Cache") == "HIT");
        CHECK(header_of(known, "Cache-Status").contains(small_cluster::name_of(at.owner)));
        CHECK(world.fetched() == at.body.size() + 100'000);
        CHECK(world.seen(at.asker, at.owner).health.state() == cluster::peer_state::up);
        CHECK(world.seen(at.asker, at.owner).counts.failed.value() == 0);

        world.to_origin(at.owner).how = conduct::open;
        world.to_origin(at.owner).reset();
        world.rest(3s);
        const std::string third = world.put_at(at.owner, {.body = content(100'000, 4)});
        const std::uint64_t filled = world.cluster(at.owner).served.filled.value();
        CHECK((body_of(world.get(at.asker, third)) == content(100'000, 4)));
        CHECK(world.cluster(at.owner).served.filled.value() == filled + 1);
    }
}

TEST_CASE("an owner that loses the origin in the middle of a fetch breaks off") {
    settings s;
    s.origin.answer_timeout = 15s;
    s.origin.fetch_size = bytes(mebibyte);
    s.origin.fetch_parallel = 1;
    small_cluster world(3, {.config = s});
    const placed at(world, 6 * mebibyte);
    world.fetch_thinks = 200ms;
    struct lose {
        static engine::task<void> later(small_cluster& w, std::size_t node) {
            co_await engine::sleep_for(500ms);
            w.to_origin(node).how = conduct::cut;
        }
    };
    const time_point begun = world.now();

    const auto answers =
        world.get_all({{.node = at.asker, .target = at.target}}, lose::later(world, at.owner));

    CHECK((body_of(answers[0]) == at.body));
    CHECK(world.now() - begun < 6s);
    CHECK(world.seen(at.asker, at.owner).counts.bytes_in.value() >= mebibyte);
    CHECK(world.seen(at.asker, at.owner).counts.broken_off.value() == 1);
    CHECK(world.seen(at.asker, at.owner).health.state() == cluster::peer_state::up);
}

TEST_CASE("what an origin is slow to give is fetched once, however long its readers wait") {
    small_cluster world(3);
    const placed at(world);
    world.fetch_thinks = 20s;

    const auto answers = world.get_all(from_everywhere(world, 3, at.target));

    for (const std::string& answer : answers) CHECK((body_of(answer) == at.body));
    CHECK(world.fetched() == at.body.size());
    CHECK(!world.node(at.owner).serving().way.cut_off());
    // It was called, and found well.
    CHECK(world.to_origin(at.owner).dials > 5);
}

TEST_CASE("an origin that breaks off makes no peer suspect") {
    small_cluster world(3);
    const placed at(world);
    world.break_body_after = 10'000;
    const time_point begun = world.now();
    struct heal {
        static engine::task<void> later(small_cluster& w) {
            co_await engine::sleep_for(40s);
            w.break_body_after.reset();
        }
    };

    const auto answers = world.get_all(
        std::vector<small_cluster::asking>(6, {.node = at.asker, .target = at.target}),
        heal::later(world));

    for (const std::string& answer : answers) {
        CHECK(body_of(answer) == at.body.substr(0, body_of(answer).size()));
    }
    for (const std::size_t peer : {at.owner, at.next}) {
        CHECK(world.seen(at.asker, peer).counts.asked.value() > 0);
        CHECK(world.seen(at.asker, peer).health.state() == cluster::peer_state::up);
        CHECK(world.seen(at.asker, peer).health.since() < begun);
    }
    CHECK((body_of(world.get(at.asker, at.target)) == at.body));
}

TEST_CASE("a version that is replaced before its owner fetched it is not served") {
    small_cluster world(3);
    const placed at(world);
    const std::string newer = content(3 * mebibyte, 2);
    world.thinks = 100ms;

    // Between the gateway's word and the fetch.
    const auto answers =
        world.get_all({{.node = at.asker, .target = at.target}},
                      replace_later(world, 150ms, at.target, {.body = newer, .etag = "\"v2\""}));

    CHECK(status_of(answers[0]) == 200);
    CHECK(header_of(answers[0], "ETag") == "\"v2\"");
    CHECK((body_of(answers[0]) == newer));
    CHECK(world.seen(at.asker, at.owner).health.state() == cluster::peer_state::up);
}

TEST_CASE("a version that is replaced while it is being sent ends the answer") {
    settings s;
    s.origin.fetch_size = bytes(mebibyte);
    s.origin.fetch_parallel = 1;
    small_cluster world(3, {.config = s});
    const placed at(world, 6 * mebibyte);
    world.thinks = 100ms;

    const auto answers =
        world.get_all({{.node = at.asker, .target = at.target}},
                      replace_later(world, 350ms, at.target,
                                    {.body = content(6 * mebibyte, 2), .etag = "\"v2\""}));

    const std::string got = body_of(answers[0]);
    CHECK(got.size() < at.body.size());
    CHECK((got == at.body.substr(0, got.size())));
    CHECK(header_of(answers[0], "ETag") == "\"v1\"");
    CHECK((body_of(world.get(at.asker, at.target)) == content(6 * mebibyte, 2)));
}

TEST_CASE("a chunk that its owner loses in the middle of an answer is fetched again") {
    small_cluster world(3, {.memory = bytes(4 * mebibyte)});
    const placed at(world, 3 * mebibyte);
    world.get(at.owner, at.target);
    world.way(at.asker, at.owner).delay = 5ms;
    struct lose {
        static engine::task<void> later(small_cluster& w, std::size_t node) {
            co_await engine::sleep_for(60ms);
            co_await w.node(node).store().drop_memory();
        }
    };

    const auto answers =
        world.get_all({{.node = at.asker, .target = at.target}}, lose::later(world, at.owner));

    CHECK((body_of(answers[0]) == at.body));
    CHECK(world.seen(at.asker, at.owner).counts.broken_off.value() == 0);
    CHECK(world.seen(at.asker, at.owner).counts.bytes_in.value() == at.body.size());
    CHECK(world.fetched() > at.body.size());
}

TEST_CASE("the end does not wait for a node that has left, and still owes an answer") {
    small_cluster world(2);
    const std::string target = world.put_at(1, {.body = content(mebibyte)});
    duration took{};
    bool answered = false;
    errc end{};

    world.run(read_of_one_who_left(world, target.substr(std::string_view("/data/").size()), took,
                                   answered, end));

    CHECK(answered);
    CHECK(end == errc::cancelled);
    CHECK(took < 1s);
}

TEST_CASE("a node with another secret is a stranger, and nobody needs it") {
    small_cluster world(3, {.adjust_peers = [](std::size_t n, clustering::options& o) {
                            if (n == 1)
                                o.secret =
                                    std::make_shared<const peer::secret>("what another one knows");
                        }});
    const placed at(world);

    const std::string answer = world.get(at.asker, at.target);
    const std::string strangers = world.get(at.owner, at.target);

    CHECK((body_of(answer) == at.body));
    CHECK((body_of(strangers) == at.body));
    CHECK(world.cluster(1).served.asked.value() == 0);
    CHECK(refusals_at(world, 1).of(peer::refusal::proof).value() > 0);
    CHECK(refusals_at(world, at.asker).of(peer::refusal::proof).value() > 0);
    CHECK(world.seen(at.asker, at.owner).counts.probes_failed.value() > 0);
    CHECK(world.seen(at.asker, at.owner).counts.asked.value() == 0);
}

TEST_CASE("a node of another cluster is a stranger, and nobody needs it") {
    small_cluster world(3, {.adjust_peers = [](std::size_t n, clustering::options& o) {
                            if (n == 1) o.cluster = "another";
                        }});
    const placed at(world);

    const std::string answer = world.get(at.asker, at.target);

    CHECK((body_of(answer) == at.body));
    CHECK(world.cluster(1).served.asked.value() == 0);
    CHECK(refusals_at(world, 1).of(peer::refusal::cluster).value() > 0);
}

TEST_CASE("what the only peer refuses is fetched here, and once") {
    small_cluster world(2, {.adjust_node = [](std::size_t n, small_node::options& o) {
                            if (n == 1) o.config.origin.gateway = "http://elsewhere:80";
                        }});
    const std::string body = content(2 * mebibyte);
    const std::string target = world.put_at(1, {.body = body});

    const auto answers =
        world.get_all(std::vector<small_cluster::asking>(8, {.node = 0, .target = target}));

    for (const std::string& answer : answers) CHECK((body_of(answer) == body));
    CHECK(world.seen(0, 1).counts.refused.value() == 8);
    for (const origin_request& r : world.asked) CHECK(!r.header("range").empty());
    CHECK(world.fetched() == body.size());
    CHECK(header_of(world.get(0, target), "X-Cache") == "HIT");
}

TEST_CASE("a node before another origin has other parts under its names, and gives out none") {
    small_cluster world(3, {.adjust_node = [](std::size_t n, small_node::options& o) {
                            if (n == 1) o.config.origin.gateway = "http://elsewhere:80";
                        }});
    const placed at(world);

    const std::string answer = world.get(at.asker, at.target);

    CHECK((body_of(answer) == at.body));
    CHECK(world.seen(at.asker, at.owner).counts.refused.value() == 1);
    CHECK(world.seen(at.asker, at.owner).counts.bytes_in.value() == 0);
    CHECK(world.cluster(1).served.refused.value() == 1);
    CHECK(world.seen(at.asker, at.next).counts.bytes_in.value() == at.body.size());
    CHECK(world.seen(at.asker, at.owner).health.state() == cluster::peer_state::up);
}
