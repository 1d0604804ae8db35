#include "engine/store/fill.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"
#include "engine/store/home.h"

namespace lode::engine {
namespace {

// What a reader may have to wait for that comes to want a chunk of a piece under way; also what a
// radosgw reads at a time.
constexpr std::uint32_t background_piece_max = 4;  // chunks
// What a fill that must not run ahead asks for. Readers ask for one chunk ahead.
constexpr std::uint32_t piece_min = 2;

}  // namespace

// One fetch under way, and where its bytes go.
class fill::piece final : public list_hook<>, public fill_sink {
  public:
    piece(fill& whole, chunk_range chunks, haste how)
        : whole_(whole), all_(chunks), left_(chunks), how_(how) {}

    [[nodiscard]] chunk_range all() const { return all_; }
    [[nodiscard]] std::uint32_t left() const { return left_.count; }
    [[nodiscard]] bool lacks(std::uint32_t chunk) const {
        return chunk >= left_.first && chunk - left_.first < left_.count;
    }
    [[nodiscard]] haste how() const { return how_; }
    void set_demanded() { how_ = haste::demanded; }

    task<result<std::span<std::byte>>> room() override {
        if (left_.count == 0) co_return fail(errc::too_large);
        const bytes length = chunk_length(whole_.part_length_, left_.first);
        if (frame_ == nullptr) {
            auto got = co_await whole_.owner_.frame_for_fill(size_class::holding(length));
            if (!got) co_return std::unexpected(got.error());
            frame_ = *got;
            whole_.owner_.begin_arrival(*frame_, whole_.ref_, left_.first);
        }
        co_return whole_.owner_.memory_of(*frame_).first(length.count()).subspan(frame_->arrived);
    }

    void advance(std::size_t n) override {
        if (n == 0) return;
        LODE_ASSERT(frame_ != nullptr && left_.count > 0);
        const bytes length = chunk_length(whole_.part_length_, left_.first);
        LODE_ASSERT(n <= length.count() - frame_->arrived);
        if (how_ == haste::background) whole_.owner_.count_.background_bytes.add(n);
        frame_->arrived += static_cast<std::uint32_t>(n);
        if (frame_->arrived < length.count()) {
            whole_.owner_.announce_progress(*frame_);
            return;
        }
        ++left_.first;
        --left_.count;
        resident& complete = *std::exchange(frame_, nullptr);
        whole_.owner_.publish(complete);
        if (how_ == haste::demanded) {
            whole_.count(whole_.under_way_, -1);
            // Of a fill that has failed nothing is held.
            if (!whole_.failure_ && home::is_ahead(complete)) {
                whole_.owner_.hold_ahead(complete);
                whole_.count(whole_.ahead_, 1);
            } else {
                whole_.poke();
            }
        }
        whole_.owner_.unpin(complete);
    }

    void give_up(error why) {
        if (frame_ != nullptr) whole_.owner_.abandon_arrival(*std::exchange(frame_, nullptr));
        whole_.unmark(std::exchange(left_, {}), why);
    }

