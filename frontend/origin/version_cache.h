// frontend/origin/version_cache.h
//
// The object versions that this core has seen last, by name. What it says is never served without
// the gateway's word that it is still true, or of a time that the operator finds recent enough; a wrong
// entry costs a round trip, not a wrong byte.
//
// A write leaves a mark in the place of the version, so that an answer to a question that was sent
// before it, and arrives after it, is not remembered. What turned out not to be current leaves one, too.
//
//   Core     One cache per core.
//   Memory   At most `memory_max` and `objects_max`; the least recently used goes first.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/clock.h"
#include "engine/base/list.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend::origin {

class version_cache {
  public:
    static constexpr std::size_t memory_max = std::size_t{16} << 20U;

    // `begun`: of what was written before, nothing is known.
    explicit version_cache(std::size_t objects_max, time_point begun = {})
        : objects_max_(objects_max), lost_(begun) {}

    struct known {
        version_ptr version;     // or null
        time_point confirmed{};  // when the question was sent that the origin answered with it
        bool doubted = false;    // a write since then may have been of this object
    };
    [[nodiscard]] known find(const object_name& name);

    // `asked`: when the question was sent. Ignored where a write came later, or a younger answer.
    void remember(const object_name& name, version_ptr version, time_point asked);
    // It is not current any more, as was seen at this time. Does nothing where it is not known.
    void forget(const object_name& name, time_point when);

    // A write of the object ended at this time: forgets, and keeps what was asked before from coming
    // back.
    void written(const object_name& name, time_point when);

    // The same of objects that nobody knows: what was confirmed before is doubted from now on.
    void something_written(time_point when);

    // The object was not written after this, as far as is known here: a word of the origin that is younger misses
    // no write that passed by.
    [[nodiscard]] time_point written_last(const object_name& name);

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] std::size_t memory() const { return memory_; }

  private:
    struct entry : list_hook<> {
        std::string_view name;  // the map's key
        version_ptr version;    // null: written lately
        time_point when{};      // confirmed or written
    };
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const {
            return std::hash<std::string_view>()(s);
        }
    };

    [[nodiscard]] static std::size_t cost_of(const entry& e);
    std::string_view key_of(const object_name& name);
    void erase(entry& e);
    void put(const object_name& name, version_ptr version, time_point when);

    std::size_t objects_max_;
    std::size_t memory_ = 0;
    std::optional<time_point> something_written_;
    time_point lost_;  // the youngest that had to go
    std::unordered_map<std::string, entry, hash, std::equal_to<>> entries_;
    list<entry> by_age_;  // front: least recently used
    std::string key_;     // reused
};

}  // namespace lode::frontend::origin
