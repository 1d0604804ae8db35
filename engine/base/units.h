// engine/base/units.h
//
// Quantities that cannot be mixed up. `bytes` is an amount; `position<Space>` is a place in one
// particular space of bytes. Amounts add; positions do not; position minus position is an amount;
// position plus amount is a position. Nothing converts to or from a plain integer by itself.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "engine/base/assert.h"

namespace lode {

class bytes {
  public:
    constexpr bytes() = default;
    constexpr explicit bytes(std::uint64_t count) : count_(count) {}

    [[nodiscard]] constexpr std::uint64_t count() const { return count_; }

    constexpr bytes& operator+=(bytes other) { return count_ += other.count_, *this; }
    constexpr bytes& operator-=(bytes other) {
        LODE_ASSERT(count_ >= other.count_);
        return count_ -= other.count_, *this;
    }
    friend constexpr bytes operator+(bytes a, bytes b) { return bytes(a.count_ + b.count_); }
    friend constexpr bytes operator-(bytes a, bytes b) { return a -= b; }
    friend constexpr bytes operator*(bytes a, std::uint64_t n) { return bytes(a.count_ * n); }
    friend constexpr bytes operator*(std::uint64_t n, bytes a) { return bytes(a.count_ * n); }
    friend constexpr bytes operator/(bytes a, std::uint64_t n) { return bytes(a.count_ / n); }
    friend constexpr std::uint64_t operator/(bytes a, bytes b) { return a.count_ / b.count_; }
    friend constexpr bytes operator%(bytes a, bytes b) { return bytes(a.count_ % b.count_); }
    friend constexpr auto operator<=>(bytes, bytes) = default;

  private:
    std::uint64_t count_ = 0;
};

namespace literals {
constexpr bytes operator""_B(unsigned long long n) { return bytes(n); }
constexpr bytes operator""_KiB(unsigned long long n) { return bytes(n << 10); }
constexpr bytes operator""_MiB(unsigned long long n) { return bytes(n << 20); }
constexpr bytes operator""_GiB(unsigned long long n) { return bytes(n << 30); }
constexpr bytes operator""_TiB(unsigned long long n) { return bytes(n << 40); }
}  // namespace literals

// The smallest multiple of `step` that is not below `amount`.
constexpr bytes round_up(bytes amount, bytes step) {
    return bytes((amount.count() + step.count() - 1) / step.count() * step.count());
}

constexpr std::uint64_t ceil_div(bytes amount, bytes step) {
    return (amount.count() + step.count() - 1) / step.count();
}

template <class Space>
class position {
  public:
    constexpr position() = default;
    constexpr explicit position(std::uint64_t value) : value_(value) {}

    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }

    constexpr position& operator+=(bytes amount) { return value_ += amount.count(), *this; }
    friend constexpr position operator+(position p, bytes amount) { return p += amount; }
    friend constexpr bytes operator-(position a, position b) {
        LODE_ASSERT(a.value_ >= b.value_);
        return bytes(a.value_ - b.value_);
    }
    friend constexpr auto operator<=>(position, position) = default;

  private:
    std::uint64_t value_ = 0;
};

using object_offset = position<struct object_space>;  // byte of an S3 object
using part_offset = position<struct part_space>;      // byte of a part
using device_offset = position<struct device_space>;  // byte of a device, as the kernel is given it

// An identifier: compared, hashed, printed; no arithmetic.
template <class Tag, class Rep = std::uint32_t>
class id {
  public:
    constexpr id() = default;
    constexpr explicit id(Rep value) : value_(value) {}
    [[nodiscard]] constexpr Rep value() const { return value_; }
    friend constexpr auto operator<=>(id, id) = default;

  private:
    Rep value_ = 0;
};

using core_id = id<struct core_tag, std::uint16_t>;

}  // namespace lode

template <class Tag, class Rep>
struct std::hash<lode::id<Tag, Rep>> {
    std::size_t operator()(lode::id<Tag, Rep> i) const { return std::hash<Rep>()(i.value()); }
};
