#include "frontend/peer/part_reading.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/assert.h"

namespace lode::frontend::peer {
namespace {

// No other candidate would say anything else.
bool holds_everywhere(errc why) {
    return why == errc::changed || why == errc::not_found || why == errc::too_large;
}

}  // namespace

struct part_reading::attempt {
    attempt(peers& all, part_question q, peer_ptr peer, http::relay_buffers* buffers)
        : question(std::move(q)),
          call(std::make_shared<part_call>(all, std::move(peer), buffers)) {}

    part_question question;
    std::shared_ptr<part_call> call;
    std::optional<result<part_answer>> answer;
    std::shared_ptr<engine::wait_list> news;
};

part_reading::part_reading(peers& all, part_question q, peer_ptr first_asked, others o,
                           http::relay_buffers* buffers)
    : all_(all),
      question_(std::move(q)),
      others_(o),
      next_(std::move(first_asked)),
      buffers_(buffers) {}

engine::task<result<part_answer>> part_reading::open() {
    while (next_ != nullptr && tried_count_ < tried_.size()) {
        peer_ptr peer = std::move(next_);
        note_tried(peer);
        question_.spread = all_.spread_of(question_.id);
        // What is only to be brought in is not late, and a rival would bring in a copy of it.
        const bool rivals =
            others_ == others::may_be_asked && wants_bytes(question_) && !all_.closing();
        const auto head_start = rivals ? peer->health.hedge_after(engine::now()) : std::nullopt;
        auto answer = head_start ? co_await race(std::move(peer), *head_start)
                                 : co_await ask(std::move(peer));
        // Of two rivals the one that was not told of the end may have answered.
        if (aborted_) co_return fail(errc::cancelled);
        if (answer) co_return answer;
        if (all_.closing()) co_return fail(errc::cancelled);
        if (holds_everywhere(answer.error().code) || others_ == others::do_not_count) {
            co_return answer;
        }
        choose_next();
    }
    co_return fail(errc::unavailable);
}

void part_reading::note_tried(const peer_ptr& peer) {
    if (tried_count_ < tried_.size()) tried_[tried_count_++] = peer.get();
}

void part_reading::choose_next() {
    next_ = all_.choose(question_.id, std::span(tried_).first(tried_count_));
}

engine::task<result<part_answer>> part_reading::ask(peer_ptr peer) {
    call_ = std::make_shared<part_call>(all_, std::move(peer), buffers_);
    return call_->ask(question_);
}

// The first one has a head start: nearly always it answers within it.
engine::task<result<part_answer>> part_reading::race(peer_ptr first, duration head_start) {
    const auto news = std::make_shared<engine::wait_list>();
    std::array<std::shared_ptr<attempt>, 2> runners;
    const auto begin = [&](std::size_t n, peer_ptr peer) {
        runners[n] = std::make_shared<attempt>(all_, question_, std::move(peer), buffers_);
        // A rival that lacks the part copies it from its owner: the origin is not asked twice.
        if (n > 0) runners[n]->question.spread = std::max(question_.spread, 2U);
        runners[n]->news = news;
        call_ = runners[n]->call;
        all_.background(run(runners[n]));
    };
    all_.hedges().earn();
    begin(0, std::move(first));
    if (!runners[0]->answer) (void)co_await news->wait(engine::now() + head_start);
    if (!runners[0]->answer && !aborted_) {
        choose_next();
        if (next_ != nullptr && all_.hedges().try_spend()) {
            runners[0]->call->peer()->counts.rivalled.add();
            note_tried(next_);
            begin(1, std::move(next_));
        }
        next_ = nullptr;
    }
    result<part_answer> outcome = fail(errc::unavailable);
    for (;;) {
        bool pending = false;
        for (const auto& r : runners) {
            if (r == nullptr || (r->answer && !*r->answer)) continue;
            if (!r->answer) {
                pending = true;
                continue;
            }
            call_ = r->call;
            for (const auto& other : runners) {
                if (other == nullptr || other == r) continue;
                other->call->abandon(part_call::reason::another_answer);
            }
            co_return *r->answer;
        }
        if (!pending) break;
        (void)co_await news->wait();
    }
    for (const auto& r : runners) {
        if (r != nullptr) outcome = *r->answer;
        if (holds_everywhere(outcome.error().code)) break;
    }
    co_return outcome;
}

engine::task<void> part_reading::run(std::shared_ptr<attempt> a) {
    a->answer = co_await a->call->ask(a->question);
    a->news->notify_all();
}

part_reading::ahead part_reading::take_ahead() {
    LODE_ASSERT(kept_ == nullptr);
    if (call_ == nullptr || !call_->open() || call_->memory().empty()) return {};
    kept_ = call_;
    const auto came = call_->take_ahead();
    if (came.empty()) return {};
    question_.first += bytes(came.size());
    const auto all = call_->memory();
    const auto end = static_cast<std::size_t>(came.data() + came.size() - all.data());
    return {.came = came, .room = all.subspan(end)};
}

engine::task<result<std::size_t>> part_reading::read(std::span<std::byte> into,
                                                     engine::pipe* past) {
    for (;;) {
        if (position() == question_.end) {
            end();
            co_return std::size_t{0};
        }
        if (call_ == nullptr || !call_->open()) {
            const bool first = tried_count_ == 0;
            if (!first && others_ == others::do_not_count) co_return fail(errc::unavailable);
            if (next_ == nullptr) choose_next();
            auto answer = co_await open();
            if (!answer) co_return std::unexpected(answer.error());
        }
        auto got = co_await call_->read(into, left(), past);
        if (got) {
            question_.first += bytes(*got);
            co_return got;
        }
        if (all_.closing() || aborted_) co_return fail(errc::cancelled);
    }
}

void part_reading::end() {
    if (call_ != nullptr) call_->end();
}

engine::task<result<part_answer>> ask_only(peers& all, part_question question, peer_ptr whom) {
    part_reading asking(all, std::move(question), std::move(whom),
                        part_reading::others::do_not_count);
    auto answer = co_await asking.open();
    if (answer) asking.end();
    co_return answer;
}

void part_reading::abort() {
    aborted_ = true;
    if (call_ != nullptr) call_->abandon(part_call::reason::another_answer);
}

}  // namespace lode::frontend::peer
