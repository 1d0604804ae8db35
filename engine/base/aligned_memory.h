// engine/base/aligned_memory.h
//
// Memory for transfers that bypass the page cache: aligned to 4 KiB, zeroed, and freed with its
// owner. For start-up and background work; what the data path needs comes from the frame pool.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "engine/base/assert.h"
#include "engine/base/units.h"

namespace lode {

class aligned_memory {
  public:
    static constexpr bytes alignment{4096};

    // `size` is a multiple of the alignment.
    explicit aligned_memory(bytes size)
        : data_(static_cast<std::byte*>(std::aligned_alloc(alignment.count(), size.count()))),
          size_(size) {
        LODE_ASSERT(data_ != nullptr && size.count() % alignment.count() == 0);
        std::memset(data_.get(), 0, size.count());
    }

    [[nodiscard]] std::span<std::byte> span() const { return {data_.get(), size_.count()}; }

  private:
    struct freer {
        void operator()(std::byte* memory) const { std::free(memory); }
    };

    std::unique_ptr<std::byte, freer> data_;
    bytes size_;
};

}  // namespace lode
