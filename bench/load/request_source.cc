#include "bench/load/request_source.h"

#include <algorithm>

#include "bench/load/content.h"

namespace lode::bench {
namespace {

bool parts_are_numbered(const load_options& o) {
    return o.what == action::get && o.read == reading::parts &&
           o.popularity == popularity_law::epoch;
}

}  // namespace

request_source::request_source(const load_options& o, const data_set& data, core_share share)
    : options_(o),
      data_(data),
      popularity_({.law = o.popularity,
                   .zipf_exponent = o.zipf_exponent,
                   .count = epoch_length(o, data),
                   .seed = o.data.seed,
                   .share = share}),
      chance_(mixed(o.data.seed + 1) + share.index),
      by_part_(parts_are_numbered(o)) {}

std::uint64_t request_source::epoch_length(const load_options& o, const data_set& data) {
    return parts_are_numbered(o) ? data.objects() * data.parts_most() : data.objects();
}

planned_request request_source::next() {
    using kind = planned_request::kind;
    if (by_part_) return next_part();
    const std::uint64_t object = popularity_.next();
    const bool put = options_.what == action::put ||
                     (options_.what == action::mixed &&
                      static_cast<double>(chance_.next() >> 11U) * 0x1p-53 < options_.put_share);
    if (put || options_.read == reading::whole) {
        return {.what = put ? kind::put : kind::get,
                .object = object,
                .range = std::nullopt,
                .length = data_.size_of(object)};
    }
    const extent range = options_.read == reading::parts
                             ? data_.part_of(object, chance_.below(data_.parts_of(object)))
                             : next_range(object);
    // Nothing of an empty object can be asked for by a range.
    if (range.length == bytes(0)) return {.object = object, .range = std::nullopt, .length = {}};
    return {.object = object, .range = range, .length = range.length};
}

extent request_source::next_range(std::uint64_t object) {
    const bytes size = data_.size_of(object);
    const bytes wanted = size_drawn(options_.ranges, chance_.next());
    if (wanted >= size) return {.begin = 0, .length = size};
    return {.begin = chance_.below(size / wanted) * wanted.count(), .length = wanted};
}

// Where sizes are mixed, small objects lack the parts that large ones have.
planned_request request_source::next_part() {
    for (;;) {
        const std::uint64_t number = popularity_.next();
        const std::uint64_t object = number / data_.parts_most();
        const std::uint64_t part = number % data_.parts_most();
        if (part >= data_.parts_of(object)) continue;
        const extent range = data_.part_of(object, part);
        if (range.length == bytes(0)) return {.object = object, .range = {}, .length = {}};
        return {.object = object, .range = range, .length = range.length};
    }
}

}  // namespace lode::bench
