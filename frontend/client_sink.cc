#include "frontend/client_sink.h"

#include <array>

#include "frontend/http/head_writer.h"

namespace lode::frontend {

engine::task<result<std::span<std::byte>>> client_sink::room() {
    if (auto flushed = co_await flush(); !flushed) co_return std::unexpected(flushed.error());
    co_return memory_;
}

engine::task<result<>> client_sink::flush() {
    if (filled_ == 0) co_return result<>{};
    const auto data = std::span<const std::byte>(memory_).first(std::exchange(filled_, 0));
    std::array<iovec, 2> pieces = {http::piece_of(head_), http::piece_of(data)};
    const bool first = !head_.empty();
    head_ = {};
    auto sent = co_await out_.send(std::span(pieces).subspan(first ? 0 : 1), bytes(data.size()));
    broken_ = !sent;
    co_return sent;
}

}  // namespace lode::frontend
