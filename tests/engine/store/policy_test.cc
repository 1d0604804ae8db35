// The parts of the store that decide without waiting: slots, index, order of eviction, frames.
#include <map>
#include <set>

#include "engine/base/random.h"
#include "engine/store/device_tier.h"
#include "engine/store/eviction.h"
#include "engine/store/memory_tier.h"
#include "engine/store/part_index.h"
#include "engine/store/slab_space.h"
#include "tests/catch.h"
#include "tests/engine/store/content.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

constexpr size_class small(0);
constexpr size_class large(size_class::count - 1);
constexpr bytes slab_of_4_mib = 4_MiB + format::slab_overhead;

std::optional<format::slot_address> take(slab_space& space, size_class c, part_ref owner) {
    const auto got = space.allocate(c, owner);
    return got ? std::optional(got->at) : std::nullopt;
}

}  // namespace

TEST_CASE("a slab space gives out every slot once and then says no") {
    slab_space space(slab_of_4_mib, 3);
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen;

    while (const auto at = take(space, large, part_ref(0))) {
        CHECK(seen.emplace(at->slab, at->slot).second);
    }

    CHECK(seen.size() == 12);
    CHECK(space.used() == 12_MiB);
    CHECK(space.loose_for(small) == 0_B);
    CHECK(!take(space, small, part_ref(0)));
}

TEST_CASE("a slab whose slots are all back serves another class, as a new generation") {
    slab_space space(slab_of_4_mib, 1);
    std::vector<format::slot_address> held;
    while (const auto at = take(space, large, part_ref(0))) held.push_back(*at);
    const auto before = space.generation_of(0);

    for (std::size_t i = 0; i + 1 < held.size(); ++i) space.release(held[i]);
    CHECK(!take(space, small, part_ref(1)));
    CHECK(space.loose_for(small) == 3_MiB);
    space.release(held.back());

    const auto at = take(space, small, part_ref(1));
    REQUIRE(at);
    CHECK(space.class_of(at->slab) == small);
    CHECK(space.generation_of(at->slab) == before + 1);
}

TEST_CASE("small slots know their tenants") {
    slab_space space(slab_of_4_mib, 1);
    const auto a = take(space, small, part_ref(1));
    const auto b = take(space, small, part_ref(2));
    const auto c = take(space, small, part_ref(3));
    REQUIRE((a && b && c));

    space.release(*b);
    std::vector<slab_space::tenant> tenants;
    space.tenants_of(0, tenants);

    REQUIRE(tenants.size() == 2);
    CHECK(tenants[0].owner == part_ref(1));
    CHECK(tenants[1].owner == part_ref(3));
    CHECK(tenants[1].at == *c);
}

TEST_CASE("any order of taking and releasing slots keeps the books right") {
    slab_space space(slab_of_4_mib, 20);
    lode::random chance(5);
    std::map<std::pair<std::uint32_t, std::uint32_t>, size_class> held;
    bytes total;

    for (int step = 0; step < 100'000; ++step) {
        if (chance.one_in(2)) {
            const size_class c(static_cast<std::uint8_t>(chance.below(size_class::count)));
            if (const auto at = take(space, c, part_ref(0))) {
                REQUIRE(held.emplace(std::pair(at->slab, at->slot), c).second);
                REQUIRE(space.class_of(at->slab) == c);
                total += c.size();
            }
        } else if (!held.empty()) {
            auto it = held.lower_bound({static_cast<std::uint32_t>(chance.below(20)), 0});
            if (it == held.end()) it = held.begin();
            space.release({.slab = it->first.first, .slot = it->first.second});
            total -= it->second.size();
            held.erase(it);
        }
        REQUIRE(space.used() == total);
        REQUIRE(space.slots_used() == held.size());
    }
}

