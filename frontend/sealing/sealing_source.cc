#include "frontend/sealing/sealing_source.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <openssl/crypto.h>

#include "engine/base/assert.h"
#include "frontend/sealing/chunk_seal.h"
#include "frontend/sealing/sealed_layout.h"

namespace lode::frontend::sealing {
namespace {

// Takes plaintext from a source and pours sealed chunks into the store. What was received is sealed when
// the source asks for room again, because only then we may wait for a frame.
class sealing_sink final : public engine::fill_sink {
  public:
    sealing_sink(const content_key& key, bytes plain_length, std::uint32_t chunk,
                 engine::fill_sink& out)
        : sealer_(key),
          plain_length_(plain_length),
          chunk_(chunk),
          out_(out),
          // Uninitialised on purpose: what is not used costs nothing.
          buffer_(new std::byte[sealing_source::buffer_size]) {}
    ~sealing_sink() { OPENSSL_cleanse(buffer_.get(), used_); }

    engine::task<result<std::span<std::byte>>> room() override {
        if (auto flushed = co_await flush(); !flushed) co_return std::unexpected(flushed.error());
        co_return std::span(buffer_.get(), sealing_source::buffer_size);
    }

    void advance(std::size_t n) override {
        LODE_ASSERT(filled_ + n <= sealing_source::buffer_size);
        filled_ += n;
        used_ = std::max(used_, filled_);
    }

    engine::task<result<>> flush() {
        auto plain = std::span<const std::byte>(buffer_.get(), std::exchange(filled_, 0));
        while (!plain.empty()) {
            auto piece = plain.first(std::min<std::uint64_t>(plain.size(), left_in_slice()));
            if (auto sealed = co_await seal(piece); !sealed) co_return sealed;
            plain = plain.subspan(piece.size());
        }
        co_return result<>{};
    }

  private:
    [[nodiscard]] std::uint64_t left_in_slice() const {
        return (slice_length(plain_length_, chunk_) - done_).count();
    }

    // A piece of the present slice.
    engine::task<result<>> seal(std::span<const std::byte> plain) {
        if (done_ == bytes(0)) {
            std::array<std::byte, nonce_length.count()> nonce;
            sealer_.begin(chunk_, nonce);
            if (auto put = co_await pour(nonce); !put) co_return put;
        }
        while (!plain.empty()) {
            auto room = co_await out_.room();
            if (!room) co_return std::unexpected(room.error());
            const std::size_t n = std::min(room->size(), plain.size());
            sealer_.seal(plain.first(n), room->first(n));
            out_.advance(n);
            plain = plain.subspan(n);
            done_ += bytes(n);
        }
        if (left_in_slice() > 0) co_return result<>{};
        std::array<std::byte, tag_length.count()> tag;
        sealer_.finish(tag);
        done_ = bytes(0);
        ++chunk_;
        co_return co_await pour(tag);
    }

    engine::task<result<>> pour(std::span<const std::byte> data) {
        while (!data.empty()) {
            auto room = co_await out_.room();
            if (!room) co_return std::unexpected(room.error());
            const std::size_t n = std::min(room->size(), data.size());
            std::memcpy(room->data(), data.data(), n);
            out_.advance(n);
            data = data.subspan(n);
        }
        co_return result<>{};
    }

    chunk_sealer sealer_;
    bytes plain_length_;
    std::uint32_t chunk_;
    bytes done_;  // of the present slice
    engine::fill_sink& out_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t filled_ = 0;  // plaintext that is not sealed yet
    std::size_t used_ = 0;    // of the buffer, ever
};

}  // namespace

engine::task<result<>> sealing_source::fetch(part_offset first, bytes length,
                                             engine::fill_sink& sink) {
    const bytes whole = sealed_length(plain_length_);
    const part_offset end = first + length;
    const bool begins = bytes(first.value()) % chunk_size == bytes(0);
    const bool ends = bytes(end.value()) % chunk_size == bytes(0) || bytes(end.value()) == whole;
    if (length == bytes(0) || !begins || !ends || bytes(end.value()) > whole) {
        co_return fail(errc::invalid);
    }
    const plain_range wanted = plain_range_of(first, length);
    sealing_sink sealing(key_, plain_length_, engine::chunk_of(first), sink);
    auto fetched = co_await plain_->fetch(wanted.first, wanted.length, sealing);
    // Also after a failure: what has arrived may complete a chunk.
    auto flushed = co_await sealing.flush();
    co_return fetched ? flushed : fetched;
}

}  // namespace lode::frontend::sealing
