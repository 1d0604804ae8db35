// bench/commands/interruption.h
//
// Ctrl-C and SIGTERM end a run early and keep what it has measured; a second one ends the program.
#pragma once

#include <atomic>

namespace lode::bench {

void heed_interruptions();

[[nodiscard]] const std::atomic<bool>& interrupted();

}  // namespace lode::bench
