// frontend/origin/resolving_dialer.h
//
// A dialer whose host may be a name that is looked up when it is first needed, and again when its
// addresses no longer answer. The look-up blocks, so it happens on a thread of its own; addresses need
// none.
//
//   Core     One. The thread touches nothing but the look-up itself.
//   Errors   unavailable: the name has no address, or no connection could be made. timed_out: the name
//            was not looked up in time; the thread ends by itself, later. overloaded: too many look-ups.
//   Limits   8 look-ups at the same time in the whole process.
#pragma once

#include <memory>

#include "engine/runtime/tls.h"
#include "engine/runtime/wait_list.h"
#include "frontend/http/dialer.h"

namespace lode::frontend::origin {

class resolving_dialer final : public http::dialer {
  public:
    // `tls` is needed for https and must outlive the dialer.
    resolving_dialer(http::endpoint to, const engine::tls_context* tls);

    engine::task<result<http::dialed>> dial(time_point until) override;

    // How old addresses must be before a failure is a reason to look the name up again.
    static constexpr duration look_again_after = std::chrono::seconds(10);

  private:
    engine::task<result<>> find_addresses(time_point until);

    http::endpoint to_;
    const engine::tls_context* tls_;
    // Shared with those who dial while it is replaced.
    std::shared_ptr<http::network_dialer> known_;
    time_point known_since_{};
    bool is_address_ = false;
    bool looking_ = false;
    engine::wait_list looked_;
};

}  // namespace lode::frontend::origin