  private:
    fill& whole_;
    chunk_range all_;
    chunk_range left_;  // what has not arrived yet
    haste how_;
    resident* frame_ = nullptr;  // where the first of these arrives
};

fill::fill(home& owner, part_ref ref, bytes part_length, std::unique_ptr<part_source> source)
    : owner_(owner),
      ref_(ref),
      part_length_(part_length),
      source_(std::move(source)),
      last_wanted_(now()) {}

fill::~fill() { LODE_ASSERT(pieces_.empty() && !has_turn_); }

task<void> fill::run() {
    while (!failure_ && !(queue_.empty() && pieces_.empty() && ahead_ == 0)) {
        start_pieces();
        note_lingering();
        if (!std::exchange(poked_, false)) (void)co_await changed_.wait(look_again_);
        poked_ = false;
    }
    // Whoever wants more of this part begins another fill.
    list_hook<joinable>::unlink();
    list_hook<background_line>::unlink();
    return_turn();
    if (std::exchange(lingering_, false)) --owner_.fills_lingering_;
    co_await fetches_.close();
}

void fill::demand(chunk_range chunks) {
    queue_.demand(chunks);
    last_wanted_ = now();
    poke();
}

void fill::await(std::uint32_t chunk) {
    last_wanted_ = now();
    if (queue_.await(chunk, piece_max())) {
        owner_.count_.chunks_promoted.add();
        poke();
        return;
    }
    for (piece* p = pieces_.empty() ? nullptr : &pieces_.front(); p != nullptr;
         p = pieces_.next_of(*p)) {
        if (p->how() == haste::background && p->lacks(chunk)) return make_demanded(*p);
    }
}

void fill::caught_up() {
    count(ahead_, -1);
    poke();
}

void fill::granted() {
    has_turn_ = true;
    poke();
}

void fill::give_up_rest() {
    for (const chunk_range& r : queue_.take_rest()) unmark(r, {.code = errc::not_found});
    poke();
}

void fill::abort(error why) {
    if (failure_) return;
    failure_ = why;
    let_go();
    list_hook<joinable>::unlink();
    for (const chunk_range& r : queue_.take_all()) unmark(r, why);
    if (source_ != nullptr) source_->abort();
    poke();
}

void fill::poke() {
    poked_ = true;
    changed_.notify_all();
}

// A piece may end, and even fail, before the call that starts it returns.
void fill::start_pieces() {
    look_again_ = never;
    start_demanded();
    start_background();
}

std::uint32_t fill::piece_max() const {
    const std::uint32_t wanted =
        std::max<std::uint64_t>(1, owner_.options_.fetch_size / chunk_size);
    // Two at least are under way in the share that we have.
    return std::clamp<std::uint32_t>(owner_.fill_share() / 2, std::min(wanted, piece_min), wanted);
}

// Whoever was here first may have taken more than what is now a share.
bool fill::may_start(std::uint32_t chunks) const {
    return ahead() + chunks <= owner_.fill_share() &&
           owner_.all_ahead_ + chunks * weight() <= owner_.most_ahead();
}

// `chunks` is under_way_ or ahead_.
void fill::count(std::uint32_t& chunks, std::int64_t change) {
    LODE_ASSERT(std::int64_t{chunks} + change >= 0);
    chunks = static_cast<std::uint32_t>(std::int64_t{chunks} + change);
    if (change > 0) {
        owner_.all_ahead_ += weight() * static_cast<std::uint64_t>(change);
    } else {
        owner_.all_ahead_ -= weight() * static_cast<std::uint64_t>(-change);
    }
}

void fill::start_demanded() {
    const std::uint32_t parallel = std::max(1U, owner_.options_.fetch_parallel);
    while (!failure_ && queue_.has_demand() && demanded_pieces_ < parallel) {
        std::uint32_t most = piece_max();
        if (!may_start(std::min(most, queue_.front().count))) {
            if (ahead() > 0 && !queue_.front_is_awaited()) break;
            most = std::min(most, piece_min);
        }
        start(queue_.take_demanded(most), haste::demanded);
    }
    if (failure_ || demanded_pieces_ > 0 || !(queue_.has_demand() || ahead_ > 0)) return;
    look_again_ = last_wanted_ + owner_.options_.demand_patience;
    if (now() >= look_again_) lose_patience();
}

// Its readers are gone, as it seems.
void fill::lose_patience() {
    look_again_ = never;
    let_go();
    queue_.demand_becomes_rest();
    if (!owner_.can_keep(ref_)) give_up_rest();
}

// What arrived before its readers stays in memory as long as nothing else needs the place.
void fill::let_go() {
    if (ahead_ == 0) return;
    owner_.release_ahead(ref_);
    LODE_ASSERT(ahead_ == 0);
}

void fill::note_lingering() {
    const bool done = queue_.empty() && pieces_.empty();
    if (done == lingering_) return;
    lingering_ = done;
    if (done) {
        ++owner_.fills_lingering_;
        owner_.fill_ended_.notify_all();
    } else {
        --owner_.fills_lingering_;
    }
    owner_.refresh_gauges();
}

void fill::start_background() {
    const std::uint32_t most = std::min<std::uint32_t>(
        background_piece_max, std::max<std::uint64_t>(1, owner_.options_.fetch_size / chunk_size));
    const std::uint32_t parallel = std::max(1U, owner_.options_.fetch_parallel);
    while (!failure_ && queue_.has_rest() && !queue_.has_demand() && demanded_pieces_ == 0 &&
           background_pieces_ < parallel) {
        if (!has_turn_ && !owner_.take_background_turn(*this)) return;
        has_turn_ = true;
        const bytes amount = std::min(part_length_, chunk_size * most);
        if (const auto due = owner_.background_due(amount)) {
            look_again_ = std::min(look_again_, *due);
            return;
        }
        has_turn_ = false;
        start(queue_.take_rest(most), haste::background);
    }
    return_turn();
}

void fill::return_turn() {
    if (std::exchange(has_turn_, false)) owner_.background_ended();
}

void fill::start(chunk_range chunks, haste how) {
    auto p = std::make_unique<piece>(*this, chunks, how);
    pieces_.push_back(*p);
    owner_.count_.fill_pieces.add();
    if (how == haste::demanded) {
        ++demanded_pieces_;
        count(under_way_, chunks.count);
    } else {
        ++background_pieces_;
    }
    fetches_.spawn(run_piece(std::move(p)));
}

task<void> fill::run_piece(std::unique_ptr<piece> p) {
    const chunk_range all = p->all();
    const part_offset begin = chunk_begin(all.first);
    const part_offset end =
        std::min(chunk_begin(all.first + all.count), part_offset(part_length_.count()));
    const auto outcome = co_await source_->fetch(begin, end - begin, *p);
    end_piece(*p, outcome);
}

void fill::end_piece(piece& p, result<> outcome) {
    // room() refuses more than was asked for, but a source may end too soon.
    if (outcome && p.left() > 0) outcome = fail(errc::protocol);
    p.unlink();
    if (p.how() == haste::demanded) {
        --demanded_pieces_;
        count(under_way_, -std::int64_t{p.left()});
    } else {
        --background_pieces_;
        owner_.background_ended();
    }
    if (!outcome) {
        abort(outcome.error());
        p.give_up(*failure_);
    }
    if (queue_.empty() && pieces_.empty()) source_.reset();
    poke();
}

void fill::make_demanded(piece& p) {
    owner_.count_.chunks_promoted.add();
    p.set_demanded();
    ++demanded_pieces_;
    count(under_way_, p.left());
    --background_pieces_;
    owner_.background_ended();
    poke();
}

void fill::unmark(chunk_range chunks, error why) {
    for (std::uint32_t i = 0; i < chunks.count; ++i) owner_.unmark(ref_, chunks.first + i, why);
}

}  // namespace lode::engine
