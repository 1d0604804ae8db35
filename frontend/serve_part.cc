#include "frontend/serve_part.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "engine/runtime/started.h"
#include "frontend/clustering.h"
#include "frontend/findings.h"
#include "frontend/http/head_writer.h"
#include "frontend/origin/part_fetch.h"
#include "frontend/peer/part_exchange.h"

namespace lode::frontend {
namespace {

using peer::part_question;

// What is fetched comes in shorter steps, unless the origin is slow or out of reach.
constexpr duration usual_wait = std::chrono::milliseconds(300);

// As long as the store lets anybody wait for memory.
constexpr duration memory_patience = std::chrono::seconds(2);

// Of the answer to the line's last question.
std::string_view write_head(peer_line& line, unsigned status, bytes length,
                            const peer::part_answer& word) {
    return peer::write_reply_head(line.head, line.session, status, length, word);
}

class part_service {
  public:
    part_service(serving& here, peer_line& line, part_question q)
        : here_(here), line_(line), question_(std::move(q)), word_(own_word(here)) {
        word_.part = question_.id;
    }

    engine::task<bool> run() {
        here_.cluster->served.asked.add();
        auto asked = peer::version_of(question_, here_.node.settings.origin.gateway);
        if (!asked) co_return co_await refuse(asked.error());
        asked_ = std::move(*asked);
        part_ = asked_.version->part(asked_.index);
        note_heat();
        const bool ranged = question_.first < question_.end;
        if (ranged) wanted_ = chunks_of(question_.first, question_.end);

        const auto ready = co_await look();
        if (!ready) co_return co_await refuse(ready.error());
        word_.word = found_.word();
        word_.detail = found_.detail();
        if (peer::wants_bytes(question_)) co_return co_await send_bytes();
        co_return co_await send(write_head(line_, 200, bytes(0), word_), {});
    }

  private:
    static engine::chunk_range chunks_of(part_offset first, part_offset end) {
        const std::uint32_t begin = engine::chunk_of(first);
        return {.first = begin,
                .count = engine::chunk_of(part_offset(end.value() - 1)) - begin + 1};
    }

    // The rate of this part's questions, which decides over how many candidates they are spread.
    void note_heat() {
        if (question_.want == part_question::want_kind::copy) return;
        cluster::hot_parts& hot = here_.cluster->hot;
        const time_point now = engine::now();
        hot.asked(part_.id, question_.end - question_.first, question_.spread, now);
        word_.spread = hot.spread_of(part_.id, now);
    }

    // What is here, and the fill of what is not. One chunk in memory, the usual hit, costs one call to its home.
    engine::task<result<>> look() {
        using want = part_question::want_kind;
        if (peer::wants_bytes(question_) && wanted_.count == 1) {
            // Without waiting: what arrives, or comes from the device, may have to be announced first.
            lease_ = co_await read_until(question_.first, engine::now());
            if (lease_) {
                found_.saw(detail_of(lease_->source()));
                co_return result<>{};
            }
        }
        const bool purges = question_.want == want::purge;
        const bool only_looks = purges || question_.want == want::held;
        const engine::presence seen = wanted_.count > 0
                                          ? co_await here_.node.store.look(part_, wanted_)
                                          : co_await here_.node.store.look(part_);
        found_.saw(seen);
        if (only_looks) {
            word_.held = seen;
            if (purges) co_await here_.node.store.purge(part_);
            co_return result<>{};
        }
        const bool complete = seen.absent == 0 && seen.filling == 0;
        if (!complete && here_.way.cut_off()) co_return fail(errc::unavailable);
        if (seen.absent == 0) co_return result<>{};
        co_return co_await fill();
    }

    engine::task<result<>> fill() {
        if (here_.identity == nullptr) co_return fail(errc::denied);
        here_.cluster->served.filled.add();
        // A copy is not made of another copy.
        const bool copies = question_.want == part_question::want_kind::bytes;
        co_return co_await here_.node.store.fill(
            part_, wanted_,
            source_of(here_, question_, copies ? question_.spread : 1,
                      std::make_unique<origin::part_fetch>(here_.node.links,
                                                           origin::own_request(question_.name),
                                                           asked_.version, asked_.index)),
            engine::fill_extent::whole_part);
    }

    engine::task<result<engine::chunk_lease>> read(part_offset at) {
        const time_point until = engine::now() + here_.node.settings.origin.answer_timeout;
        if (found_.word() != cache_word::hit) return read_what_comes(at, until);
        return read_until(at, until);
    }

    engine::task<result<engine::chunk_lease>> read_until(part_offset at, time_point until) {
        const std::uint32_t chunk = engine::chunk_of(at);
        const bytes beyond = at - engine::chunk_begin(chunk);
        return here_.node.store.read(part_, chunk, until, beyond);
    }

