#include "frontend/tee_answer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "frontend/cache_status.h"
#include "frontend/chunk_walk.h"
#include "frontend/fetch_rights.h"
#include "frontend/pass_through.h"
#include "frontend/s3/range.h"

namespace lode::frontend {
namespace {

// Which bytes of the object the answer carries; nothing when it does not say so clearly.
std::optional<s3::byte_range> bytes_in(const http::response_head& head, bytes object_size) {
    if (head.body != http::framing::length || head.content_length == bytes(0)) return std::nullopt;
    s3::byte_range range{.first = object_offset(0),
                         .last = object_offset(head.content_length.count() - 1)};
    if (head.status == 206) {
        const auto text = http::find_header(head.headers, "content-range");
        const auto stated = s3::parse_content_range(text.value_or(""));
        if (!stated || !stated->range) return std::nullopt;
        range = *stated->range;
    } else if (head.status != 200 || head.content_length != object_size) {
        return std::nullopt;
    }
    if (range.length() != head.content_length) return std::nullopt;
    if (range.last >= object_offset(object_size.count())) return std::nullopt;
    return range;
}

// Receives exactly `into.size()` bytes.
engine::task<result<>> receive_all(origin::exchange& answer, std::span<std::byte> into) {
    while (!into.empty()) {
        answer.expect_progress();
        auto got = co_await answer.reader().read_body(into);
        if (!got) co_return std::unexpected(got.error());
        if (*got == 0) co_return fail(errc::closed);
        into = into.subspan(*got);
    }
    co_return result<>{};
}

class tee {
  public:
    tee(serving& here, client& out, const request& r, origin::exchange& answer,
        const origin::object_version& version, std::string_view head)
        : here_(here), out_(out), request_(r), answer_(answer), version_(version), head_(head) {}

    // Returns whether everything has arrived from the origin and been sent.
    engine::task<bool> run(s3::byte_range range) {
        for (chunk_walk at(version_, range.first, range.last + bytes(1)); !at.at_end();
             at.next_chunk()) {
            const bytes wanted(at.end_in_chunk() - at.first_in_chunk());
            const bool whole = wanted == at.chunk_length();
            const result<> moved = whole
                                       ? co_await whole_chunk(at.part().stored, at.chunk(), wanted)
                                       : co_await plain(wanted);
            if (!moved) {
                co_await out_.refuse(request_, moved.error());
                co_return false;
            }
        }
        answer_.finish();
        co_return true;
    }

  private:
    engine::task<result<>> whole_chunk(engine::part_key part, std::uint32_t chunk, bytes length) {
        auto claim = co_await here_.node.store.claim(part, chunk);
        if (!claim) co_return co_await plain(length);
        auto received = co_await receive_all(answer_, claim->memory());
        if (!received) co_return received;
        const engine::chunk_lease lease = claim->publish();
        co_return co_await send(lease.data());
    }

    engine::task<result<>> plain(bytes length) {
        const http::relay_buffers::buffer buffer = here_.buffers.take();
        while (length > bytes(0)) {
            auto room = buffer.memory();
            room = room.first(std::min<std::uint64_t>(room.size(), length.count()));
            answer_.expect_progress();
            auto got = co_await answer_.reader().read_body(room);
            if (!got) co_return std::unexpected(got.error());
            if (*got == 0) co_return fail(errc::closed);
            auto sent = co_await send(room.first(*got));
            if (!sent) co_return sent;
            length -= bytes(*got);
        }
        co_return result<>{};
    }

    engine::task<result<>> send(std::span<const std::byte> data) {
        std::array<iovec, 2> pieces = {http::piece_of(head_), http::piece_of(data)};
        const bool first = !head_.empty();
        head_ = {};
        co_return co_await out_.send(std::span(pieces).subspan(first ? 0 : 1), bytes(data.size()));
    }

    serving& here_;
    client& out_;
    const request& request_;
    origin::exchange& answer_;
    const origin::object_version& version_;
    std::string_view head_;  // not sent yet; goes out with the first bytes
};

// What passes by completes neither the chunks that the range only touches nor their parts: those are
// filled beside it, if we may ask for them. Nobody waits: a fill that cannot be begun is no loss to this
// request.
engine::task<void> fill_around(serving& here, const request& r, const origin::version_ptr& version,
                               s3::byte_range range) {
    const std::uint32_t first = version->layout.part_with(range.first);
    const std::uint32_t last = version->layout.part_with(range.last);
    for (const std::uint32_t index : {first, last}) {
        const origin::part_extent extent = version->layout.at(index);
        const bool whole = range.first <= extent.first && extent.end() <= range.last + bytes(1);
        auto request = fetch_request_for(here, r);
        if (whole || !request) continue;
        (void)co_await here.node.store.fill(
            version->part(index), {},
            std::make_unique<origin::part_fetch>(here.node.links, std::move(*request), version,
                                                 index),
            engine::fill_extent::whole_part);
        if (first == last) co_return;
    }
}

}  // namespace

engine::task<void> tee_answer(serving& here, client& out, const request& r, origin::verdict& word) {
    origin::exchange& answer = *word.answer;
    // Plaintext of a sealed part must not lie in a frame: it is filled by send_cached(), not teed.
    const bool wanted = word.version != nullptr && !r.what.no_cache && !r.customer_key &&
                        word.version->size >= here.node.settings.cache.object_min;
    const auto range = wanted ? bytes_in(answer.head(), word.version->size) : std::nullopt;
    if (!range) co_return co_await relay_answer(here, out, r, answer);

    out.record().cache = cache_word::miss;
    http::head_writer writer = relayed_head(out, answer.head());
    add_cache_status(writer, here.node.cache_name, cache_word::miss, cache_detail::none,
                     out.scratch());
    tee work(here, out, r, answer, *word.version, out.finish_head(writer));
    const bool whole = co_await work.run(*range);
    if (!whole) co_return;
    co_await here.gateway.remember(r.name, word.version, word.asked);
    co_await fill_around(here, r, word.version, *range);
}

}  // namespace lode::frontend
