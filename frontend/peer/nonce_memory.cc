#include "frontend/peer/nonce_memory.h"

namespace lode::frontend::peer {

bool nonce_memory::add(const nonce& n, time_point now) {
    while (!order_.empty() && order_.front().since + lifetime_ <= now) forget_oldest();
    if (!known_.insert(n).second) return false;
    if (order_.size() == most_) forget_oldest();
    order_.push_back({.value = n, .since = now});
    return true;
}

void nonce_memory::forget_oldest() {
    known_.erase(order_.front().value);
    order_.pop_front();
}

}  // namespace lode::frontend::peer
