#include "frontend/s3/query.h"

#include <algorithm>
#include <array>

#include "frontend/s3/percent.h"

namespace lode::frontend::s3 {
namespace {

// Parameter names that S3 knows are short; a longer one cannot be any of them.
constexpr std::size_t name_length_max = 128;

}  // namespace

void query::iterator::advance() {
    std::string_view pair;
    while (pair.empty()) {
        if (rest_.empty()) {
            at_end_ = true;
            return;
        }
        const auto end = std::min(rest_.find('&'), rest_.size());
        pair = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
    }

    const auto equals = pair.find('=');
    current_.has_value = equals != std::string_view::npos;
    current_.name = pair.substr(0, equals);
    current_.value = current_.has_value ? pair.substr(equals + 1) : std::string_view();
}

result<std::optional<std::string>> find_parameter(std::string_view raw_query,
                                                  std::string_view name) {
    for (const query_parameter& parameter : query(raw_query)) {
        std::array<char, name_length_max> buffer;
        const auto decoded = percent_decode(parameter.name, plus_sign::space, buffer);
        if (!decoded || *decoded != name) continue;

        std::string value;
        const auto valid = percent_decode(parameter.value, plus_sign::space, value);
        if (!valid) return std::unexpected(valid.error());
        return value;
    }
    return std::nullopt;
}

split_target split(std::string_view target) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) return {.path = target, .query = {}};
    return {.path = target.substr(0, mark), .query = target.substr(mark + 1)};
}

}  // namespace lode::frontend::s3
