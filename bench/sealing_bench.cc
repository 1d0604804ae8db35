// What a customer's key costs: reading it, and sealing and opening chunks.
#include <vector>

#include <benchmark/benchmark.h>

#include "frontend/sealing/chunk_seal.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::sealing;

namespace {

const std::vector<http::header> fields = {
    {"x-amz-server-side-encryption-customer-algorithm", "AES256"},
    {"x-amz-server-side-encryption-customer-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
    {"x-amz-server-side-encryption-customer-key-MD5", "tP/LI3N87DFaSk0aoqYgzg=="}};

content_key some_key() {
    return customer_key::from(fields)->content_key_for({.high = 1, .low = 2});
}

void seal_into(chunk_sealer& sealer, std::span<const std::byte> plain, std::span<std::byte> out) {
    sealer.begin(0, out.first<nonce_length.count()>());
    sealer.seal(plain, out.subspan(nonce_length.count(), plain.size()));
    sealer.finish(out.last<tag_length.count()>());
}

// All that a request needs before its first chunk.
void key_of_a_request(benchmark::State& state) {
    for (auto _ : state) {
        auto key = customer_key::from(fields);
        benchmark::DoNotOptimize(key->fingerprint());
        const chunk_opener opener(key->content_key_for({.high = 1, .low = 2}));
    }
}

void seal_chunk(benchmark::State& state) {
    const std::vector<std::byte> plain(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> sealed(plain.size() + seal_overhead.count());
    chunk_sealer sealer(some_key());
    for (auto _ : state) seal_into(sealer, plain, sealed);
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void open_chunk(benchmark::State& state) {
    std::vector<std::byte> plain(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> sealed(plain.size() + seal_overhead.count());
    chunk_sealer sealer(some_key());
    seal_into(sealer, plain, sealed);
    chunk_opener opener(some_key());
    for (auto _ : state) {
        const auto opened = opener.open(0, sealed, plain);
        LODE_ASSERT(opened.has_value());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

}  // namespace

BENCHMARK(key_of_a_request);
BENCHMARK(seal_chunk)->Arg(4096)->Arg(65536)->Arg(slice_size.count());
BENCHMARK(open_chunk)->Arg(4096)->Arg(65536)->Arg(slice_size.count());

BENCHMARK_MAIN();
