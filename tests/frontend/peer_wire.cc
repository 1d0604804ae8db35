#include "tests/frontend/peer_wire.h"

#include <cerrno>
#include <utility>

namespace lode::frontend {
namespace {

using engine::task;

// The end of whoever dialled.
class peer_wire final : public engine::stream, public breakable {
  public:
    peer_wire(std::unique_ptr<engine::stream> below, peer_way& way)
        : below_(std::move(below)), way_(way) {
        way.wires.push_back(*this);
    }

    task<result<std::size_t>> receive(std::span<std::byte> into) override {
        if (way_.delay > duration::zero()) co_await engine::sleep_for(way_.delay);
        if (loses()) co_return std::unexpected(co_await hush());
        auto got = co_await below_->receive(into);
        if (broken_) co_return fail(errc::closed, ECONNRESET);
        // What the other side did in a world that we hear nothing of.
        if (loses()) co_return std::unexpected(co_await hush());
        if (!got) co_return got;
        const std::uint64_t before = std::exchange(received_, received_ + *got);
        if (way_.flip_after && before <= *way_.flip_after && *way_.flip_after < received_) {
            into[*way_.flip_after - before] ^= std::byte{1};
        }
        if (way_.reset_after && received_ > *way_.reset_after) {
            reset();
            co_return fail(errc::closed, ECONNRESET);
        }
        if (way_.mute_after && received_ > *way_.mute_after) {
            lost_ = true;
            co_return std::unexpected(co_await hush());
        }
        co_return got;
    }

    task<result<>> send(std::span<iovec> pieces) override {
        if (broken_) co_return fail(errc::closed, ECONNRESET);
        if (loses()) co_return result<>{};
        auto sent = co_await below_->send(pieces);
        if (broken_) co_return fail(errc::closed, ECONNRESET);
        co_return sent;
    }

    task<result<>> finish_sending() override { return below_->finish_sending(); }

    void expire_at(time_point when) override {
        deadline_ = when;
        below_->expire_at(when);
    }

    void abort() override {
        aborted_ = true;
        below_->abort();
        hush_.notify_all();
    }
    [[nodiscard]] bool aborted() const override { return aborted_; }

    task<void> close() override {
        unlink();
        return below_->close();
    }

    [[nodiscard]] std::string peer() const override { return below_->peer(); }

    void reset() override {
        broken_ = true;
        below_->abort();
        hush_.notify_all();
    }

  private:
    bool loses() {
        using enum peer_way::conduct;
        lost_ = lost_ || way_.how == mute || way_.how == cut;
        return lost_ && !broken_;
    }

    task<error> hush() {
        while (!broken_ && !aborted_ && engine::now() < deadline_) {
            (void)co_await hush_.wait(deadline_);
        }
        if (broken_) co_return error{.code = errc::closed, .sys = ECONNRESET};
        co_return error{.code = aborted_ ? errc::cancelled : errc::timed_out};
    }

    std::unique_ptr<engine::stream> below_;
    peer_way& way_;
    std::uint64_t received_ = 0;
    bool lost_ = false;
    bool broken_ = false;
    bool aborted_ = false;
    time_point deadline_ = never;
    engine::wait_list hush_;
};

// To a listener, over a good way.
class straight_dialer final : public http::dialer {
  public:
    straight_dialer(const peer_way& way, listener& to) : way_(way), to_(to) {}

    task<result<http::dialed>> dial(time_point) override {
        if (!to_.listens()) co_return fail(errc::unavailable);
        auto [ours, theirs] = engine::simulated_stream::make_pair(way_.wire);
        to_.accept(std::move(theirs));
        co_return http::dialed{.stream = std::move(ours), .fd = -1};
    }

  private:
    const peer_way& way_;
    listener& to_;
};

class way_dialer final : public http::dialer {
  public:
    way_dialer(peer_way& way, std::unique_ptr<http::dialer> below)
        : way_(way), below_(std::move(below)) {}

    task<result<http::dialed>> dial(time_point until) override {
        ++way_.dials;
        if (way_.how == peer_way::conduct::cut) {
            co_await engine::sleep_until(until);
            co_return fail(errc::unavailable);
        }
        if (way_.how == peer_way::conduct::refusing) co_return fail(errc::unavailable);
        auto made = co_await below_->dial(until);
        if (!made) co_return made;
        co_return http::dialed{.stream = std::make_unique<peer_wire>(std::move(made->stream), way_),
                               .fd = -1};
    }

  private:
    peer_way& way_;
    std::unique_ptr<http::dialer> below_;
};

}  // namespace

void peer_way::reset() {
    if (wires.empty()) return;
    for (breakable* w = &wires.front(); w != nullptr; w = wires.next_of(*w)) w->reset();
}

std::unique_ptr<http::dialer> dial_over(peer_way& way, listener& to) {
    return dial_over(way, std::make_unique<straight_dialer>(way, to));
}

std::unique_ptr<http::dialer> dial_over(peer_way& way, std::unique_ptr<http::dialer> below) {
    return std::make_unique<way_dialer>(way, std::move(below));
}

}  // namespace lode::frontend
