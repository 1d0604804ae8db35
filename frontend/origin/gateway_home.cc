// What a gateway asks an object's home node before it asks the origin, and what it says as one.
#include <algorithm>
#include <utility>

#include "engine/runtime/remote.h"
#include "frontend/origin/gateway.h"
#include "frontend/s3/etag.h"

namespace lode::frontend::origin {
namespace {

// As many parts as the ETag counts; a guess is what everybody guesses.
bool fits(const part_layout& layout, const object_version& version) {
    const std::uint32_t parts = s3::part_count_of(version.etag).value_or(1);
    if (layout.known() == part_layout::certainty::computed) {
        return layout == part_layout::computed(version.size, parts);
    }
    return layout.size() == version.size && layout.parts() == parts;
}

}  // namespace

engine::task<std::optional<part_layout>> gateway::told_layout(const object_name& name,
                                                              const object_version& version) {
    if (!may_be_told(name)) co_return std::nullopt;
    auto layout = co_await home_node_.layout(name, version);
    if (!layout || !fits(*layout, version)) co_return std::nullopt;
    stats_.layouts_told.add();
    co_return layout;
}

engine::task<std::optional<told_version>> gateway::told(const object_name& name,
                                                        version_wish wish) {
    const time_point asked = engine::now();
    auto word = co_await home_node_.version(name, wish);
    if (!word || word->age > wish.age) co_return std::nullopt;
    stats_.versions_told.add();
    word->version = co_await with_what_is_known(name, std::move(word->version));
    co_await remember(name, word->version, asked - word->age);
    co_return word;
}

engine::task<std::optional<verdict>> gateway::told_current(const inquiry& i) {
    if (!may_be_told(i.name) || i.what.no_cache) co_return std::nullopt;
    const duration stale = max_stale_of(i);
    // Where each request asks the origin and the version is known, a way past the home is a detour.
    if (stale == duration::zero() && (co_await find(i.name)).version != nullptr) {
        co_return std::nullopt;
    }
    const time_point asked = engine::now();
    const duration age = std::min(stale, asked - versions_.written_last(i.name));
    auto word = co_await told(i.name, {.age = age});
    if (!word) co_return std::nullopt;
    co_return verdict{.version = std::move(word->version), .asked = asked - word->age};
}

engine::task<version_ptr> gateway::told_guess(const object_name& name, bool checksums) {
    if (!may_be_told(name)) co_return nullptr;
    auto word = co_await told(name, {.age = any_age, .checksums = checksums});
    co_return word ? std::move(word->version) : nullptr;
}

engine::task<std::optional<part_layout>> gateway::layout_of(const object_name& name,
                                                            const object_version& version) {
    const version_ptr known = (co_await find(name)).version;
    if (known != nullptr && known->laid_out && known->identity == version.identity) {
        co_return known->layout;
    }
    if (auto layout = co_await taught(name, version)) co_return layout;
    if (!may_ask_for_others(name)) co_return std::nullopt;
    co_return co_await found_out(name, version);
}

engine::task<std::optional<told_version>> gateway::version_of(const object_name& name,
                                                              version_wish wish) {
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    co_return co_await engine::on_core(home, [&] { return there->look_up(name, wish); });
}

engine::task<std::optional<told_version>> gateway::look_up(const object_name& name,
                                                           version_wish wish) {
    const time_point came = engine::now();
    const version_cache::known known = versions_.find(name);
    const bool enough =
        known.version != nullptr && (!wish.checksums || known.version->checksums.has_value());
    if (enough && !known.doubted && came - known.confirmed <= wish.age) {
        co_return told_version{.version = known.version,
                               .age = std::max(came - known.confirmed, duration::zero())};
    }
    if (!may_ask_for_others(name)) co_return std::nullopt;
    const std::string object = name.text();
    auto turn = co_await validations_.enter(object);
    const bool told = turn.what == shared_validation::turn::kind::told;
    const duration age = std::max(came - turn.asked, duration::zero());
    if (told && age <= wish.age && (!wish.checksums || turn.version->checksums)) {
        stats_.shared.add();
        co_return told_version{.version = std::move(turn.version), .age = age};
    }
    const time_point asked = engine::now();
    version_ptr current = co_await confirmed(name, enough ? known.version : nullptr);
    if (turn.what == shared_validation::turn::kind::ask_for_all) {
        validations_.answered(object, current, asked);
    }
    if (current == nullptr) co_return std::nullopt;
    co_return told_version{.version = std::move(current)};
}

// By lode's own right: whether what is known is current still, or what is.
engine::task<version_ptr> gateway::confirmed(const object_name& name, version_ptr known) {
    if (known != nullptr) {
        const time_point asked = engine::now();
        const auto same = co_await untouched(name, *known, {});
        if (!same) co_return nullptr;
        if (*same) {
            stats_.revalidated.add();
            co_await remember(name, known, asked);
            co_return known;
        }
    }
    version_ptr current = co_await describe(name, {}, teller::origin);
    if (current == nullptr) co_await forget(name);
    co_return current;
}

}  // namespace lode::frontend::origin
