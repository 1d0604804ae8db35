// engine/base/assert.h
//
// LODE_ASSERT checks a fact that only our own code can break. It is on in every build: a cache that
// goes on after a broken invariant may serve a wrong byte, and a crash is the cheaper failure.
// Data from a disk, the network or a user is never asserted; it is refused with a result.
#pragma once

namespace lode {

// Prints the condition with its place and a backtrace-friendly abort. Never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace lode

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): only a macro knows the text and the line.
#define LODE_ASSERT(condition)                         \
    (__builtin_expect(static_cast<bool>(condition), 1) \
         ? static_cast<void>(0)                        \
         : ::lode::assertion_failed(#condition, __FILE__, __LINE__))
