#include "frontend/s3/http_date.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/base/assert.h"

namespace lode::frontend::s3 {
namespace {

constexpr std::array<std::string_view, 7> day_names = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t short_name = 3;

struct fields {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
};

// Reads a date from left to right; after the first mismatch it stays failed.
class scanner {
  public:
    explicit scanner(std::string_view text) : rest_(text) {}

    scanner& expect(std::string_view literal) {
        if (!rest_.starts_with(literal)) return fail();
        rest_.remove_prefix(literal.size());
        return *this;
    }

    template <class Int>
    scanner& number(std::size_t digits, Int& out) {
        if (rest_.size() < digits) return fail();
        out = 0;
        for (const char c : rest_.substr(0, digits)) {
            if (c < '0' || c > '9') return fail();
            out = static_cast<Int>(out * 10 + static_cast<Int>(c - '0'));
        }
        rest_.remove_prefix(digits);
        return *this;
    }

    // asctime pads the day with a space.
    scanner& padded_day(unsigned& out) {
        if (!rest_.starts_with(' ')) return number(2, out);
        rest_.remove_prefix(1);
        return number(1, out);
    }

    scanner& month(unsigned& out) {
        const auto* found = std::ranges::find(month_names, rest_.substr(0, short_name));
        if (found == month_names.end()) return fail();
        out = static_cast<unsigned>(found - month_names.begin()) + 1;
        rest_.remove_prefix(short_name);
        return *this;
    }

    scanner& short_day() {
        const auto named = [&](std::string_view day) {
            return rest_.starts_with(day.substr(0, short_name));
        };
        if (std::ranges::none_of(day_names, named)) return fail();
        rest_.remove_prefix(short_name);
        return *this;
    }

    scanner& long_day() {
        const auto* found = std::ranges::find_if(
            day_names, [&](std::string_view day) { return rest_.starts_with(day); });
        if (found == day_names.end()) return fail();
        rest_.remove_prefix(found->size());
        return *this;
    }

    scanner& time(fields& f) {
        return number(2, f.hour).expect(":").number(2, f.minute).expect(":").number(2, f.second);
    }

    [[nodiscard]] bool finished() const { return !failed_ && rest_.empty(); }

  private:
    // With nothing left to read, everything that follows fails as well.
    scanner& fail() {
        failed_ = true;
        rest_ = {};
        return *this;
    }

    std::string_view rest_;
    bool failed_ = false;
};

std::optional<http_seconds> to_seconds(const fields& f) {
    using namespace std::chrono;
    const year_month_day date{year(f.year), month(f.month), day(f.day)};
    // A leap second is written as :60; it is the same as the next second.
    if (!date.ok() || f.year < 1 || f.hour > 23 || f.minute > 59 || f.second > 60) {
        return std::nullopt;
    }
    const http_seconds when =
        sys_days(date) + hours(f.hour) + minutes(f.minute) + seconds(f.second);
    // The last leap second that can be written would already be in the year 10000.
    if (when >= sys_days(year(10'000) / January / 1)) return std::nullopt;
    return when;
}

void put_digits(char* at, unsigned value, std::size_t count) {
    for (std::size_t i = count; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string_view format_http_date(http_seconds when, std::array<char, http_date_length>& buffer) {
    using namespace std::chrono;
    const auto day = floor<days>(when);
    const year_month_day date{day};
    const hh_mm_ss time{when - day};
    const int year = static_cast<int>(date.year());
    LODE_ASSERT(year >= 1 && year <= 9999);

    constexpr std::string_view pattern = "www, dd mmm yyyy hh:mm:ss GMT";
    static_assert(pattern.size() == http_date_length);
    char* out = std::ranges::copy(pattern, buffer.begin()).out - http_date_length;
    const auto name = day_names[weekday(day).c_encoding()];
    std::ranges::copy(name.substr(0, short_name), out);
    put_digits(out + 5, static_cast<unsigned>(date.day()), 2);
    std::ranges::copy(month_names[static_cast<unsigned>(date.month()) - 1], out + 8);
    put_digits(out + 12, static_cast<unsigned>(year), 4);
    put_digits(out + 17, static_cast<unsigned>(time.hours().count()), 2);
    put_digits(out + 20, static_cast<unsigned>(time.minutes().count()), 2);
    put_digits(out + 23, static_cast<unsigned>(time.seconds().count()), 2);
    return {buffer.data(), buffer.size()};
}

std::string format_http_date(http_seconds when) {
    std::array<char, http_date_length> buffer{};
    return std::string(format_http_date(when, buffer));
}

std::optional<http_seconds> parse_http_date(std::string_view text) {
    fields f;
    scanner imf_fixdate(text);
    imf_fixdate.short_day().expect(", ").number(2, f.day).expect(" ").month(f.month).expect(" ");
    imf_fixdate.number(4, f.year).expect(" ").time(f).expect(" GMT");
    if (imf_fixdate.finished()) return to_seconds(f);

    scanner rfc850(text);
    rfc850.long_day().expect(", ").number(2, f.day).expect("-").month(f.month).expect("-");
    rfc850.number(2, f.year).expect(" ").time(f).expect(" GMT");
    if (rfc850.finished()) {
        f.year += f.year < 70 ? 2000 : 1900;
        return to_seconds(f);
    }

    scanner asctime(text);
    asctime.short_day().expect(" ").month(f.month).expect(" ").padded_day(f.day).expect(" ");
    asctime.time(f).expect(" ").number(4, f.year);
    if (asctime.finished()) return to_seconds(f);
    return std::nullopt;
}

}  // namespace lode::frontend::s3
