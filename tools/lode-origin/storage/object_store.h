// tools/lode-origin/storage/object_store.h
//
// Objects by bucket and key, over object_file.h. Names block, data does not.
//
//   Core    publish(), remove() and set_tags() of one key are called on one core (the key's home),
//           so that a precondition holds until the rename. Everything else on any core.
//   Errors  not_found for no such object; unavailable for no such bucket; changed when a
//           precondition does not hold; else as object_file.h says.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "tools/lode-origin/storage/layout.h"
#include "tools/lode-origin/storage/object_file.h"

namespace lode::dev_origin {

// Told the current version (null when there is none), says whether to go on.
using precondition = std::function<bool(const object_record* current)>;
[[nodiscard]] inline bool always(const object_record* /*current*/) { return true; }

class object_store {
  public:
    explicit object_store(const layout& where) : where_(where) {}

    [[nodiscard]] result<opened_object> open(std::string_view bucket, std::string_view key) const;
    [[nodiscard]] result<object_writer> begin() const;
    [[nodiscard]] result<> publish(std::string_view bucket, std::string_view key,
                                   object_writer& finished, const precondition& holds) const;
    [[nodiscard]] result<> remove(std::string_view bucket, std::string_view key,
                                  const precondition& holds) const;

    // URL-encoded, as the x-amz-tagging header has them; empty when there are none.
    [[nodiscard]] result<std::string> tags(std::string_view bucket,
                                           const object_record& object) const;
    [[nodiscard]] result<> set_tags(std::string_view bucket, const object_record& object,
                                    std::string_view tags) const;

  private:
    const layout& where_;
};

}  // namespace lode::dev_origin
