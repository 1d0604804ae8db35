// engine/store/chunk_verifier.h
//
// Reads chunks back from a device outside of a running store and compares them with their checksums.
// Small chunks that lie near each other come in one read.
//
//   Core    Any thread, offline; blocks.
//   Memory  One buffer of 1 MiB.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "engine/base/aligned_memory.h"
#include "engine/store/device_backing.h"
#include "engine/store/format.h"

namespace lode::engine {

struct described_chunk {
    format::slab_header slab;
    std::uint32_t slot = 0;
    format::descriptor is;
};

enum class chunk_state : std::uint8_t { whole, damaged, unread };

class chunk_verifier {
  public:
    chunk_verifier(device_backing& device, const format::superblock& of)
        : device_(device), cut_(of.cut), memory_(chunk_size) {}

    using report = std::function<void(const described_chunk&, chunk_state)>;

    // Of one slab, in the order of its slots.
    void verify(std::span<const described_chunk> chunks, const report& each);
    [[nodiscard]] chunk_state verify(const described_chunk& chunk);

  private:
    void verify_run(std::span<const described_chunk> run, const report& each);
    [[nodiscard]] device_offset begin_of(const described_chunk& chunk) const;

    device_backing& device_;
    const format::geometry cut_;
    aligned_memory memory_;
};

}  // namespace lode::engine