TEST_CASE("a chunk location is one thing at a time") {
    CHECK(chunk_location().what() == chunk_location::kind::absent);
    CHECK(chunk_location::filling().what() == chunk_location::kind::filling);
    for (const format::slot_address at :
         {format::slot_address{.slab = 0, .slot = 0}, format::slot_address{.slab = 0, .slot = 4095},
          format::slot_address{.slab = format::slabs_per_shard_max - 2, .slot = 4095}}) {
        CHECK(chunk_location::of(at).what() == chunk_location::kind::slot);
        CHECK(chunk_location::of(at).slot() == at);
        const auto found = chunk_location::of(at, chunk_location::proof::found);
        CHECK(found.what() == chunk_location::kind::slot);
        CHECK(found.slot() == at);
        CHECK(found.slot_proof() == chunk_location::proof::found);
        CHECK(chunk_location::of(at).slot_proof() == chunk_location::proof::known);
    }
    for (const std::uint32_t frame : {0U, 1U, (1U << 31U) - 1}) {
        CHECK(chunk_location::of(frame_id(frame)).what() == chunk_location::kind::frame);
        CHECK(chunk_location::of(frame_id(frame)).frame() == frame_id(frame));
    }
}

TEST_CASE("the index holds what a map holds, through any order of inserting and erasing") {
    part_index index(1000, 1000);
    std::map<std::uint64_t, part_ref> model;
    lode::random chance(9);

    for (int step = 0; step < 100'000; ++step) {
        const std::uint64_t number = chance.below(1500);
        const part_key key = numbered_part(number, 100_KiB);
        const part_ref found = index.find(key.id);
        const auto known = model.find(number);
        REQUIRE(found == (known == model.end() ? no_part : known->second));
        if (found != no_part) {
            REQUIRE(index.at(found).id == key.id);
            if (chance.one_in(2)) {
                REQUIRE(index.erase_if_empty(found));
                model.erase(known);
            }
        } else {
            const part_ref made = index.insert(key);
            REQUIRE((made == no_part) == (model.size() == 1000));
            if (made != no_part) model.emplace(number, made);
        }
        REQUIRE(index.size() == model.size());
    }
}

TEST_CASE("ids that collide in the table are told apart") {
    part_index index(64, 0);
    std::vector<part_ref> refs;
    refs.reserve(20);
    for (std::uint64_t i = 0; i < 20; ++i) {
        refs.push_back(index.insert({.id = {.high = i, .low = 7}, .length = 1_B}));
    }

    for (std::uint64_t i = 0; i < 20; i += 2) REQUIRE(index.erase_if_empty(refs[i]));

    for (std::uint64_t i = 0; i < 20; ++i) {
        CHECK(index.find({.high = i, .low = 7}) == (i % 2 == 0 ? no_part : refs[i]));
    }
}

TEST_CASE("the index says no at its bounds and keeps what is in use") {
    part_index index(2, 9);
    const part_ref a = index.insert(numbered_part(1, 10_MiB));
    REQUIRE(a != no_part);
    CHECK(index.insert(numbered_part(2, 1_MiB + 1_B)) == no_part);
    const part_ref b = index.insert(numbered_part(2, 1_MiB));
    CHECK(b != no_part);
    CHECK(index.insert(numbered_part(3, 1_B)) == no_part);

    index.at(a).held = 1;
    CHECK(!index.erase_if_empty(a));
    index.at(a).held = 0;
    index.at(a).busy = 1;
    CHECK(!index.erase_if_empty(a));
    index.at(a).busy = 0;
    CHECK(index.erase_if_empty(a));
    CHECK(index.insert(numbered_part(3, 10_MiB)) != no_part);
}

