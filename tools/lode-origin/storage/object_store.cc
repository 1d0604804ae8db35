#include "tools/lode-origin/storage/object_store.h"

#include <cerrno>

#include <unistd.h>

#include "tools/lode-origin/storage/key_path.h"

namespace lode::dev_origin {
namespace {

// Somebody else may prune a folder between our making it and our renaming into it.
constexpr int folder_attempts = 16;
constexpr std::size_t tags_length_max = std::size_t{64} << 10U;

// A key that wants to be below a file name of ours cannot exist; see key_path.h.
result<> check_precondition(const std::string& path, const precondition& holds) {
    auto current = open_object(path);
    if (!current && current.error().code != errc::not_found) {
        return std::unexpected(current.error());
    }
    if (!holds(current ? &current->record : nullptr)) return fail(errc::changed);
    return {};
}

}  // namespace

result<opened_object> object_store::open(std::string_view bucket, std::string_view key) const {
    return open_object(where_.objects(bucket) + "/" + path_of_key(key));
}

result<object_writer> object_store::begin() const {
    return object_writer::create(where_.temporary());
}

result<> object_store::publish(std::string_view bucket, std::string_view key,
                               object_writer& finished, const precondition& holds) const {
    const std::string base = where_.objects(bucket);
    const std::string relative = path_of_key(key);
    const std::string path = base + "/" + relative;
    if (auto held = check_precondition(path, holds); !held) return held;

    for (int attempt = 0; attempt < folder_attempts; ++attempt) {
        auto published = finished.publish(path);
        if (published) {
            (void)::unlink((base + "/" + tags_path_of_key(key)).c_str());
            return {};
        }
        if (published.error().code != errc::not_found) return published;
        if (!exists(base)) return fail(errc::unavailable);
        auto made = make_folders(base, relative);
        if (!made && made.error().code != errc::not_found) return made;
    }
    return fail(errc::overloaded);
}

result<> object_store::remove(std::string_view bucket, std::string_view key,
                              const precondition& holds) const {
    const std::string base = where_.objects(bucket);
    const std::string relative = path_of_key(key);
    const std::string path = base + "/" + relative;
    if (!exists(base)) return fail(errc::unavailable);
    if (auto held = check_precondition(path, holds); !held) return held;
    if (::unlink(path.c_str()) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? fail(errc::not_found) : fail_errno(errno);
    }
    (void)::unlink((base + "/" + tags_path_of_key(key)).c_str());
    prune_folders(base, relative);
    return {};
}

result<std::string> object_store::tags(std::string_view bucket, const object_record& object) const {
    auto text = read_small_file(where_.objects(bucket) + "/" + tags_path_of_key(object.key),
                                tags_length_max);
    if (!text && text.error().code == errc::not_found) {
        return std::string(header_of(object, "x-amz-tagging"));
    }
    if (!text) return text;
    // Tags of a version that has been overwritten since are nobody's.
    const auto line = text->find('\n');
    if (line == std::string::npos || text->substr(0, line) != object.incarnation) {
        return std::string(header_of(object, "x-amz-tagging"));
    }
    return text->substr(line + 1);
}

result<> object_store::set_tags(std::string_view bucket, const object_record& object,
                                std::string_view tags) const {
    if (tags.size() > tags_length_max / 2) return fail(errc::too_large);
    const std::string text = object.incarnation + "\n" + std::string(tags);
    return write_small_file(where_.objects(bucket) + "/" + tags_path_of_key(object.key),
                            where_.temporary(), text);
}

}  // namespace lode::dev_origin
