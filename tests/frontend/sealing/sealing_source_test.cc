#include "frontend/sealing/sealing_source.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/runtime/scope.h"
#include "engine/runtime/simulation.h"
#include "frontend/sealing/chunk_seal.h"
#include "frontend/sealing/sealed_layout.h"
#include "tests/catch.h"
#include "tests/frontend/sealing/keys.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend::sealing;

namespace {

// What a source was asked, and how it is to behave.
struct origin_facts {
    std::vector<plain_range> asked;
    int aborted = 0;
    std::uint64_t fail_after = ~std::uint64_t{0};
    std::size_t piece = 100'000;
};

class plain_source final : public part_source {
  public:
    plain_source(const data& content, origin_facts& facts) : content_(content), facts_(facts) {}

    task<result<>> fetch(part_offset first, bytes length, fill_sink& sink) override {
        facts_.asked.push_back({.first = first, .length = length});
        for (std::uint64_t done = 0; done < length.count();) {
            if (done >= facts_.fail_after) co_return fail(errc::changed);
            co_await sleep_for(std::chrono::milliseconds(1));
            auto room = co_await sink.room();
            if (!room) co_return std::unexpected(room.error());
            const std::size_t n =
                std::min({room->size(), facts_.piece, std::size_t(length.count() - done)});
            std::memcpy(room->data(), content_.data() + first.value() + done, n);
            sink.advance(n);
            done += n;
        }
        co_return result<>{};
    }
    void abort() override { ++facts_.aborted; }

  private:
    const data& content_;
    origin_facts& facts_;
};

// Collects what the store would: room of at most `room_max`, never beyond the present chunk.
class collecting_sink final : public fill_sink {
  public:
    explicit collecting_sink(std::size_t room_max, std::size_t chunks_max = 1000)
        : room_max_(room_max), chunks_max_(chunks_max) {}

    task<result<std::span<std::byte>>> room() override {
        if (chunks.size() > chunks_max_) co_return fail(errc::no_space);
        if (filled_ == chunk_size.count() || chunks.empty()) {
            chunks.emplace_back(chunk_size.count());
            filled_ = 0;
        }
        co_return std::span(chunks.back())
            .subspan(filled_, std::min<std::size_t>(room_max_, chunk_size.count() - filled_));
    }
    void advance(std::size_t n) override {
        filled_ += n;
        total += n;
    }
    [[nodiscard]] data chunk(std::size_t n) const {
        if (n + 1 < chunks.size()) return chunks[n];
        return {chunks[n].begin(), chunks[n].begin() + static_cast<std::ptrdiff_t>(filled_)};
    }

    std::vector<data> chunks;
    std::uint64_t total = 0;

  private:
    std::size_t room_max_;
    std::size_t chunks_max_;
    std::size_t filled_ = 0;
};

task<void> fetch_into(part_source& source, part_offset first, bytes length, fill_sink& sink,
                      result<>& outcome) {
    outcome = co_await source.fetch(first, length, sink);
}

task<void> fetch_two(part_source& source, fill_sink& a, fill_sink& b, result<>& outcome_a,
                     result<>& outcome_b) {
    engine::scope both;
    both.spawn(fetch_into(source, part_offset(0), chunk_size, a, outcome_a));
    both.spawn(fetch_into(source, chunk_begin(1), chunk_size, b, outcome_b));
    co_await both.close();
}

// One fetch of a part of this plaintext.
struct fetched {
    fetched(const data& content, part_offset first, bytes length, std::size_t room_max,
            std::size_t chunks_max = 1000)
        : sink(room_max, chunks_max) {
        run(content, first, length);
    }
    fetched(const data& content, part_offset first, bytes length, origin_facts how)
        : facts(std::move(how)), sink(chunk_size.count()) {
        run(content, first, length);
    }

    void run(const data& content, part_offset first, bytes length) {
        engine::simulation world(1);
        sealing_source source(std::make_unique<plain_source>(content, facts), some_key(),
                              bytes(content.size()));
        const auto end = world.run(fetch_into(source, first, length, sink, outcome));
        LODE_ASSERT(end == engine::simulation::outcome::finished);
    }

    origin_facts facts;
    collecting_sink sink;
    result<> outcome;
};

bool opens_to(const data& sealed, std::uint32_t chunk, std::span<const std::byte> plain) {
    if (sealed.size() != plain.size() + seal_overhead.count()) return false;
    data opened(plain.size());
    chunk_opener opener(some_key());
    return opener.open(chunk, sealed, opened) && std::ranges::equal(opened, plain);
}

}  // namespace

