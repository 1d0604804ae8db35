#include "bench/commands/interruption.h"

#include <csignal>

namespace lode::bench {
namespace {

std::atomic<bool> asked_to_end{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler sets it

void note_interruption(int /*signal*/) { asked_to_end = true; }

}  // namespace

void heed_interruptions() {
    struct sigaction once{};
    once.sa_handler = &note_interruption;
    once.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    (void)::sigaction(SIGINT, &once, nullptr);
    (void)::sigaction(SIGTERM, &once, nullptr);
}

const std::atomic<bool>& interrupted() { return asked_to_end; }

}  // namespace lode::bench
