#include "frontend/sealing/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "engine/base/assert.h"

namespace lode::frontend::sealing {
namespace {

// Fetched once: looking an implementation up costs more than using it.
EVP_KDF* hkdf_method() {
    static EVP_KDF* const method = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    LODE_ASSERT(method != nullptr);
    return method;
}

// OpenSSL's parameters are not const, and it does not write to these.
OSSL_PARAM octets(const char* name, const void* data, std::size_t size) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<void*>(data), size);
}

}  // namespace

void hkdf_sha256(std::span<const std::uint8_t> secret, std::string_view salt, std::string_view info,
                 std::span<std::uint8_t> out) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                               octets(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
                               octets(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
                               octets(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
                               OSSL_PARAM_construct_end()};
    if (salt.empty()) parameters[3] = OSSL_PARAM_construct_end();
    EVP_KDF_CTX* const context = EVP_KDF_CTX_new(hkdf_method());
    LODE_ASSERT(context != nullptr);
    const int derived = EVP_KDF_derive(context, out.data(), out.size(), parameters);
    EVP_KDF_CTX_free(context);
    LODE_ASSERT(derived == 1);
}

}  // namespace lode::frontend::sealing
