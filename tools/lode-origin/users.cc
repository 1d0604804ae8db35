#include "tools/lode-origin/users.h"

#include <algorithm>
#include <array>

#include "tools/lode-origin/storage/key_path.h"

namespace lode::dev_origin {
namespace {

result<std::vector<right>> parse_rights(std::string_view text);
result<right> parse_right(std::string_view text);

bool covers(right::extent grants, action what) {
    switch (what) {
        case action::read: return grants != right::extent::write;
        case action::write: return grants != right::extent::read;
        case action::administer: return grants == right::extent::full;
    }
    return false;
}

}  // namespace

bool user::may(action what, std::string_view bucket, std::string_view key) const {
    return std::ranges::any_of(rights, [&](const right& r) {
        return covers(r.grants, what) && (r.bucket.empty() || r.bucket == bucket) &&
               key.starts_with(r.prefix);
    });
}

bool user::sees(std::string_view bucket) const {
    return std::ranges::any_of(
        rights, [&](const right& r) { return r.bucket.empty() || r.bucket == bucket; });
}

result<user> parse_user(std::string_view text) {
    std::array<std::string_view, 4> fields;
    for (std::size_t i = 0; i < 3; ++i) {
        const auto cut = text.find(':');
        if (cut == std::string_view::npos) return fail(errc::invalid);
        fields[i] = text.substr(0, cut);
        text.remove_prefix(cut + 1);
    }
    fields[3] = text;
    if (std::ranges::any_of(fields, &std::string_view::empty)) return fail(errc::invalid);
    auto rights = parse_rights(fields[3]);
    if (!rights) return std::unexpected(rights.error());
    return user{.name = std::string(fields[0]),
                .access_key = std::string(fields[1]),
                .secret_key = std::string(fields[2]),
                .rights = std::move(*rights)};
}

result<> user_table::add(user u) {
    if (find(u.access_key) != nullptr) return fail(errc::invalid);
    users_.push_back(std::move(u));
    return {};
}

const user* user_table::find(std::string_view access_key) const {
    const auto found = std::ranges::find(users_, access_key, &user::access_key);
    return found == users_.end() ? nullptr : &*found;
}

std::optional<std::string_view> user_table::secret_of(std::string_view access_key) const {
    const user* found = find(access_key);
    if (found == nullptr) return std::nullopt;
    return found->secret_key;
}

namespace {

result<std::vector<right>> parse_rights(std::string_view text) {
    std::vector<right> rights;
    if (text == "none") return rights;
    for (;;) {
        const auto cut = text.find(',');
        auto one = parse_right(text.substr(0, cut));
        if (!one) return std::unexpected(one.error());
        rights.push_back(std::move(*one));
        if (cut == std::string_view::npos) return rights;
        text.remove_prefix(cut + 1);
    }
}

result<right> parse_right(std::string_view text) {
    const auto at = text.find('@');
    const std::string_view word = text.substr(0, at);
    right r;
    if (word == "read") {
        r.grants = right::extent::read;
    } else if (word == "write") {
        r.grants = right::extent::write;
    } else if (word != "full") {
        return fail(errc::invalid);
    }
    if (at == std::string_view::npos) return r;
    const std::string_view place = text.substr(at + 1);
    const auto slash = place.find('/');
    r.bucket = place.substr(0, slash);
    if (slash != std::string_view::npos) r.prefix = place.substr(slash + 1);
    if (!is_bucket_name(r.bucket)) return fail(errc::invalid);
    return r;
}

}  // namespace
}  // namespace lode::dev_origin
