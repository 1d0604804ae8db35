#include "frontend/http/chunk_writer.h"

#include <charconv>

#include "engine/base/assert.h"
#include "frontend/http/head_writer.h"

namespace lode::frontend::http {
namespace {

constexpr std::string_view line_end = "\r\n";

bool changes_framing(const header& h) {
    return equal_ignoring_case(h.name, "content-length") ||
           equal_ignoring_case(h.name, "transfer-encoding") || equal_ignoring_case(h.name, "host");
}

}  // namespace

engine::task<result<>> chunk_writer::send(engine::stream& to, std::span<const std::byte> payload,
                                          std::string_view head) {
    std::array<iovec, pieces_max> all{};
    std::size_t count = 0;
    if (!head.empty()) all[count++] = piece_of(head);
    if (!payload.empty()) {
        for (const iovec& piece : pieces(payload)) all[count++] = piece;
    }
    co_return co_await to.send(std::span(all).first(count));
}

engine::task<result<>> chunk_writer::finish(engine::stream& to, std::span<const header> trailers,
                                            std::string_view head) {
    ending_.assign("0\r\n");
    for (const header& h : trailers) {
        if (!changes_framing(h)) append_field(ending_, h.name, h.value);
    }
    ending_.append(line_end);
    std::array<iovec, 2> all{};
    std::size_t count = 0;
    if (!head.empty()) all[count++] = piece_of(head);
    all[count++] = piece_of(ending_);
    co_return co_await to.send(std::span(all).first(count));
}

std::array<iovec, 3> chunk_writer::pieces(std::span<const std::byte> payload) {
    LODE_ASSERT(!payload.empty());
    auto [end, error] =
        std::to_chars(line_.data(), line_.data() + line_.size() - 2, payload.size(), 16);
    LODE_ASSERT(error == std::errc());
    *end++ = '\r';
    *end++ = '\n';
    const std::string_view line(line_.data(), static_cast<std::size_t>(end - line_.data()));
    return {piece_of(line), piece_of(payload), piece_of(line_end)};
}

}  // namespace lode::frontend::http
