#include "engine/base/huge_memory.h"

#include <cstdint>
#include <new>

#include <sys/mman.h>

#include "engine/base/assert.h"

namespace lode {
namespace {

constexpr bytes small_page{4096};

std::byte* map(bytes length) {
    void* mapped = mmap(nullptr, length.count(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    return static_cast<std::byte*>(mapped);
}

// Maps one huge page too many and gives back what lies before the first and behind the last.
std::byte* map_in_huge_pages(bytes length) {
    constexpr std::uint64_t page = huge_memory::huge_page.count();
    std::byte* const mapped = map(length + huge_memory::huge_page);
    const std::uint64_t before = (page - reinterpret_cast<std::uintptr_t>(mapped) % page) % page;
    if (before > 0) munmap(mapped, before);
    std::byte* const start = mapped + before;
    munmap(start + length.count(), page - before);
    (void)madvise(start, length.count(), MADV_HUGEPAGE);
    return start;
}

}  // namespace

huge_memory::huge_memory(bytes size) {
    LODE_ASSERT(size > bytes(0));
    const bool huge = size >= huge_from;
    length_ = round_up(size, huge ? huge_page : small_page);
    start_ = huge ? map_in_huge_pages(length_) : map(length_);
}

huge_memory::~huge_memory() {
    if (start_ != nullptr) munmap(start_, length_.count());
}

}  // namespace lode
