#include "tests/sim/cluster_simulation.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "engine/base/hash.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "tests/frontend/small_cluster.h"
#include "tests/sim/origin_history.h"

namespace lode::frontend {
namespace {

using namespace std::chrono_literals;
using engine::now;
using engine::task;
using conduct = peer_way::conduct;

constexpr std::uint64_t steps_max = 30'000'000;
constexpr duration patience_max = 60s;
// A peer that relapsed often is believed again after 16 good probes, and a dead one looked at every 4 s.
constexpr duration recovery = 20s;

constexpr std::string_view status_line_begin = "HTTP/1.1 200";
// Nobody verifies it where everybody is trusted.
constexpr std::string_view signature_line =
    "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=00\r\n";

// A time in which something was in trouble.
struct spell {
    time_point begin;
    time_point end = never;
};

bool touch(const std::vector<spell>& all, time_point begin, time_point end) {
    return std::ranges::any_of(all,
                               [&](const spell& s) { return s.begin <= end && begin <= s.end; });
}

// Content that differs everywhere from that of another seed.
std::string bytes_of(std::size_t length, std::uint64_t seed) {
    lode::random chance(seed);
    std::string made(length, '\0');
    for (std::size_t at = 0; at < length; at += sizeof(std::uint64_t)) {
        const std::uint64_t word = chance.next();
        std::memcpy(made.data() + at, &word, std::min(sizeof word, length - at));
    }
    return made;
}

class common_life {
  public:
    common_life(const cluster_plan& plan, small_cluster& world, simulated_cluster& out)
        : plan_(plan), world_(world), out_(out), ended_(plan.nodes) {}

    task<void> run() {
        for (const cluster_plan::object& o : plan_.objects) replace(o);
        for (std::size_t n = 0; n < plan_.nodes; ++n) take_heat(n);
        const time_point begun = now();
        engine::scope troubles;
        troubles.spawn(make_trouble());
        {
            engine::scope clients;
            for (std::size_t n = 0; n < plan_.clients; ++n) clients.spawn(client());
            co_await clients.close();
        }
        over_ = true;
        heal_.notify_all();
        co_await troubles.close();
        co_await lasting_.close();
        co_await recover();
        mix(static_cast<std::uint64_t>((now() - begun).count()));
    }

    void violate(std::string what) {
        if (out_.violation.empty()) out_.violation = std::move(what);
    }

  private:
    static lode::random& chance() { return engine::scheduler::current().chance(); }
    static duration up_to(duration most) {
        return duration(static_cast<std::int64_t>(
            chance().below(static_cast<std::uint64_t>(most.count()) + 1)));
    }
    [[nodiscard]] std::size_t any_node() const { return chance().below(plan_.nodes); }

    void mix(std::uint64_t value) {
        out_.fingerprint = (out_.fingerprint ^ value) * 0x9e3779b97f4a7c15U;
    }

    // -- Objects.

    void replace(const cluster_plan::object& o) {
        const std::uint64_t number = ++out_.changes;
        stored_object made;
        std::size_t size = o.size;
        if (plan_.resized) size = std::max(o.parts, size - chance().below(size / 2 + 1));
        made.body = bytes_of(size, number);
        if (o.parts > 1) {
            // Not all alike, and none empty.
            std::size_t left = size;
            for (std::size_t n = o.parts; n > 1; --n) {
                const std::size_t share = std::max<std::size_t>(1, left / n);
                made.parts.push_back(share);
                left -= share;
            }
            made.parts.push_back(left);
            made.etag = fmt::format("\"{:032x}-{}\"", number, o.parts);
        } else {
            made.etag = fmt::format("\"{:032x}\"", number);
        }
        history_.put(world_, o.target, std::move(made), now());
    }

    // -- Clients.

