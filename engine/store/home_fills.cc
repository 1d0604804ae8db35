// What brings absent chunks: fills, who joins them, and what bounds them.
#include <algorithm>
#include <utility>

#include "engine/base/assert.h"
#include "engine/store/home.h"
#include "engine/store/part_store.h"

namespace lode::engine {
namespace {

constexpr std::uint32_t share_min = 2;                                  // chunks
constexpr std::uint64_t announced_together = std::uint64_t{64} << 10U;  // bytes

using where = chunk_location::kind;

}  // namespace

result<> home::fill(part_key key, chunk_range demanded, std::unique_ptr<part_source> source,
                    fill_extent extent) {
    assert_home();
    if (stopping_) return fail(errc::cancelled);
    if (key.length == bytes(0) || key.length > part_length_max) return fail(errc::invalid);
    const std::uint32_t chunks = chunk_count(key.length);
    if (demanded.count > 0 &&
        (demanded.first >= chunks || demanded.count > chunks - demanded.first)) {
        return fail(errc::invalid);
    }
    const part_ref ref = find_or_insert(key);
    if (ref == no_part) return fail(errc::no_space);
    part& p = parts_.at(ref);
    if (p.length != key.length) return fail(errc::invalid);
    // What could not be kept until somebody wants it is not fetched.
    const bool whole = extent == fill_extent::whole_part && can_keep(ref);
    const chunk_range wanted = whole ? chunk_range{.first = 0, .count = chunks} : demanded;

    engine::fill* f = fill_of(ref);
    const bool joins = f != nullptr;
    std::unique_ptr<engine::fill> made;
    for (std::uint32_t n = wanted.first; n - wanted.first < wanted.count; ++n) {
        if (p.chunk(n).location.what() != where::absent) continue;
        if (f == nullptr) {
            if (fills_running_ - fills_lingering_ >= options_.fills_max) {
                parts_.erase_if_empty(ref);
                return fail(errc::overloaded);
            }
            made = std::make_unique<engine::fill>(*this, ref, key.length, std::move(source));
            f = made.get();
        }
        if (f->needs_source()) f->take_source(std::move(source));
        mark(ref, n);
        f->add({.first = n, .count = 1});
    }
    if (f == nullptr) {
        parts_.erase_if_empty(ref);
        return {};
    }
    f->demand(demanded);
    if (joins) {
        count_.fills_joined.add();
        return {};
    }
    const bytes weight = std::min(key.length, chunk_size);
    background_.spawn(run_fill(std::move(made), weight));
    refresh_gauges();
    return {};
}

// The part stays busy as long as its fill, so that it stays the same part.
task<void> home::run_fill(std::unique_ptr<engine::fill> f, bytes weight) {
    const part_ref ref = f->part();
    ++fills_running_;
    fills_weight_ += weight;
    ++parts_.at(ref).busy;
    count_.fills.add();
    fills_.push_back(*f);
    joinable_[ref.value() % joinable_.size()].push_back(*f);
    co_await f->run();
    if (f->failure()) count_.fill_errors.add();
    f.reset();
    --parts_.at(ref).busy;
    parts_.erase_if_empty(ref);
    fills_weight_ -= weight;
    --fills_running_;
    fill_ended_.notify_all();
    refresh_gauges();
}

engine::fill* home::fill_of(part_ref ref) {
    list<engine::fill, joinable>& some = joinable_[ref.value() % joinable_.size()];
    engine::fill* f = some.empty() ? nullptr : &some.front();
    while (f != nullptr && f->part() != ref) f = some.next_of(*f);
    return f;
}

task<result<>> home::wait(part_key key, time_point until) {
    assert_home();
    for (;;) {
        const part_ref ref = parts_.find(key.id);
        if (ref == no_part || !anything_filling(parts_.at(ref))) co_return result<>{};
        if (auto ended = co_await fill_ended_.wait(until); !ended) co_return ended;
    }
}

bool home::anything_filling(part& p) {
    for (std::uint32_t n = 0; n < p.chunks(); ++n) {
        if (p.chunk(n).location.what() == where::filling) return true;
    }
    return false;
}

// Chunks that one fill may be ahead of its readers: half of the memory, divided over the fills.
std::uint32_t home::fill_share() const {
    const std::uint64_t share = most_ahead() / std::max(fills_weight_, bytes(1));
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(share, share_min, memory_.pool().capacity() / chunk_size));
}

// Whether chunks that nobody wants yet will still be there when somebody does.
bool home::can_keep(part_ref ref) {
    if (parts_.at(ref).length <= memory_.pool().capacity() / 2) return true;
    return options_.admission == store_options::admission_rule::always && slots_.choose_device(ref);
}

