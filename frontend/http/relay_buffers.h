// frontend/http/relay_buffers.h
//
// Memory for bytes that pass through without being cached. A few large buffers per core, for speed;
// when they are all taken, small ones, so that a crowd of uploads costs little and nobody waits.
//
//   Core      One.
//   Memory    At most `large_max` * 256 KiB, kept once taken; beyond that 32 KiB per relay, given back.
//   Lifetime  Outlives its buffers.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace lode::frontend::http {

class relay_buffers {
  public:
    static constexpr std::size_t large_size = std::size_t{256} << 10U;
    static constexpr std::size_t small_size = std::size_t{32} << 10U;
    static constexpr std::size_t large_max = 48;

    class buffer {
      public:
        buffer(buffer&& other) noexcept
            : home_(other.home_), memory_(std::move(other.memory_)), size_(other.size_) {}
        buffer& operator=(buffer&&) = delete;
        ~buffer() {
            if (memory_ != nullptr && size_ == large_size)
                home_.free_.push_back(std::move(memory_));
        }

        [[nodiscard]] std::span<std::byte> memory() const { return {memory_.get(), size_}; }

      private:
        friend relay_buffers;
        buffer(relay_buffers& home, std::unique_ptr<std::byte[]> memory, std::size_t size)
            : home_(home), memory_(std::move(memory)), size_(size) {}

        relay_buffers& home_;
        std::unique_ptr<std::byte[]> memory_;
        std::size_t size_;
    };

    relay_buffers() { free_.reserve(large_max); }

    [[nodiscard]] buffer take() {
        if (!free_.empty()) {
            auto taken = std::move(free_.back());
            free_.pop_back();
            return {*this, std::move(taken), large_size};
        }
        // Uninitialised on purpose: what is not used is never touched, and costs no memory.
        const std::size_t size = made_ < large_max ? large_size : small_size;
        if (size == large_size) ++made_;
        return {*this, std::unique_ptr<std::byte[]>(new std::byte[size]), size};
    }

  private:
    std::vector<std::unique_ptr<std::byte[]>> free_;
    std::size_t made_ = 0;
};

}  // namespace lode::frontend::http
