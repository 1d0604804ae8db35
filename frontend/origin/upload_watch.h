// frontend/origin/upload_watch.h
//
// Multipart uploads that pass through teach how their objects are cut: each part's length and MD5 is
// noted, and when the upload is completed, what was noted is kept under the ETag that S3 gives such an
// object, the MD5 of its parts' MD5s. Whoever meets a version with just that ETag knows its parts: no
// other list of parts has it. Where a store makes ETags in another way nothing matches, and the layout
// is found as for any object.
//
//   Core     One; the name's home core, so that parts that came over different connections meet.
//   Memory   At most `memory_max` for uploads under way and `memory_max` for completed ones; the oldest
//            are forgotten first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/list.h"
#include "engine/base/units.h"
#include "frontend/origin/part_layout.h"

namespace lode::frontend::origin {

class upload_watch {
  public:
    static constexpr std::size_t memory_max = std::size_t{8} << 20U;

    // `object` is the name as one string. A part that comes again replaces the former one; an ETag
    // that is no MD5 makes the upload unknowable.
    void part_arrived(std::string_view object, std::string_view upload_id, std::uint32_t number,
                      bytes length, std::string_view etag);

    // A part whose length did not pass by, such as a copied one.
    void part_unknown(std::string_view object, std::string_view upload_id);

    // The store says that the upload is complete.
    void completed(std::string_view object, std::string_view upload_id);
    void aborted(std::string_view object, std::string_view upload_id);

    // The parts of the version of `object` that has this ETag.
    [[nodiscard]] std::optional<part_layout> layout_of(std::string_view object,
                                                       std::string_view etag) const;

    [[nodiscard]] std::size_t uploads() const { return under_way_.by_key.size(); }
    [[nodiscard]] std::size_t taught() const { return taught_.by_key.size(); }

  private:
    using md5 = std::array<std::uint8_t, 16>;
    struct seen_part {
        std::uint32_t number = 0;
        bytes length;
        md5 digest{};
    };
    struct entry : list_hook<> {
        std::string_view key;          // the table's
        std::vector<seen_part> parts;  // by number; of an upload under way
        std::optional<part_layout> layout;

        [[nodiscard]] std::size_t memory() const;
    };
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const {
            return std::hash<std::string_view>()(s);
        }
    };
    struct table {
        std::unordered_map<std::string, entry, hash, std::equal_to<>> by_key;
        list<entry> by_age;  // front: oldest
        std::size_t memory = 0;

        entry& at(const std::string& key);
        void erase(entry& e);
        void account(entry& e, std::size_t before);
    };

    table under_way_;
    table taught_;
};

}  // namespace lode::frontend::origin
