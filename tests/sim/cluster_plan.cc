#include "tests/sim/cluster_plan.h"

#include "engine/base/random.h"

namespace lode::frontend {
namespace {

using namespace lode::literals;
using namespace std::chrono_literals;

cluster_plan::object object_of(lode::random& chance, std::size_t n) {
    cluster_plan::object o{.target = "/data/k" + std::to_string(n)};
    if (chance.one_in(2)) {
        o.parts = 2 + chance.below(5);
        o.size = o.parts * (1 + chance.below(80'000));
    } else if (chance.one_in(12)) {
        o.size = (1U << 20U) + chance.below(1U << 20U);
    } else {
        o.size = 1 + chance.below(chance.one_in(2) ? 1000 : 200'000);
    }
    return o;
}

}  // namespace

cluster_plan cluster_plan_of(std::uint64_t seed, canary bird) {
    lode::random chance(seed);
    cluster_plan p;
    p.bird = bird;
    p.nodes = 3 + chance.below(3);
    p.clients = 1 + chance.below(6);
    p.operations = 4 + chance.below(20);
    p.pause = std::chrono::milliseconds(1 + chance.below(chance.one_in(3) ? 2000 : 300));
    p.memory = 2_MiB + bytes(chance.below((4_MiB).count()));
    p.candidates = static_cast<unsigned>(1 + chance.below(4));
    p.wire.latency = std::chrono::microseconds(10 + chance.below(1000));
    p.wire.buffer = 4096 + chance.below(100'000);
    if (chance.one_in(2)) p.wire.fragments = engine::simulated_stream::options::fragments::whole;
    p.resized = chance.one_in(2);
    const std::size_t objects = 1 + chance.below(8);
    for (std::size_t n = 0; n < objects; ++n) p.objects.push_back(object_of(chance, n));

    p.config.origin.answer_timeout = 10s;
    p.config.origin.fetch_size = 1_MiB;
    p.config.cache.read_ahead = bytes(chance.below(1U << 20U));
    p.signs = bird == canary::stale || chance.one_in(2);
    if (p.signs) p.config.auth.mode = auth_mode::trust;
    if (bird == canary::stale) {
        p.config.consistency.mode = consistency_mode::bounded;
        p.config.consistency.max_stale = 10s;
    }

    const bool calm = chance.one_in(8);
    p.ways_fail = !calm && !chance.one_in(4);
    p.nodes_end = !calm && chance.one_in(2);
    p.views_differ = !calm && chance.one_in(2);
    p.origin_fails = !calm && chance.one_in(3);
    p.origin_is_slow = !calm && chance.one_in(3);
    p.objects_change = bird == canary::stale || !chance.one_in(3);
    p.spreads = chance.one_in(3);
    p.between = std::chrono::milliseconds(20 + chance.below(1500));
    return p;
}

}  // namespace lode::frontend
