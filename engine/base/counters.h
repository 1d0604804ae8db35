// engine/base/counters.h
//
// What a core counts about itself, and how a reader on another core adds it up.
//
//   Core     Each core has its own `counter`s and writes only those. The admin page reads them all.
//   Errors   None: a reader sees each value whole, perhaps a moment old.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/histogram.h"

namespace lode {

// One writer, any number of readers.
class counter {
  public:
    void add(std::uint64_t amount = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t amount = 1) { add(0 - amount); }
    void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

// Builds a page in the Prometheus text format (version 0.0.4). Samples of one family must be added
// one after the other; the family's HELP and TYPE lines come out once, before its first sample.
class metrics_page {
  public:
    enum class kind : std::uint8_t { counter, gauge };

    struct label {
        std::string_view name;
        std::string_view value;
    };

    void add(kind k, std::string_view family, std::string_view help, std::uint64_t value,
             std::initializer_list<label> labels = {});

    // Seconds, from a histogram of nanoseconds, in powers of two from 64 us to 64 s.
    void add_seconds(std::string_view family, std::string_view help, const histogram& nanoseconds,
                     std::initializer_list<label> labels = {});

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void begin_family(std::string_view family, std::string_view help, std::string_view type);

    std::string text_;
    std::string family_;
};

}  // namespace lode