// A chunk of this part found no place on its device.
void home::not_kept(part_ref ref) {
    engine::fill* f = fill_of(ref);
    if (f == nullptr || parts_.at(ref).length <= memory_.pool().capacity() / 2) return;
    f->give_up_rest();
}

bool home::take_background_turn(engine::fill& f) {
    auto& place = static_cast<list_hook<background_line>&>(f);
    if (place.linked()) return false;
    if (background_turns_ >= std::max(1U, options_.background_fetches)) {
        background_line_.push_back(f);
        return false;
    }
    ++background_turns_;
    count_.background_running.set(background_turns_);
    return true;
}

void home::background_ended() {
    LODE_ASSERT(background_turns_ > 0);
    if (!background_line_.empty()) return background_line_.pop_front().granted();
    --background_turns_;
    count_.background_running.set(background_turns_);
}

// Nothing: it may go at once, and is accounted for. Else when to ask again.
std::optional<time_point> home::background_due(bytes amount) {
    if (background_pace_.try_take(amount, now())) return std::nullopt;
    return background_pace_.due(amount, now());
}

task<result<resident*>> home::frame_for_fill(size_class c) {
    const time_point until = now() + options_.frame_wait;
    for (;;) {
        if (stopping_) co_return fail(errc::cancelled);
        // Half of the memory may wait for the device; the rest is for readers.
        const bool crowded = dirty_ * 2 >= memory_.pool().capacity();
        if (resident* r = crowded ? nullptr : memory_.take(c)) {
            refresh_gauges();
            co_return r;
        }
        if (auto freed = co_await frames_free_.wait(until); !freed) {
            count_.no_memory.add();
            co_return fail(stopping_ ? errc::cancelled : errc::no_space);
        }
    }
}

void home::mark(part_ref ref, std::uint32_t chunk) {
    part& p = parts_.at(ref);
    p.chunk(chunk).location = chunk_location::filling();
    p.chunk(chunk).set_arriving(std::nullopt);
    ++p.held;
    ++p.busy;
}

void home::unmark(part_ref ref, std::uint32_t chunk, error why) {
    part& p = parts_.at(ref);
    chunk_record& record = p.chunk(chunk);
    LODE_ASSERT(record.location.what() == where::filling && p.held > 0 && p.busy > 0);
    record.location = {};
    --p.held;
    --p.busy;
    arrivals_.announce(ref, chunk, std::unexpected(why));
    parts_.erase_if_empty(ref);
}

void home::begin_arrival(resident& r, part_ref ref, std::uint32_t chunk) {
    r.part = ref;
    r.chunk = chunk;
    parts_.at(ref).chunk(chunk).set_arriving(r.frame);
}

// The first bytes at once; then in steps, so that it costs a reader little.
void home::announce_progress(resident& r) {
    if (r.announced > 0 && r.arrived - r.announced < announced_together) return;
    r.announced = r.arrived;
    const std::uint32_t released = arrivals_.announce_bytes(r.part, r.chunk, r.announced, r);
    r.pins += released;
    r.seen = r.seen || released > 0;
}

// Whoever reads of it keeps what is there.
void home::abandon_arrival(resident& r) {
    parts_.at(r.part).chunk(r.chunk).set_arriving(std::nullopt);
    r.part = no_part;
    unpin(r);
}

bool home::is_ahead(const resident& r) { return !r.seen && !r.slot; }

// However many fills there are, a quarter of the memory remains for others.
void home::hold_ahead(resident& r) {
    LODE_ASSERT(!r.ahead && r.pins > 0);
    r.ahead = true;
    const bytes size = memory_.class_of(r).size();
    if (held_ + size > memory_.pool().capacity() / 4 * 3) return;
    held_ += size;
    r.held = true;
    ++r.pins;
}

void home::release_ahead(part_ref ref) {
    part& p = parts_.at(ref);
    for (std::uint32_t n = 0; n < p.chunks(); ++n) {
        const chunk_location at = p.chunk(n).location;
        if (at.what() != where::frame) continue;
        resident& r = memory_.at(at.frame());
        if (r.ahead) caught_up(r, caught_up_by::other);
    }
}

void home::caught_up(resident& r, caught_up_by how) {
    LODE_ASSERT(r.ahead);
    r.ahead = false;
    if (engine::fill* f = fill_of(r.part); f != nullptr) {
        if (how == caught_up_by::reading) f->heard_of_reader();
        f->caught_up();
    }
    if (!r.held) return;
    r.held = false;
    held_ -= memory_.class_of(r).size();
    unpin(r);
}

}  // namespace lode::engine
