#include "frontend/sealing/plaintext_buffers.h"

#include <openssl/crypto.h>

namespace lode::frontend::sealing {

void plaintext_buffers::take_back(std::unique_ptr<std::byte[]> memory, std::size_t size) {
    LODE_ASSERT(taken_ >= size);
    OPENSSL_cleanse(memory.get(), size);
    taken_ -= size;
    if (size == slice_size.count() && kept_.size() < kept_max) kept_.push_back(std::move(memory));
}

}  // namespace lode::frontend::sealing
