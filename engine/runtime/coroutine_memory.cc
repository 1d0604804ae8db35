#include "engine/runtime/coroutine_memory.h"

#include <array>
#include <new>

namespace lode::engine {
namespace {

constexpr std::size_t step = 64;
constexpr std::size_t largest = std::size_t{16} << 10U;

// Address sanitizer can only see a use after free when the memory really goes back.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool recycle = false;
#else
constexpr bool recycle = true;
#endif
#else
constexpr bool recycle = true;
#endif

struct free_block {
    free_block* next;
};

struct free_lists {
    std::array<free_block*, largest / step> heads{};

    free_lists() = default;
    free_lists(const free_lists&) = delete;
    free_lists& operator=(const free_lists&) = delete;
    ~free_lists() {
        for (free_block*& head : heads) {
            while (head != nullptr) {
                free_block* next = head->next;
                ::operator delete(head);
                head = next;
            }
        }
    }
};

thread_local free_lists lists;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

std::size_t class_of(std::size_t size) { return (size + step - 1) / step - 1; }

}  // namespace

void* coroutine_memory::take(std::size_t size) {
    if (!recycle || size > largest) return ::operator new(size);
    free_block*& head = lists.heads[class_of(size)];
    if (head == nullptr) return ::operator new((class_of(size) + 1) * step);
    free_block* taken = head;
    head = taken->next;
    return taken;
}

void coroutine_memory::give_back(void* memory, std::size_t size) noexcept {
    if (!recycle || size > largest) {
        ::operator delete(memory);
        return;
    }
    free_block*& head = lists.heads[class_of(size)];
    head = new (memory) free_block{head};
}

}  // namespace lode::engine
