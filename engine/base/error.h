// engine/base/error.h
//
// What can go wrong in the world, as a small value. An `error` says which kind of failure it was
// and, where the kernel spoke, its errno. It carries no text: whoever handles it logs the context,
// once.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace lode {

enum class errc : std::uint8_t {
    io,           // the kernel refused or failed; `sys` says why
    closed,       // the other side ended the conversation in an orderly way
    timed_out,    // a deadline passed
    cancelled,    // we gave up ourselves: shutdown, or nobody wants the answer any more
    protocol,     // the other side broke the protocol's rules
    too_large,    // a length or count exceeds its stated limit
    invalid,      // a value a person gave us cannot be meant
    not_found,    // the thing asked for does not exist here
    no_space,     // nothing is free and nothing may be evicted
    corrupt,      // stored bytes do not match their checksum
    changed,      // the object is no longer the version that was asked for
    unavailable,  // a peer, an origin or a device is out of service
    overloaded,   // a stated limit on work in flight is reached
    denied,       // the caller may not do this
};

struct error {
    errc code = errc::io;
    std::int32_t sys = 0;  // errno, or 0 when the kernel was not involved

    friend bool operator==(const error&, const error&) = default;
};

template <class T = void>
using result = std::expected<T, error>;

// `return fail(errc::protocol);` reads better than spelling std::unexpected every time.
[[nodiscard]] constexpr std::unexpected<error> fail(errc code, int sys = 0) {
    return std::unexpected(error{code, sys});
}

// A failed system call: `sys` is the positive errno.
[[nodiscard]] constexpr std::unexpected<error> fail_errno(int sys) {
    return std::unexpected(error{errc::io, sys});
}

[[nodiscard]] std::string_view name_of(errc code);

// For logs and operators: "io: No space left on device".
[[nodiscard]] std::string describe(error e);

}  // namespace lode
