#include "frontend/origin/layout_memory.h"

#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"

namespace lode::frontend::origin {

engine::task<layout_memory::turn> layout_memory::enter(hash128 content) {
    if (const auto known = entries_.find(content); known != entries_.end()) {
        by_age_.move_to_back(known->second);
        co_return turn{.known = known->second.layout};
    }
    const auto [place, is_new] = asking_.try_emplace(content);
    if (is_new) {
        place->second = std::make_shared<group>();
        co_return turn{.known = std::nullopt, .first = true};
    }
    const std::shared_ptr<group> mine = place->second;
    (void)co_await mine->line.wait(engine::now() + patience_);
    co_return turn{.known = mine->layout};
}

void layout_memory::found(const hash128& content, const part_layout& layout) {
    const auto asked = asking_.find(content);
    LODE_ASSERT(asked != asking_.end());
    const std::shared_ptr<group> all = std::move(asked->second);
    asking_.erase(asked);
    if (layout.known() != part_layout::certainty::computed) remember(content, layout);
    all->layout = layout;
    all->line.notify_all();
}

std::size_t layout_memory::cost_of(const entry& e) { return 2 * sizeof e + e.layout.memory(); }

void layout_memory::remember(const hash128& content, const part_layout& layout) {
    const auto [place, is_new] = entries_.try_emplace(content);
    LODE_ASSERT(is_new);
    entry& e = place->second;
    e.content = content;
    e.layout = layout;
    by_age_.push_back(e);
    memory_ += cost_of(e);
    while (memory_ > memory_max) {
        const entry& oldest = by_age_.front();
        memory_ -= cost_of(oldest);
        entries_.erase(hash128(oldest.content));
    }
}

}  // namespace lode::frontend::origin
