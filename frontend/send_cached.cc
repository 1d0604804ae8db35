#include "frontend/send_cached.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/runtime/started.h"
#include "frontend/cache_status.h"
#include "frontend/fetch_rights.h"
#include "frontend/origin/part_fetch.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/range.h"

namespace lode::frontend {
namespace {

using engine::chunk_lease;
using engine::chunk_range;

// What a request wants of an object version.
struct wanted_bytes {
    bool partial = false;
    part_offset first;
    part_offset end;  // one past the last byte; equal to first for an empty object

    [[nodiscard]] bytes length() const { return end - first; }
    [[nodiscard]] chunk_range chunks() const {
        if (first == end) return {};
        const std::uint32_t begin = engine::chunk_of(first);
        return {.first = begin,
                .count = engine::chunk_of(part_offset(end.value() - 1)) - begin + 1};
    }
};

// Nothing when the range cannot be satisfied.
std::optional<wanted_bytes> wanted_of(const request& r, bytes size) {
    const auto text = http::find_header(r.head.headers, "range");
    if (text) {
        const s3::resolved_range range = s3::resolve(s3::parse_range(*text), size);
        if (range.outcome == s3::range_outcome::unsatisfiable) return std::nullopt;
        if (range.outcome == s3::range_outcome::part) {
            return wanted_bytes{.partial = true,
                                .first = part_offset(range.range.first.value()),
                                .end = part_offset(range.range.last.value() + 1)};
        }
    }
    return wanted_bytes{.first = part_offset(0), .end = part_offset(size.count())};
}

cache_detail detail_of(engine::chunk_source s) {
    switch (s) {
        case engine::chunk_source::memory: return cache_detail::memory;
        case engine::chunk_source::disk: return cache_detail::disk;
        case engine::chunk_source::filling: return cache_detail::filling;
    }
    return cache_detail::none;
}

// How much of the wanted bytes was here when the request came.
struct findings {
    bool filled_for_us = false;
    cache_detail slowest = cache_detail::memory;

    void saw(cache_detail d) { slowest = std::max(slowest, d); }
    // The tier says something about a hit; a miss came from the origin whatever held it meanwhile.
    [[nodiscard]] cache_detail detail() const {
        return filled_for_us ? cache_detail::none : slowest;
    }
    [[nodiscard]] cache_word word() const {
        if (filled_for_us) return cache_word::miss;
        return slowest == cache_detail::filling ? cache_word::filling : cache_word::hit;
    }
};

class cached_answer {
  public:
    cached_answer(serving& here, client& out, const request& r, const origin::object_name& name,
                  origin::version_ptr version, wanted_bytes wanted)
        : here_(here),
          out_(out),
          request_(r),
          name_(name),
          version_(std::move(version)),
          wanted_(wanted) {}

    engine::task<sent_cached> run() {
        if (wanted_.length() == bytes(0)) {
            auto sent = co_await out_.send_head(head({}));
            if (!sent) out_.break_off();
            co_return sent_cached::done;
        }
        findings found;
        auto lease = co_await first_chunk(found);
        if (!lease) co_return before_head(lease.error());
        found.saw(detail_of(lease->source()));
        out_.record().cache = found.word();
        out_.record().detail = found.detail();
        co_await send_chunks(std::move(*lease), head(found));
        co_return sent_cached::done;
    }

  private:
    // Decides whether there will be an answer from here at all. One chunk that is here, the common case
    // of a small object, costs one look at its home.
    engine::task<result<chunk_lease>> first_chunk(findings& found) {
        const chunk_range chunks = wanted_.chunks();
        if (chunks.count == 1) {
            auto lease = co_await read(chunks.first);
            if (lease || lease.error().code != errc::not_found) co_return lease;
        }
        auto ready = co_await prepare(found);
        if (!ready) co_return std::unexpected(ready.error());
        co_return co_await read(chunks.first);
    }

    // Sees what is here and has the rest filled.
    engine::task<result<>> prepare(findings& found) {
        const chunk_range chunks = wanted_.chunks();
        const engine::presence here = co_await here_.node.store.look(version_->part, chunks);
        if (here.disk > 0) found.saw(cache_detail::disk);
        if (here.filling > 0) found.saw(cache_detail::filling);
        if (here.absent == 0) co_return result<>{};
        found.filled_for_us = true;
        if (request_.what.no_cache) co_return fail(errc::not_found);
        auto request = fetch_request_for(here_, request_, name_);
        if (!request) co_return std::unexpected(request.error());
        co_return co_await here_.node.store.fill(
            version_->part, chunks,
            std::make_unique<origin::part_fetch>(here_.node.links, std::move(*request), version_));
    }

    engine::task<result<chunk_lease>> read(std::uint32_t chunk) {
        const time_point until = engine::now() + here_.node.settings.origin.answer_timeout;
        return here_.node.store.read(version_->part, chunk, until);
    }

    static sent_cached before_head(error why) {
        return why.code == errc::changed ? sent_cached::changed : sent_cached::not_possible;
    }