    task<void> client() {
        for (std::size_t n = 0; n < plan_.operations; ++n) {
            const cluster_plan::object& o = plan_.objects[chance().below(plan_.objects.size())];
            const std::size_t node = any_node();
            if (world_.is_up(node)) co_await ask(node, o, chance().one_in(20));
            if (!chance().one_in(3)) co_await engine::sleep_for(up_to(plan_.pause));
        }
    }

    task<void> ask(std::size_t node, const cluster_plan::object& o, bool leaves) {
        wanted_range range;
        std::string lines;
        if (chance().one_in(2)) {
            const std::size_t first = chance().below(o.size);
            range = {first, first + chance().below(o.size)};
            lines = range_line(range->first, range->second);
        }
        if (plan_.signs) lines += signature_line;
        if (chance().one_in(20)) lines += "Cache-Control: no-cache\r\n";
        const time_point begin = now();
        std::string answer;
        co_await world_.node(node).talk(
            request_text("GET", o.target, lines), answer,
            leaves ? 1 + chance().below(o.size + 500) : ~std::size_t{0});
        judge(node, o, range, answer, begin, leaves);
    }

    void judge(std::size_t node, const cluster_plan::object& o, const wanted_range& range,
               const std::string& answer, time_point begin, bool left) {
        const time_point end = now();
        ++out_.answers;
        out_.longest = std::max(out_.longest, end - begin);
        mix(xxh3_64(std::as_bytes(std::span(answer))) ^
            static_cast<std::uint64_t>(end.time_since_epoch().count()));
        if (end - begin > patience_max) violate(fmt::format("{} took too long", o.target));
        // It may leave before it has read how it was answered.
        if (left && !answer.empty() && answer.size() < status_line_begin.size()) return;
        const unsigned status = status_of(answer);
        const bool good = status == 200 || status == 206 || status == 416;
        if (good && is_complete(answer)) {
            auto wrong = history_.judge(o.target, range, answer, begin, end);
            if (!wrong.empty()) violate(std::move(wrong));
            out_.bytes += body_of(answer).size();
            if (header_of(answer, "X-Cache") == "HIT") ++out_.hits;
            return;
        }
        if (good && !history_.is_beginning(o.target, range, answer, begin, end)) {
            violate(fmt::format("{} was answered with the beginning of nothing", o.target));
        }
        if (left && good) return;
        ++out_.excused;
        const bool excused = touch(origin_trouble_, begin, end) ||
                             touch(ended_[node], begin, end) ||
                             history_.changed(o.target, begin, end);
        if (!excused) {
            violate(fmt::format("{} failed on node {} with status {} and {} bytes", o.target,
                                small_cluster::name_of(node), status, answer.size()));
        }
    }

    // -- Troubles.

    task<void> make_trouble() {
        while (!over_) {
            (void)co_await heal_.wait(now() + up_to(plan_.between));
            if (over_) co_return;
            switch (chance().below(8)) {
                case 0:
                case 1:
                case 2:
                    if (plan_.ways_fail) lasting_.spawn(spoil());
                    break;
                case 3:
                    if (plan_.nodes_end) lasting_.spawn(end_and_begin());
                    break;
                case 4:
                    if (plan_.views_differ) lasting_.spawn(misjudge());
                    if (plan_.nodes_end) lasting_.spawn(drain());
                    break;
                case 5:
                    if (plan_.origin_fails || plan_.origin_is_slow)
                        lasting_.spawn(trouble_origin());
                    break;
                default:
                    if (plan_.objects_change) {
                        replace(plan_.objects[chance().below(plan_.objects.size())]);
                    }
            }
        }
    }

