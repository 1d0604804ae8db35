// engine/runtime/coroutine_memory.h
//
// Recycled memory for coroutine frames: one free list per size class and thread, so that a warm
// data path never reaches the allocator.
//
//   Core    Thread-local. A coroutine is destroyed on the core that made it.
//   Memory  Grows to the high-water mark of live coroutines, in classes of 64 bytes; never shrinks.
//   Limits  Larger than 16 KiB goes to the allocator. (A frame that the compiler inlined its callees into
//           can have several kilobytes.)
#pragma once

#include <cstddef>

namespace lode::engine {

class coroutine_memory {
  public:
    [[nodiscard]] static void* take(std::size_t size);
    static void give_back(void* memory, std::size_t size) noexcept;
};

}  // namespace lode::engine