    std::string_view head(const findings& found) {
        http::head_writer writer = out_.head(wanted_.partial ? 206 : 200);
        writer.lines(version_->headers);
        writer.content_length(wanted_.length()).field("Accept-Ranges", "bytes");
        if (wanted_.partial) {
            const s3::byte_range range{.first = object_offset(wanted_.first.value()),
                                       .last = object_offset(wanted_.end.value() - 1)};
            out_.scratch().clear();
            s3::append_content_range(range, version_->size, out_.scratch());
            writer.field("Content-Range", out_.scratch());
        }
        std::array<char, s3::http_date_length> date;
        writer.field("Date", s3::format_http_date(
                                 std::chrono::floor<std::chrono::seconds>(request_.when), date));
        writer.field("x-amz-request-id", request_.id);
        add_cache_status(writer, here_.node.cache_name, found.word(), found.detail(),
                         out_.scratch());
        return out_.finish_head(writer);
    }

    // The part of a chunk's bytes that the client wants.
    [[nodiscard]] std::span<const std::byte> slice(std::uint32_t chunk,
                                                   std::span<const std::byte> data) const {
        const part_offset begin = engine::chunk_begin(chunk);
        const part_offset first = std::max(begin, wanted_.first);
        const part_offset end = std::min(begin + bytes(data.size()), wanted_.end);
        return data.subspan((first - begin).count(), (end - first).count());
    }

    engine::task<void> send_chunks(chunk_lease lease, std::string_view head) {
        const chunk_range chunks = wanted_.chunks();
        engine::started<result<chunk_lease>> ahead;
        for (std::uint32_t i = 0; i < chunks.count; ++i) {
            const std::uint32_t chunk = chunks.first + i;
            if (i + 1 < chunks.count) ahead.start(read(chunk + 1));
            const auto data = slice(chunk, lease.data());
            std::array<iovec, 2> pieces = {http::piece_of(head), http::piece_of(data)};
            auto sent =
                co_await out_.send(std::span(pieces).subspan(i == 0 ? 0 : 1), bytes(data.size()));
            lease.give_back();
            if (!ahead.pending()) {
                if (!sent) out_.break_off();
                co_return;
            }
            auto next = co_await ahead;
            if (!sent) co_return out_.break_off();
            if (!next) co_return co_await send_rest(engine::chunk_begin(chunk + 1));
            lease = std::move(*next);
        }
    }

    // The store lost its chunk, or has no memory for it: from here on the origin's bytes directly.
    engine::task<void> send_rest(part_offset from) {
        auto request = fetch_request_for(here_, request_, name_);
        if (!request) co_return out_.break_off();
        origin::part_fetch rest(here_.node.links, std::move(*request), version_);
        const relay_buffers::buffer buffer = here_.buffers.take();
        client_sink sink(out_, buffer.memory());
        auto done = co_await rest.fetch(from, wanted_.end - from, sink);
        if (done) done = co_await sink.flush();
        if (done) co_return;
        if (done.error().code == errc::changed) co_await here_.gateway.forget(name_);
        out_.break_off();
    }

    // Lets a part_fetch pour into the client's socket.
    class client_sink final : public engine::fill_sink {
      public:
        client_sink(client& out, std::span<std::byte> memory) : out_(out), memory_(memory) {}

        engine::task<result<std::span<std::byte>>> room() override {
            if (auto flushed = co_await flush(); !flushed) {
                co_return std::unexpected(flushed.error());
            }
            co_return memory_;
        }
        void advance(std::size_t n) override { filled_ = n; }

        engine::task<result<>> flush() {
            if (filled_ == 0) co_return result<>{};
            const auto data = std::span<const std::byte>(memory_).first(std::exchange(filled_, 0));
            iovec piece = http::piece_of(data);
            co_return co_await out_.send({&piece, 1}, bytes(data.size()));
        }

      private:
        client& out_;
        std::span<std::byte> memory_;
        std::size_t filled_ = 0;
    };

    serving& here_;
    client& out_;
    const request& request_;
    const origin::object_name& name_;
    origin::version_ptr version_;
    wanted_bytes wanted_;
};

engine::task<void> refuse_range(client& out, const request& r, bytes size) {
    const std::string size_field = s3::unsatisfied_content_range(size);
    const http::header field{.name = "Content-Range", .value = size_field};
    auto sent = co_await out.send_error(r, s3::s3_error::invalid_range, {&field, 1});
    if (!sent) out.break_off();
}

}  // namespace

engine::task<sent_cached> send_cached(serving& here, client& out, const request& r,
                                      const origin::object_name& name,
                                      origin::version_ptr version) {
    const auto wanted = wanted_of(r, version->size);
    if (!wanted) {
        co_await refuse_range(out, r, version->size);
        co_return sent_cached::done;
    }
    cached_answer answer(here, out, r, name, std::move(version), *wanted);
    co_return co_await answer.run();
}

}  // namespace lode::frontend
