// frontend/sealing/plaintext_buffers.h
//
// Memory for chunks that were opened and are on their way to a client. A chunk has to be whole before
// its tag can be compared, and not a byte may leave before that.
//
//   Core      One.
//   Memory    At most `bytes_max`. Of full size, `kept_max` are kept; all are wiped when they come back.
//   Lifetime  Outlives its buffers.
//   Limits    When all is taken, nobody waits: the request goes on without the cache.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/assert.h"
#include "frontend/sealing/sealed_layout.h"

namespace lode::frontend::sealing {

class plaintext_buffers {
  public:
    static constexpr std::size_t bytes_max = std::size_t{64} << 20U;
    static constexpr std::size_t kept_max = 8;

    class buffer {
      public:
        buffer(buffer&& other) noexcept
            : home_(other.home_), memory_(std::move(other.memory_)), size_(other.size_) {}
        buffer& operator=(buffer&&) = delete;
        ~buffer() {
            if (memory_ != nullptr) home_.take_back(std::move(memory_), size_);
        }

        [[nodiscard]] std::span<std::byte> memory() const { return {memory_.get(), size_}; }

      private:
        friend plaintext_buffers;
        buffer(plaintext_buffers& home, std::unique_ptr<std::byte[]> memory, std::size_t size)
            : home_(home), memory_(std::move(memory)), size_(size) {}

        plaintext_buffers& home_;
        std::unique_ptr<std::byte[]> memory_;
        std::size_t size_;
    };

    plaintext_buffers() { kept_.reserve(kept_max); }

    // For a slice of this length, at most slice_size.
    [[nodiscard]] std::optional<buffer> take(bytes length) {
        const std::size_t size = length.count();
        LODE_ASSERT(length <= slice_size);
        if (taken_ + size > bytes_max) return std::nullopt;
        taken_ += size;
        if (length == slice_size && !kept_.empty()) {
            auto memory = std::move(kept_.back());
            kept_.pop_back();
            return buffer(*this, std::move(memory), size);
        }
        return buffer(*this, std::unique_ptr<std::byte[]>(new std::byte[size]), size);
    }

    [[nodiscard]] std::size_t taken() const { return taken_; }

  private:
    void take_back(std::unique_ptr<std::byte[]> memory, std::size_t size);

    std::vector<std::unique_ptr<std::byte[]>> kept_;
    std::size_t taken_ = 0;
};

}  // namespace lode::frontend::sealing