    // A slow origin is waited for, and one that only this node cannot reach is left to others.
    engine::task<result<engine::chunk_lease>> read_what_comes(part_offset at, time_point until) {
        const time_point memory_until = engine::now() + memory_patience;
        for (;;) {
            const time_point then = std::min(until, engine::now() + usual_wait);
            auto got = co_await read_until(at, then);
            if (got || then == until) co_return got;
            const errc why = got.error().code;
            const bool waits =
                why == errc::timed_out || (why == errc::no_space && engine::now() < memory_until);
            if (!waits) co_return got;
            if (why == errc::timed_out) here_.way.doubt();
            if (here_.way.cut_off()) co_return fail(errc::unavailable);
        }
    }

    // What was evicted a moment ago.
    engine::task<result<engine::chunk_lease>> bring_back(part_offset at, error why) {
        if (why.code != errc::not_found) co_return std::unexpected(why);
        wanted_ = chunks_of(at, question_.end);
        auto begun = co_await fill();
        if (!begun) co_return std::unexpected(begun.error());
        co_return co_await read(at);
    }

    // What is here goes out together with the head. What must be fetched is announced by it, so that the
    // peer can tell a slow origin from a dead node.
    engine::task<bool> send_bytes() {
        const bytes length = question_.end - question_.first;
        if (found_.word() != cache_word::hit) {
            const auto announced = co_await send(write_head(line_, 206, length, word_), {});
            if (!announced) co_return false;
        }
        result<engine::chunk_lease> lease = std::move(lease_);
        if (!lease) lease = co_await read(question_.first);
        if (!lease) lease = co_await bring_back(question_.first, lease.error());
        if (found_.word() == cache_word::hit) {
            if (!lease) co_return co_await refuse(lease.error());
            head_ = write_head(line_, 206, length, word_);
        }
        counter& in_flight = here_.cluster->served.in_flight;
        in_flight.add(length.count());
        const bool whole = co_await send_chunks(std::move(lease));
        in_flight.subtract(length.count());
        if (!whole) {
            here_.cluster->served.broken.add();
            line_.stream.abort();
        }
        co_return whole;
    }

    engine::task<bool> send_chunks(result<engine::chunk_lease> got) {
        engine::started<result<engine::chunk_lease>> next;
        part_offset at = question_.first;
        while (got) {
            const engine::chunk_lease lease = std::move(*got);
            const part_offset begin = engine::chunk_begin(engine::chunk_of(at));
            // A chunk that still arrives is sent as far as it has.
            const std::size_t from = (at - begin).count();
            const std::size_t end =
                std::min<std::size_t>(lease.data().size(), (question_.end - begin).count());
            if (end <= from) co_return false;
            at = begin + bytes(end);
            if (at < question_.end) next.start(read(at));
            const bool sent =
                co_await send(std::exchange(head_, {}), lease.data().subspan(from, end - from));
            if (at == question_.end) co_return sent;
            got = co_await next;
            if (!sent) co_return false;
            if (!got) got = co_await bring_back(at, got.error());
        }
        co_return false;
    }

    engine::task<bool> send(std::string_view head, std::span<const std::byte> data) {
        std::array<iovec, 2> pieces = {http::piece_of(head), http::piece_of(data)};
        std::span<iovec> some(pieces);
        if (data.empty()) some = some.first(1);
        if (head.empty()) some = some.subspan(1);
        line_.stream.expire_at(engine::now() + here_.node.settings.limits.body_timeout);
        const auto sent = co_await line_.stream.send(some);
        if (sent) here_.cluster->served.bytes_out.add(data.size());
        co_return sent.has_value();
    }

    engine::task<bool> refuse(error why) {
        here_.cluster->served.refused.add();
        co_return co_await send(write_head(line_, peer::status_of(why.code), bytes(0), word_), {});
    }

    serving& here_;
    peer_line& line_;
    part_question question_;
    peer::asked_part asked_;
    engine::part_key part_{};
    engine::chunk_range wanted_;
    findings found_;
    peer::part_answer word_;
    result<engine::chunk_lease> lease_ =
        fail(errc::not_found);  // of the first chunk, if it was here
    std::string_view head_;     // not sent yet; goes out with the first bytes
};

}  // namespace

peer::part_answer own_word(const serving& here) {
    return {.load = load_of(here.node),
            .view = here.cluster->peers.view()->digest(),
            .state = state_of(*here.cluster)};
}

engine::task<bool> serve_part(serving& here, peer_line& line, peer::part_question question) {
    part_service service(here, line, std::move(question));
    co_return co_await service.run();
}

engine::task<bool> serve_state(serving& here, peer_line& line) {
    iovec piece = http::piece_of(write_head(line, 200, bytes(0), own_word(here)));
    line.stream.expire_at(engine::now() + here.node.settings.limits.body_timeout);
    co_return (co_await line.stream.send({&piece, 1})).has_value();
}

}  // namespace lode::frontend
