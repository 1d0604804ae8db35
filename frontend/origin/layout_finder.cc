#include "frontend/origin/layout_finder.h"

#include <charconv>
#include <utility>
#include <vector>

#include "engine/runtime/scheduler.h"
#include "frontend/s3/etag.h"
#include "frontend/s3/range.h"

namespace lode::frontend::origin {
namespace {

// An origin that has learnt part numbers by an upgrade is found out after this time.
constexpr duration silence_believed = std::chrono::minutes(10);

std::optional<std::uint32_t> number_in(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    std::uint32_t value = 0;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (problem != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return value;
}

}  // namespace

engine::task<part_layout> layout_finder::find(const object_name& name,
                                              const object_version& version) {
    const std::uint32_t parts = s3::part_count_of(version.etag).value_or(1);
    if (parts == 1) co_return part_layout::whole(version.size);

    const part_layout computed = part_layout::computed(version.size, parts);
    const auto first = co_await ask(name, version, 1);
    if (!first || first->parts != parts) co_return computed;
    const bytes part = first->extent.length;
    if (part == bytes(0) || part >= version.size) co_return computed;
    if (ceil_div(version.size, part) == parts) {
        const auto last = co_await ask(name, version, parts);
        if (!last) co_return computed;
        if (part * (parts - 1) + last->extent.length == version.size) {
            co_return part_layout::uniform(
                version.size, part,
                parts == 2 ? part_layout::certainty::exact : part_layout::certainty::ends);
        }
    }
    auto exact = co_await ask_all(name, version, part, parts);
    co_return exact ? *exact : computed;
}

engine::task<std::optional<part_extent>> layout_finder::locate(const object_name& name,
                                                               const object_version& version,
                                                               std::uint32_t number) {
    // Of an object that was not uploaded in parts no count is told, by which we know an answer.
    if (s3::part_count_of(version.etag).value_or(0) < number) co_return std::nullopt;
    const auto said = co_await ask(name, version, number);
    if (!said || !said->placed) co_return std::nullopt;
    co_return said->extent;
}

engine::task<std::optional<layout_finder::answered_part>> layout_finder::ask(
    const object_name& name, const object_version& version, std::uint32_t number) {
    // A part of what lies under a customer's key is not described without it.
    const bool may_ask = own_ != nullptr && name.scope.empty() && name.customer_key.empty();
    if (!may_ask || engine::now() < silent_until_) {
        co_return std::nullopt;
    }
    const std::string target = own_request(name, "partNumber=" + std::to_string(number)).target;
    const auto signing = signature_fields(*own_, link_.authority, "HEAD", target, {},
                                          engine::scheduler::current().time().wall());
    if (!signing) co_return std::nullopt;
    const auto fields = views_of(*signing);
    auto answer =
        co_await exchange::ask(link_, {.method = "HEAD", .target = target, .headers = fields});
    if (!answer) co_return std::nullopt;
    const http::response_head head = answer->head();
    const auto parts = number_in(http::find_header(head.headers, "x-amz-mp-parts-count"));
    const bool same = http::find_header(head.headers, "etag") == version.etag;
    answered_part said{.extent = {.first = object_offset(0), .length = head.content_length},
                       .placed = false,
                       .parts = parts.value_or(0)};
    const auto text = http::find_header(head.headers, "content-range");
    if (const auto range = s3::parse_content_range(text.value_or("")); range && range->range) {
        said.extent = {.first = range->range->first, .length = range->range->length()};
        said.placed = range->object_size == version.size;
    }
    answer->finish();
    if (head.status != 200 && head.status != 206) co_return std::nullopt;
    if (!parts) {
        if (same) silent_until_ = engine::now() + silence_believed;
        co_return std::nullopt;
    }
    answered_numbers_ = true;
    if (!same) co_return std::nullopt;
    co_return said;
}

engine::task<std::optional<part_layout>> layout_finder::ask_all(const object_name& name,
                                                                const object_version& version,
                                                                bytes first_length,
                                                                std::uint32_t parts) {
    if (parts > asked_max) co_return std::nullopt;
    std::vector<bytes> lengths{first_length};
    for (std::uint32_t number = 2; number <= parts; ++number) {
        const auto said = co_await ask(name, version, number);
        if (!said) co_return std::nullopt;
        lengths.push_back(said->extent.length);
    }
    auto layout = part_layout::of_lengths(lengths);
    if (!layout || layout->size() != version.size) co_return std::nullopt;
    co_return std::move(*layout);
}

}  // namespace lode::frontend::origin