TEST_CASE("every chunk of a sealed part opens to its slice of the plaintext") {
    for (const std::uint64_t length :
         {std::uint64_t{1}, slice - 1, slice, slice + 1, 2 * slice, 2 * slice + 4711}) {
        const data content = noise(length);
        for (const std::size_t room_max : {std::size_t(chunk_size.count()), std::size_t{7919}}) {
            CAPTURE(length, room_max);

            const fetched all(content, part_offset(0), sealed_length(bytes(length)), room_max);

            REQUIRE(all.outcome);
            CHECK(bytes(all.sink.total) == sealed_length(bytes(length)));
            REQUIRE(all.sink.chunks.size() == ceil_div(bytes(length), slice_size));
            for (std::uint32_t n = 0; n < all.sink.chunks.size(); ++n) {
                const auto expected =
                    std::span(content).subspan(n * slice, std::min(slice, length - n * slice));
                CHECK(opens_to(all.sink.chunk(n), n, expected));
            }
        }
    }
}

TEST_CASE("a source that delivers byte by byte is sealed as well") {
    const data content = noise(600);
    const fetched all(content, part_offset(0), bytes(628), 5);
    CHECK(opens_to(all.sink.chunk(0), 0, content));

    const fetched slow(content, part_offset(0), bytes(628), origin_facts{.piece = 1});
    CHECK(opens_to(slow.sink.chunk(0), 0, content));
}

TEST_CASE("only the slices of the wanted chunks are asked for") {
    const data content = noise(3 * slice + 100);

    const fetched middle(content, chunk_begin(1), chunk_size, chunk_size.count());
    const fetched tail(content, chunk_begin(2), chunk_size + bytes(128), chunk_size.count());

    CHECK(middle.facts.asked ==
          std::vector<plain_range>{{.first = part_offset(slice), .length = bytes(slice)}});
    CHECK(opens_to(middle.sink.chunk(0), 1, std::span(content).subspan(slice, slice)));
    CHECK(tail.facts.asked == std::vector<plain_range>{
                                  {.first = part_offset(2 * slice), .length = bytes(slice + 100)}});
    CHECK(opens_to(tail.sink.chunk(1), 3, std::span(content).last(100)));
}

TEST_CASE("half a chunk is refused before anything is asked") {
    const data content = noise(2 * slice);
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> bad = {{1, chunk_size.count()},
                                                                      {0, chunk_size.count() - 1},
                                                                      {0, 0},
                                                                      {0, 3 * chunk_size.count()},
                                                                      {2 * chunk_size.count(), 1}};
    for (const auto& [first, length] : bad) {
        CAPTURE(first, length);
        const fetched none(content, part_offset(first), bytes(length), chunk_size.count());
        REQUIRE(!none.outcome);
        CHECK(none.outcome.error().code == errc::invalid);
        CHECK(none.facts.asked.empty());
    }
}

TEST_CASE("errors of the source and of the store reach whoever asked") {
    const data content = noise(2 * slice);

    const fetched broken(content, part_offset(0), 2 * chunk_size,
                         origin_facts{.fail_after = slice + 10});
    const fetched full(content, part_offset(0), 2 * chunk_size, chunk_size.count(), 0);

    REQUIRE(!broken.outcome);
    CHECK(broken.outcome.error().code == errc::changed);
    CHECK(opens_to(broken.sink.chunks[0], 0, std::span(content).first(slice)));
    REQUIRE(!full.outcome);
    CHECK(full.outcome.error().code == errc::no_space);
}

TEST_CASE("two fetches of one source at the same time do not disturb each other") {
    const data content = noise(2 * slice);
    origin_facts facts;
    engine::simulation world(1);
    sealing_source source(std::make_unique<plain_source>(content, facts), some_key(),
                          bytes(content.size()));
    collecting_sink a(chunk_size.count());
    collecting_sink b(chunk_size.count());
    result<> outcome_a;
    result<> outcome_b;

    const auto end = world.run(fetch_two(source, a, b, outcome_a, outcome_b));

    REQUIRE(end == engine::simulation::outcome::finished);
    REQUIRE((outcome_a && outcome_b));
    CHECK(opens_to(a.chunk(0), 0, std::span(content).first(slice)));
    CHECK(opens_to(b.chunk(0), 1, std::span(content).last(slice)));
}

TEST_CASE("an abort reaches the source below") {
    const data content = noise(10);
    origin_facts facts;
    sealing_source source(std::make_unique<plain_source>(content, facts), some_key(), bytes(10));

    source.abort();

    CHECK(facts.aborted == 1);
}