    // Some ways, at most until the clients have gone.
    task<void> spoil() {
        const std::size_t from = any_node();
        const std::size_t to = any_node();
        const bool for_all = chance().one_in(2);
        const bool both = chance().one_in(3);
        const std::uint64_t kind = chance().below(6);
        const std::uint64_t amount = chance().below(200'000);
        const auto change = [&](peer_way& w) {
            switch (kind) {
                case 0: w.how = conduct::refusing; break;
                case 1: w.how = conduct::mute; break;
                case 2: w.how = conduct::cut; break;
                case 3: w.reset_after = amount; break;
                case 4: w.mute_after = amount; break;
                default: w.delay = duration(static_cast<std::int64_t>(amount * 100)); break;
            }
            if (kind == 0 || amount % 3 == 0) w.reset();
        };
        const auto mend = [](peer_way& w) {
            w.how = conduct::open;
            w.reset_after.reset();
            w.mute_after.reset();
            w.delay = duration::zero();
        };
        on_ways(from, to, for_all, both, change);
        (void)co_await heal_.wait(now() + up_to(4s));
        on_ways(from, to, for_all, both, mend);
    }

    template <class Change>
    void on_ways(std::size_t from, std::size_t to, bool for_all, bool both, const Change& change) {
        for (std::size_t n = 0; n < plan_.nodes; ++n) {
            if (!for_all && n != from) continue;
            change(world_.way(n, to));
            if (both) change(world_.way(to, n));
        }
    }

    task<void> end_and_begin() {
        const std::size_t node = any_node();
        if (!world_.is_up(node)) co_return;
        ++out_.ends;
        ended_[node].push_back({.begin = now()});
        count_peers(node);
        co_await world_.end(node);
        (void)co_await heal_.wait(now() + up_to(5s));
        co_await world_.begin(node);
        take_heat(node);
        ended_[node].back().end = now();
    }

    // Parts become hot where few clients ask for them.
    void take_heat(std::size_t node) {
        if (!plan_.spreads) return;
        world_.cluster(node).hot = cluster::hot_parts({.requests_per_second = 1, .spread_max = 4});
    }

    // It asks to be asked last, and thinks better of it.
    task<void> drain() {
        const std::size_t node = any_node();
        set_draining(node, true);
        (void)co_await heal_.wait(now() + up_to(8s));
        set_draining(node, false);
    }

    void set_draining(std::size_t node, bool draining) {
        if (world_.is_up(node)) world_.cluster(node).self.draining = draining;
    }

    // A node sees fewer nodes than there are, maybe without itself.
    task<void> misjudge() {
        const std::size_t node = any_node();
        std::vector<std::size_t> members;
        for (std::size_t n = 0; n < plan_.nodes; ++n) {
            if (!chance().one_in(3)) members.push_back(n);
        }
        count_peers(node);
        world_.publish(node, members);
        (void)co_await heal_.wait(now() + up_to(3s));
        count_peers(node);
        world_.publish(node, everybody());
    }

    task<void> trouble_origin() {
        const std::uint64_t kind = chance().below(4);
        if (!plan_.origin_fails || (plan_.origin_is_slow && kind == 0)) {
            world_.thinks = up_to(1s);
            (void)co_await heal_.wait(now() + up_to(3s));
            world_.thinks = duration::zero();
            co_return;
        }
        const std::size_t mine = origin_trouble_.size();
        origin_trouble_.push_back({.begin = now()});
        if (kind == 1) {
            world_.reachable = false;
        } else {
            world_.break_body_after = chance().below(100'000);
        }
        (void)co_await heal_.wait(now() + up_to(3s));
        world_.reachable = true;
        world_.break_body_after.reset();
        // What broke meanwhile is not given up at once.
        origin_trouble_[mine].end = now() + 10ms;
    }

    [[nodiscard]] std::vector<std::size_t> everybody() const {
        std::vector<std::size_t> all(plan_.nodes);
        for (std::size_t n = 0; n < all.size(); ++n) all[n] = n;
        return all;
    }

    // -- Afterwards.

    task<void> recover() {
        for (std::size_t n = 0; n < plan_.nodes; ++n) {
            for (std::size_t to = 0; to < plan_.nodes; ++to) {
                peer_way& w = world_.way(n, to);
                w.how = conduct::open;
                w.reset_after.reset();
                w.mute_after.reset();
                w.delay = duration::zero();
            }
            world_.publish(n, everybody());
        }
        co_await engine::sleep_for(recovery);
        for (std::size_t n = 0; n < plan_.nodes; ++n) {
            for (std::size_t of = 0; of < plan_.nodes; ++of) {
                if (of == n || world_.seen(n, of).health.state() == cluster::peer_state::up) {
                    continue;
                }
                violate(fmt::format("node {} takes node {} for {}", small_cluster::name_of(n),
                                    small_cluster::name_of(of),
                                    name_of(world_.seen(n, of).health.state())));
            }
        }
        origin_trouble_.clear();
        for (const cluster_plan::object& o : plan_.objects) {
            for (std::size_t n = 0; n < plan_.nodes; ++n) {
                ended_[n].clear();
                co_await ask(n, o, false);
            }
        }
        co_await engine::sleep_for(recovery);
        for (std::size_t n = 0; n < plan_.nodes; ++n) check_gauges(n);
    }

    void check_gauges(std::size_t n) {
        count_peers(n);
        serving& here = world_.node(n).serving();
        std::uint64_t left = here.requests.in_flight.value() + here.connections.open.value() +
                             here.pool.stats().in_use.value() +
                             here.cluster->served.in_flight.value() +
                             world_.node(n).store().stats().fills_running;
        for (const auto& [name, peer] : here.cluster->peers.all()) {
            left += peer->calls.empty() ? 0 : 1;
        }
        if (left != 0) {
            violate(
                fmt::format("node {} has {} things left over", small_cluster::name_of(n), left));
        }
    }

    // Of peers that are about to be forgotten. Those who stay are counted again, which is good enough.
    void count_peers(std::size_t node) {
        if (!world_.is_up(node)) return;
        for (const auto& [name, peer] : world_.cluster(node).peers.all()) {
            const peer::peer_counters& c = peer->counts;
            out_.from_peers += c.bytes_in.value();
            out_.broken_off += c.broken_off.value();
            out_.peers_failed += c.failed.value();
            out_.peers_refused += c.refused.value();
        }
    }

    const cluster_plan& plan_;
    small_cluster& world_;
    simulated_cluster& out_;
    origin_history history_;
    std::vector<spell> origin_trouble_;
    std::vector<std::vector<spell>> ended_;  // of each node, when it was not up
    bool over_ = false;
    engine::wait_list heal_;
    engine::scope lasting_;
};

struct whole_life {
    whole_life(std::uint64_t seed, canary bird, simulated_cluster& out)
        : plan(cluster_plan_of(seed, bird)),
          world(plan.nodes, {.seed = seed,
                             .config = plan.config,
                             .memory = plan.memory,
                             .wire = plan.wire,
                             .adjust_peers =
                                 [this](std::size_t, clustering::options& o) {
                                     o.candidates = plan.candidates;
                                 }}),
          life(plan, world, out) {
        world.wire = plan.wire;
        if (plan.bird != canary::flipped) return;
        for (std::size_t n = 0; n < plan.nodes; ++n) {
            world.spoil(n, [](peer_way& w) { w.flip_after = 30'000; });
        }
    }

    cluster_plan plan;
    small_cluster world;
    common_life life;
};

}  // namespace

simulated_cluster live_together(std::uint64_t seed, canary bird) {
    simulated_cluster out;
    auto all = std::make_unique<whole_life>(seed, bird, out);
    if (!all->world.try_run(all->life.run(), steps_max)) {
        all->life.violate("it never ends");
    } else if (!all->world.try_run(all->world.end_all(), steps_max)) {
        all->life.violate("it cannot be ended");
    } else {
        auto& left = engine::scheduler::current();
        if (!left.ready().empty() || left.timers().next_due() != never) {
            all->life.violate("something waits although everything has ended");
        }
        return out;
    }
    // What did not end cannot be destroyed either.
    (void)all.release();
    return out;
}

}  // namespace lode::frontend
