#include "frontend/client_sink.h"

#include "frontend/http/head_writer.h"

namespace lode::frontend {

engine::task<result<std::span<std::byte>>> client_sink::room() {
    if (auto flushed = co_await flush(); !flushed) co_return std::unexpected(flushed.error());
    co_return memory_;
}

engine::task<result<>> client_sink::flush() {
    if (filled_ == 0) co_return result<>{};
    const auto data = std::span<const std::byte>(memory_).first(std::exchange(filled_, 0));
    iovec piece = http::piece_of(data);
    co_return co_await out_.send({&piece, 1}, bytes(data.size()));
}

}  // namespace lode::frontend
