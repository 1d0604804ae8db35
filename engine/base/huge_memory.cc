#include "engine/base/huge_memory.h"

#include <algorithm>
#include <cerrno>
#include <new>

#include <sys/mman.h>

#include "engine/base/assert.h"

namespace lode {

result<huge_memory> huge_memory::map(bytes size, bytes alignment) {
    LODE_ASSERT(size > bytes(0));
    const bool huge = size >= huge_from;
    const bytes page = huge ? huge_page : small_page;
    const bytes step = std::max(page, alignment);
    const bytes length = round_up(size, page);

    // More than is needed; what lies before the first aligned byte and behind the last goes back.
    void* mapped = mmap(nullptr, (length + step).count(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return fail_errno(errno);
    auto* const first = static_cast<std::byte*>(mapped);
    const std::uint64_t misplaced = reinterpret_cast<std::uintptr_t>(first) % step.count();
    const std::uint64_t before = misplaced == 0 ? 0 : step.count() - misplaced;
    if (before > 0) munmap(first, before);
    std::byte* const start = first + before;
    munmap(start + length.count(), step.count() - before);

    if (huge) (void)madvise(start, length.count(), MADV_HUGEPAGE);
    return huge_memory(start, length);
}

huge_memory huge_memory::map_or_throw(bytes size) {
    auto mapped = map(size);
    if (!mapped) throw std::bad_alloc();
    return std::move(*mapped);
}

huge_memory::~huge_memory() {
    if (start_ != nullptr) munmap(start_, length_.count());
}

}  // namespace lode
