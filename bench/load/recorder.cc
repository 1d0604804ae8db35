#include "bench/load/recorder.h"

#include <algorithm>

namespace lode::bench {
namespace {

constexpr std::size_t kinds_most = 32;
constexpr duration row_length = std::chrono::seconds(1);

// There is one writer, so that nothing has to be locked.
void add(std::atomic<std::uint64_t>& to, std::uint64_t count) {
    to.store(to.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
}

}  // namespace

void recorder::received(time_point when, std::uint64_t count) {
    add(live_.received, count);
    if (second* row = second_of(when)) row->received += count;
}

void recorder::sent(time_point when, std::uint64_t count) {
    add(live_.sent, count);
    if (second* row = second_of(when)) row->sent += count;
}

void recorder::ended_well(const request_times& times, std::optional<answer_word> word) {
    add(live_.requests, 1);
    second* row = second_of(times.end);
    if (row == nullptr || full()) return;
    ++row->requests;
    if (word) ++words_[static_cast<std::size_t>(*word)];
    latencies_.add({.first_byte = ticks_of(times.first_byte - times.due),
                    .whole = ticks_of(times.end - times.due)});
}

void recorder::failed(time_point when, std::string_view kind) {
    add(live_.errors, 1);
    second* row = second_of(when);
    if (row == nullptr) return;
    ++row->errors;
    count_error(kind, 1);
}

void recorder::never_begun(std::uint64_t count) {
    if (count > 0) count_error("due, never sent", count);
}

void recorder::count_error(std::string_view kind, std::uint64_t count) {
    auto found = errors_.find(kind);
    if (found == errors_.end()) {
        if (errors_.size() >= kinds_most - 1) kind = "other";
        found = errors_.try_emplace(std::string(kind), 0).first;
    }
    found->second += count;
}

// Null outside of the measured time.
recorder::second* recorder::second_of(time_point when) {
    if (when < begin_ || when >= end_) return nullptr;
    const auto index = static_cast<std::size_t>((when - begin_) / row_length);
    while (seconds_.size() <= index) {
        seconds_.push_back({.samples_begin = latencies_.size()});
    }
    return &seconds_[index];
}

void recorder::merge(std::span<const recorder* const> cores, duration measured, run_result& into) {
    std::vector<latency_ticks> first_byte;
    std::vector<latency_ticks> whole;
    word_counts words{};
    std::size_t rows = 0;
    std::size_t ended = 0;
    for (const recorder* core : cores) ended += core->latencies_.size();
    first_byte.reserve(ended);
    whole.reserve(ended);
    for (const recorder* core : cores) {
        for (std::size_t i = 0; i < core->latencies_.size(); ++i) {
            first_byte.push_back(core->latencies_.at(i).first_byte);
            whole.push_back(core->latencies_.at(i).whole);
        }
        for (const auto& [kind, count] : core->errors_) into.errors[kind] += count;
        for (std::size_t i = 0; i < words.size(); ++i) words[i] += core->words_[i];
        into.mismatches += core->mismatches_;
        rows = std::max(rows, core->seconds_.size());
    }
    // A row for every second, also for those in which nothing ended.
    if (measured > duration::zero()) {
        rows = std::max(rows, static_cast<std::size_t>((measured - duration(1)) / row_length) + 1);
    }
    into.requests = whole.size();
    into.words = named(words);
    into.first_byte = summarise(first_byte);
    into.whole = summarise(whole);

    std::vector<latency_ticks> samples;
    for (std::size_t i = 0; i < rows; ++i) {
        const duration begin = row_length * static_cast<std::int64_t>(i);
        timeline_row row{.begin = begin,
                         .length = std::clamp(measured - begin, duration::zero(), row_length)};
        samples.clear();
        for (const recorder* core : cores) {
            if (i >= core->seconds_.size()) continue;
            const second& seen = core->seconds_[i];
            row.requests += seen.requests;
            row.errors += seen.errors;
            row.received += bytes(seen.received);
            row.sent += bytes(seen.sent);
            core->gather(i, samples);
        }
        row.p50 = percentile(samples, 0.5);
        row.p99 = percentile(samples, 0.99);
        into.received += row.received;
        into.sent += row.sent;
        into.timeline.push_back(row);
    }
}

// Samples are in the order of their ends, so that a second's are one run of them.
void recorder::gather(std::size_t second, std::vector<latency_ticks>& into) const {
    const std::size_t end =
        second + 1 < seconds_.size() ? seconds_[second + 1].samples_begin : latencies_.size();
    for (std::size_t i = seconds_[second].samples_begin; i < end; ++i) {
        into.push_back(latencies_.at(i).whole);
    }
}

}  // namespace lode::bench
