#include "frontend/origin/shared_validation.h"

#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"

namespace lode::frontend::origin {

engine::task<shared_validation::turn> shared_validation::enter(std::string object) {
    const auto [place, is_new] = asking_.try_emplace(object);
    if (is_new) co_return turn{.what = turn::kind::ask_for_all};
    if (place->second.next == nullptr) place->second.next = std::make_shared<group>();
    const std::shared_ptr<group> mine = place->second.next;
    // Released with success: it is our turn to ask. With `cancelled`: it has been answered.
    auto released = co_await mine->line.wait(engine::now() + patience_);
    if (released) co_return turn{.what = turn::kind::ask_for_all};
    if (released.error().code == errc::cancelled && mine->version != nullptr) {
        co_return turn{.what = turn::kind::told, .version = mine->version, .asked = mine->asked};
    }
    co_return turn{};
}

void shared_validation::answered(const std::string& object, version_ptr version, time_point asked) {
    const auto found = asking_.find(object);
    LODE_ASSERT(found != asking_.end());
    entry& e = found->second;
    if (e.present != nullptr) {
        e.present->version = std::move(version);
        e.present->asked = asked;
        e.present->line.notify_all(fail(errc::cancelled));
    }
    e.present = std::exchange(e.next, nullptr);
    // Everybody may have lost patience meanwhile.
    if (e.present == nullptr || !e.present->line.notify_one()) asking_.erase(found);
}

}  // namespace lode::frontend::origin
