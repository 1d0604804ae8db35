// frontend/origin/version_cache.h
//
// The object versions that this core has seen last, by name. What it says is never served without
// the gateway's word that it is still true; a wrong entry costs a round trip, not a wrong byte.
//
//   Core     One cache per core.
//   Memory   At most `memory_max` and `objects_max`; the least recently used goes first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/list.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend::origin {

class version_cache {
  public:
    static constexpr std::size_t memory_max = std::size_t{16} << 20U;

    explicit version_cache(std::size_t objects_max) : objects_max_(objects_max) {}

    // The remembered version, or null.
    [[nodiscard]] version_ptr find(const object_name& name);
    void remember(const object_name& name, version_ptr version);
    void forget(const object_name& name);

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] std::size_t memory() const { return memory_; }

  private:
    struct entry : list_hook<> {
        std::string_view name;  // the map's key
        version_ptr version;
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

    std::size_t objects_max_;
    std::size_t memory_ = 0;
    std::unordered_map<std::string, entry, hash, std::equal_to<>> entries_;
    list<entry> by_age_;  // front: least recently used
    std::string key_;     // reused
};

}  // namespace lode::frontend::origin
