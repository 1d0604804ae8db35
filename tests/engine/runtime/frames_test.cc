#include "engine/runtime/frames.h"

#include <map>
#include <set>

#include "engine/base/random.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

TEST_CASE("the class that holds a length is the smallest that does") {
    CHECK(size_class::holding(1_B).size() == 4_KiB);
    CHECK(size_class::holding(4_KiB).size() == 4_KiB);
    CHECK(size_class::holding(4_KiB + 1_B).size() == 8_KiB);
    CHECK(size_class::holding(512_KiB).size() == 512_KiB);
    CHECK(size_class::holding(512_KiB + 1_B).size() == 1_MiB);
    CHECK(size_class::holding(1_MiB).size() == 1_MiB);
}

TEST_CASE("frames are aligned to their own size and do not overlap") {
    auto pool = frame_pool::open(4_MiB);
    REQUIRE(pool);
    std::map<std::byte*, std::size_t> taken;

    for (std::uint8_t c = 0; c < size_class::count; ++c) {
        if (const auto f = pool->try_take(size_class(c))) {
            CHECK(reinterpret_cast<std::uintptr_t>(f->data) % f->size.size().count() == 0);
            taken[f->data] = f->size.size().count();
        }
    }

    CHECK(taken.size() == 4);  // four blocks, one class each
    std::byte* end = nullptr;
    for (const auto& [data, size] : taken) {
        CHECK(data >= end);
        end = data + size;
    }
}

TEST_CASE("a pool gives out its whole capacity and then says no") {
    auto pool = frame_pool::open(2_MiB);
    REQUIRE(pool);
    std::set<std::uint32_t> numbers;

    while (const auto f = pool->try_take(size_class(0))) numbers.insert(f->number.value());

    CHECK(numbers.size() == 512);
    CHECK(pool->used() == 2_MiB);
    CHECK(!pool->try_take(size_class(8)));
}

TEST_CASE("a block whose frames are all back serves another class") {
    auto pool = frame_pool::open(1_MiB);
    REQUIRE(pool);
    const auto a = pool->try_take(size_class(7));
    const auto b = pool->try_take(size_class(7));
    REQUIRE((a && b));
    CHECK(!pool->try_take(size_class(8)));

    pool->give_back(a->number);
    CHECK(!pool->try_take(size_class(8)));
    pool->give_back(b->number);

    CHECK(pool->try_take(size_class(8)));
    CHECK(pool->used() == 1_MiB);
}

TEST_CASE("any order of taking and giving back keeps the books right") {
    auto pool = frame_pool::open(16_MiB);
    REQUIRE(pool);
    lode::random chance(11);
    std::map<std::uint32_t, bytes> held;
    bytes total;

    for (int step = 0; step < 200'000; ++step) {
        if (chance.one_in(2)) {
            const size_class c(static_cast<std::uint8_t>(chance.below(size_class::count)));
            if (const auto f = pool->try_take(c)) {
                REQUIRE(held.emplace(f->number.value(), c.size()).second);
                REQUIRE(pool->at(f->number).data == f->data);
                total += c.size();
            }
        } else if (!held.empty()) {
            auto it = held.lower_bound(static_cast<std::uint32_t>(chance.below(4096)));
            if (it == held.end()) it = held.begin();
            pool->give_back(frame_id(it->first));
            total -= it->second;
            held.erase(it);
        }
        REQUIRE(pool->used() == total);
    }
    for (const auto& [number, size] : held) pool->give_back(frame_id(number));

    CHECK(pool->used() == 0_B);
    CHECK(pool->free_blocks() == pool->blocks());
}