TEST_CASE("the index costs at most 128 bytes per part and 12 per further chunk") {
    // The second has just outgrown a size of the table, which is then the emptiest.
    for (const std::uint32_t parts : {100'000U, 786'432U}) {
        part_index singles(parts, 0);
        const bytes table = singles.memory();
        for (std::uint64_t i = 0; i < parts; ++i) {
            REQUIRE(singles.insert(numbered_part(i, 5_KiB)) != no_part);
        }
        CHECK((singles.memory() - table).count() == 64 * std::uint64_t{parts});
        // A slot below 1 MiB remembers its owner besides, in four bytes.
        CHECK(singles.memory().count() / parts + sizeof(part_ref) <= 128);
    }

    part_index multiple(2, 1'000'000);
    const bytes table = multiple.memory();
    REQUIRE(multiple.insert(numbered_part(1, 100'001_MiB)) != no_part);
    CHECK((multiple.memory() - table).count() == 64 + 12 * 100'000);
}

TEST_CASE("parts that came and went are used again before new ones") {
    part_index index(1000, 0);
    const part_ref first = index.insert(numbered_part(1, 1_B));
    const part_ref second = index.insert(numbered_part(2, 1_B));
    const bytes taken = index.memory();

    REQUIRE(index.erase_if_empty(first));
    REQUIRE(index.erase_if_empty(second));

    CHECK(index.insert(numbered_part(3, 1_B)) == second);
    const part_ref again = index.insert(numbered_part(4, 1_B));
    CHECK(again == first);
    CHECK(index.at(again).colder == no_part);
    CHECK(index.memory() == taken);
}

TEST_CASE("the least recently used part is the first victim") {
    part_index index(10, 0);
    lru order(index);
    std::vector<part_ref> refs;
    for (std::uint64_t i = 0; i < 4; ++i) {
        refs.push_back(index.insert(numbered_part(i, 1_B)));
        order.admit(refs.back());
    }

    order.used(refs[0]);
    order.used(refs[2]);
    order.used(refs[2]);
    order.remove(refs[3]);

    CHECK(order.first_victim() == refs[1]);
    CHECK(order.victim_after(refs[1]) == refs[0]);
    CHECK(order.victim_after(refs[0]) == refs[2]);
    CHECK(order.victim_after(refs[2]) == no_part);
    for (const std::size_t i : {1U, 0U, 2U}) order.remove(refs[i]);
    CHECK(order.first_victim() == no_part);
}

namespace {

struct departures final : memory_tier_owner {
    void left_memory(resident& r) override { gone.push_back(r.chunk); }
    std::vector<std::uint32_t> gone;
};

struct frames_under_test {
    explicit frames_under_test(bytes size) : tier(std::move(*frame_pool::open(size)), left) {}

    // A chunk that is in memory and pinned.
    resident* bring(size_class c, std::uint32_t chunk) {
        resident* r = tier.take(c);
        if (r == nullptr) return nullptr;
        r->part = part_ref(0);
        r->chunk = chunk;
        r->state = frame_state::ready;
        return r;
    }
    // One that nobody uses.
    resident* keep(size_class c, std::uint32_t chunk) {
        resident* r = bring(c, chunk);
        if (r != nullptr) tier.unpin(*r);
        return r;
    }

    departures left;
    memory_tier tier;
};

}  // namespace

TEST_CASE("memory gives up the chunk that was used least recently") {
    frames_under_test on(3_MiB);
    resident* first = on.keep(large, 1);
    on.keep(large, 2);
    on.keep(large, 3);
    on.tier.pin(*first);
    on.tier.unpin(*first);

    CHECK(on.keep(large, 4) != nullptr);
    CHECK(on.keep(large, 5) != nullptr);

    CHECK(on.left.gone == std::vector<std::uint32_t>{2, 3});
}

TEST_CASE("a pinned frame does not leave memory, and when all are pinned there is none") {
    frames_under_test on(2_MiB);
    resident* a = on.bring(large, 1);
    resident* b = on.bring(large, 2);

    CHECK(on.tier.take(large) == nullptr);
    CHECK(on.tier.take(small) == nullptr);
    CHECK(!on.tier.drop_coldest());
    on.tier.unpin(*b);
    CHECK(on.bring(large, 3) == b);

    CHECK(on.left.gone == std::vector<std::uint32_t>{2});
    CHECK(a->chunk == 1);
}

TEST_CASE("memory full of small chunks makes room for a large one, a whole block at once") {
    frames_under_test on(2_MiB);
    std::uint32_t kept = 0;
    while (on.left.gone.empty()) on.keep(small, kept++);
    CHECK(kept == 2 * 256 + 1);
    on.left.gone.clear();

    CHECK(on.keep(large, 10'000) != nullptr);
    CHECK(on.left.gone.size() >= 255);
    CHECK(on.keep(large, 10'001) != nullptr);
    CHECK(on.tier.pool().used() == 2_MiB);
}

TEST_CASE("a block with one pinned frame stays, and another block makes room") {
    frames_under_test on(2_MiB);
    resident* pinned = on.bring(small, 0);
    for (std::uint32_t i = 1; i < 512; ++i) on.keep(small, i);

    CHECK(on.bring(large, 1000) != nullptr);
    CHECK(on.tier.take(large) == nullptr);

    CHECK(pinned->chunk == 0);
    CHECK(pinned->state == frame_state::ready);
    CHECK(on.left.gone.size() == 256);
}

namespace {

// A device tier with parts that go straight to their slots.
struct slots_under_test {
    explicit slots_under_test(bytes device, std::uint32_t parts_max = 200'000)
        : parts(parts_max, 1'000'000),
          frames(std::move(*frame_pool::open(16_MiB)), left),
          cut(*format::choose_geometry(device, {.shards = 1, .slab_data = 1_MiB})),
          tier(parts, frames, count, {{.cut = cut}}, [](std::uint32_t) { return true; }) {}

    // Returns how many chunks found a slot.
    std::uint32_t admit(const part_key& key) {
        part_ref ref = parts.find(key.id);
        if (ref == no_part) ref = parts.insert(key);
        LODE_ASSERT(ref != no_part);
        std::uint32_t placed = 0;
        ++parts.at(ref).busy;
        for (std::uint32_t n = 0; n < chunk_count(key.length); ++n) {
            const auto at = tier.place(ref, n);
            if (!at) continue;
            parts.at(ref).chunk(n).location = chunk_location::of(*at);
            ++parts.at(ref).held;
            ++placed;
        }
        --parts.at(ref).busy;
        parts.erase_if_empty(ref);
        return placed;
    }
    void bring_and_pin(const part_key& key) {
        const part_ref ref = parts.find(key.id);
        chunk_record& record = parts.at(ref).chunk(0);
        resident* r = frames.take(large);
        LODE_ASSERT(r != nullptr);
        r->part = ref;
        r->slot = record.location.slot();
        r->state = frame_state::ready;
        record.location = chunk_location::of(r->frame);
        ++parts.at(ref).busy;
    }
    [[nodiscard]] bool has(const part_key& key) const { return parts.find(key.id) != no_part; }

    departures left;
    store_counters count;
    part_index parts;
    memory_tier frames;
    format::geometry cut;
    device_tier tier;
};

}  // namespace

TEST_CASE("a full device evicts whole parts, the least recently used first") {
    slots_under_test on(17_MiB + 16 * format::slab_overhead);
    REQUIRE(on.cut.slabs == 16);
    for (std::uint64_t i = 0; i < 4; ++i) REQUIRE(on.admit(numbered_part(i, 4_MiB)) == 4);
    on.tier.used(on.parts.find(numbered_part(0, 4_MiB).id));

    CHECK(on.admit(numbered_part(4, 2_MiB)) == 2);

    CHECK(on.has(numbered_part(0, 4_MiB)));
    CHECK(!on.has(numbered_part(1, 4_MiB)));
    CHECK(on.has(numbered_part(2, 4_MiB)));
    CHECK(on.count.evicted_disk_parts.value() == 1);
    CHECK(on.count.evicted_disk_chunks.value() == 4);
    CHECK(on.count.device_used.value() == (14_MiB).count());
}

TEST_CASE("a busy part is passed over, and when all are busy there is no slot") {
    slots_under_test on(17_MiB + 16 * format::slab_overhead);
    for (std::uint64_t i = 0; i < 4; ++i) REQUIRE(on.admit(numbered_part(i, 4_MiB)) == 4);
    for (std::uint64_t i = 0; i < 4; ++i) {
        if (i != 2) ++on.parts.at(on.parts.find(numbered_part(i, 4_MiB).id)).busy;
    }

    CHECK(on.admit(numbered_part(4, 4_MiB)) == 4);
    CHECK(!on.has(numbered_part(2, 4_MiB)));
    ++on.parts.at(on.parts.find(numbered_part(4, 4_MiB).id)).busy;

    CHECK(on.admit(numbered_part(5, 4_MiB)) == 0);
    CHECK(on.has(numbered_part(0, 4_MiB)));
}

TEST_CASE("a part that is larger than the device keeps what fits and does not evict itself") {
    slots_under_test on(17_MiB + 16 * format::slab_overhead);

    CHECK(on.admit(numbered_part(1, 40_MiB)) == 16);

    CHECK(on.count.evicted_disk_parts.value() == 0);
}

TEST_CASE("a device full of one class fills to 95 % with another, in both directions") {
    slots_under_test on(65_MiB + 64 * format::slab_overhead);
    const std::uint64_t capacity = on.count.device_capacity.value();
    std::uint64_t next = 0;
    // Written in an order that leaves no slab cold as a whole.
    lode::random chance(3);

    for (const bytes length : {1_MiB, 4_KiB, 3_MiB, 64_KiB, 12_KiB, 1_MiB}) {
        const std::uint64_t chunks = std::max<std::uint64_t>(1, length / 1_MiB);
        const std::uint64_t slot = size_class::holding(std::min(length, 1_MiB)).size().count();
        const std::uint64_t enough = 2 * capacity / slot / chunks;
        std::vector<part_key> mine;
        for (std::uint64_t i = 0; i < enough; ++i) {
            mine.push_back(numbered_part(next++, length));
            REQUIRE(on.admit(mine.back()) == chunks);
            const part_key& again = mine[chance.below(mine.size())];
            if (on.has(again)) on.tier.used(on.parts.find(again.id));
        }
        std::uint64_t held = 0;
        for (const part_key& key : mine) {
            if (on.has(key)) held += slot * on.parts.at(on.parts.find(key.id)).on_device;
        }
        INFO("parts of " << length.count() << " bytes");
        CHECK(held >= capacity / 100 * 95);
    }
}

TEST_CASE("a slab with a pinned chunk does not change its class") {
    slots_under_test on(17_MiB + 16 * format::slab_overhead);
    for (std::uint64_t i = 0; i < 16; ++i) REQUIRE(on.admit(numbered_part(i, 1_MiB)) == 1);
    // Every chunk but two is in memory and being sent.
    for (std::uint64_t i = 0; i < 14; ++i) on.bring_and_pin(numbered_part(i, 1_MiB));

    for (std::uint64_t i = 100; i < 100 + 3 * 252; ++i) on.admit(numbered_part(i, 4_KiB));

    for (std::uint64_t i = 0; i < 14; ++i) CHECK(on.has(numbered_part(i, 1_MiB)));
    CHECK(on.count.device_used.value() <= (16_MiB).count());
}

TEST_CASE("parts are spread over devices by their sizes") {
    part_index parts(10, 10);
    departures left;
    memory_tier frames(std::move(*frame_pool::open(2_MiB)), left);
    store_counters count;
    const auto cut = [](bytes size) {
        return *format::choose_geometry(size, {.shards = 2, .slab_data = 1_MiB});
    };
    device_tier tier(parts, frames, count, {{.cut = cut(1_GiB)}, {.cut = cut(3_GiB)}},
                     [](std::uint32_t) { return true; });
    int on_first = 0;

    for (std::uint64_t i = 0; i < 10'000; ++i) {
        const part_ref ref = parts.insert(numbered_part(i, 1_B));
        REQUIRE(tier.choose_device(ref));
        if (parts.at(ref).device == 0) ++on_first;
        parts.erase_if_empty(ref);
    }

    CHECK(on_first > 2300);
    CHECK(on_first < 2700);
}
