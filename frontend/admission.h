// frontend/admission.h
//
// From a head to a request that is let in, or not: what it asks for, which object it names, and whether
// whoever signed it may have that. The only place where that is decided.
//
//   Core     One.
//   Secrets  A refusal tells nothing of a signature.
#pragma once

#include <optional>

#include "frontend/client.h"

namespace lode::frontend {

// Fills in `r`, whose `when` is there, or says why not. Where lode asks in its own name, the request is
// one of lode's own from here on, and what any client of the gateway could have sent.
[[nodiscard]] std::optional<access::refusal> admit(serving& here, const http::request_head& head,
                                                   request& r);

// A request that was admitted and has been read from `from` may come again: the next time it is known.
void remember(serving& here, const http::message_reader& from, const request& r);

// Takes a head that has arrived at `from`, where it was admitted before in these very bytes and would be
// again. False: it has to be read.
[[nodiscard]] bool recognise(serving& here, http::message_reader& from, request& r);

}  // namespace lode::frontend
